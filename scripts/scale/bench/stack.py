"""The servers that are measured, as scripts/up --scale starts them, and what each has used of the processors."""

import contextlib
import os
import re
import socket
import subprocess
from pathlib import Path

PARTS = ("imagestore", "imagecompress", "postgres", "garage", "nginx", "mosquitto")
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Stack:
    """Several of each service over one PostgreSQL and one bucket."""

    def __init__(self, project, data):
        self.project, self.data, self.run = project, data, data / "run"
        self.port, self.compress_port, self.grpc_port = free_port(), free_port(), free_port()
        self.store = f"http://127.0.0.1:{self.port}"
        self.queries = None

    def start(self, stores, compressors, **settings):
        """Starts so many; `settings` are variables of the environment."""
        command = [self.project / "scripts/up", "--scale", "--detach", "--counted", "--without-kafka", "--data", self.data]
        command += ["--port", self.port, "--compress-port", self.compress_port, "--grpc-port", self.grpc_port]
        command += ["--stores", stores, "--compressors", compressors]
        environment = os.environ | {name: str(value) for name, value in settings.items()}
        subprocess.run([str(word) for word in command], env=environment, check=True, stdout=subprocess.DEVNULL)
        values = dict(re.findall(r"^(\w+)='?(.*?)'?$", (self.run / "imagestore.env").read_text(), re.MULTILINE))
        self.environment = os.environ | values
        self.catalog = values["IMAGESTORE__CATALOG__URL"]
        self.ports = {
            "postgres": int(re.search(r":(\d+)/", self.catalog)[1]),
            "garage": int(re.search(r"127\.0\.0\.1:(\d+)", values["IMAGESTORE__BLOBS__URL"])[1]),
            "mosquitto": int(values["IMAGESTORE__EVENTS__MQTT__URL"].rsplit(":", 1)[1]),
        }
        self.queries = Queries(self.catalog)
        self.queries.all("SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS pg_stat_statements")

    def stop(self):
        if self.queries:
            self.queries.close()
            self.queries = None
            command = [self.project / "scripts/up", "--scale", "--stop", "--data", self.data]
            subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)

    def cpu(self):
        """Seconds of each part since it was started, of user and system, with processes that have ended."""
        children = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and (told := times_of(entry.name)):
                children.setdefault(told[0], []).append((int(entry.name), told[1]))
        used = dict.fromkeys(PARTS, 0.0)
        for file in self.run.glob("*.pid"):
            part = file.stem.split("-")[0]
            if part in used and (told := times_of(file.read_text().strip())):
                used[part] += told[1] + below(int(file.read_text()), children)
        return used

    def server(self, part):
        """The processes of a part."""
        return [int(file.read_text()) for file in sorted(self.run.glob("*.pid")) if file.stem.split("-")[0] == part]

    def imagestore(self, *words):
        """Carries out a command of imagestore on the same store."""
        program = Path(f"/proc/{self.server('imagestore')[0]}/exe").resolve()
        return subprocess.run([program, *words], env=self.environment, check=True, capture_output=True, text=True)


def below(pid, children):
    return sum(used + below(child, children) for child, used in children.get(pid, []))


def times_of(pid):
    """The parent of a process, and its seconds with those of children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(fields[1]), sum(map(int, fields[11:15])) / TICKS


class Queries:
    """One session of psql, so that looking costs little."""

    def __init__(self, address):
        command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-F", "\t", address]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def all(self, query):
        """The rows. The mark is what leaves the query out of the figures."""
        self.child.stdin.write(f"{query} /* looking */;\n\\echo that-was-all\n")
        self.child.stdin.flush()
        rows = []
        for line in self.child.stdout:
            if line == "that-was-all\n":
                return rows
            rows.append(line.rstrip("\n").split("\t"))
        raise RuntimeError(f"psql ended at: {query}")

    def one(self, query):
        return self.all(query)[0]

    def number(self, query):
        return float(self.one(query)[0])

    def close(self):
        # It may have ended already, when something went wrong.
        with contextlib.suppress(BrokenPipeError):
            self.child.stdin.close()
        self.child.wait()
