"""The processes that scripts/up --scale left running: ended in a bad way, and started again."""

import datetime
import os
import re
import signal
import subprocess
from pathlib import Path

from clients import wait_until


class Topology:
    """What runs, by the names that it has in the folder `run`."""

    def __init__(self, run):
        self.run, self.children = Path(run), {}
        # When imagestores were killed.
        self.kills = []
        balancer = (self.run / "nginx.conf").read_text()
        self.store, self.compress = (f"http://{address}" for address in re.findall(r"listen (127\.0\.0\.1:\d+);", balancer))
        upstream = re.search(r"upstream stores \{.*?\}", balancer, re.DOTALL)[0]
        self.stores = [f"http://{address}" for address in re.findall(r"127\.0\.0\.1:\d+", upstream)]

    def processes(self, name):
        """The one of that name, and those that it started."""
        parent = int((self.run / f"{name}.pid").read_text())
        try:
            return [parent, *map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())]
        except FileNotFoundError:
            return [parent]

    def send(self, name, number):
        for process in self.processes(name):
            try:
                os.kill(process, number)
            except ProcessLookupError:
                pass

    def kill(self, name):
        """As when its machine dies."""
        if name.startswith("imagestore"):
            self.kills.append(datetime.datetime.now(datetime.UTC))
        self.end(name, signal.SIGKILL)

    def end(self, name, number=signal.SIGTERM):
        processes = self.processes(name)
        self.send(name, number)
        wait_until(f"the end of {name}", lambda: not any(self.lives(process) for process in processes))

    def lives(self, process):
        child = self.children.get(process)
        if child and child.poll() is not None:
            return False
        try:
            return not re.search(r"^State:\s*Z", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
        except (FileNotFoundError, ProcessLookupError):
            return False

    def start(self, name, **settings):
        """Starts it as it was started, but for these settings."""
        changed = [f"{variable}={value}" for variable, value in settings.items()]
        with open(self.run / f"{name}.log", "ab") as log:
            child = subprocess.Popen(
                ["bash", self.run / f"{name}.start", *changed],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )
        self.children[child.pid] = child
        (self.run / f"{name}.pid").write_text(f"{child.pid}\n")

    def restart(self, name, **settings):
        self.end(name)
        self.start(name, **settings)
