"""The faults. What `prepare` arranges `clean_up` takes back; in between there is load, and `fault` returns when the fault is over."""

import contextlib
import datetime
import email.utils
import errno
import os
import struct
import subprocess
import time
import urllib.request
from pathlib import Path

from clients import ask, wait_until
from proxy import LOSE, PASS, REFUSE, Proxy


class Drill:
    """One that needs no preparation."""

    # With which a request may be answered that has a body, in place of its acknowledgement.
    ANSWERS = (503,)

    def __init__(self, topology, faults):
        self.topology, self.faults = topology, faults

    def impossible(self):
        """Why it cannot be done here, if that is so."""

    def prepare(self):
        pass

    def clean_up(self):
        pass

    def stores(self):
        return [f"imagestore-{number}" for number in range(1, len(self.topology.stores) + 1)]

    def compressors(self):
        return [name.replace("store", "compress") for name in self.stores()]

    def wait_until_ready(self):
        for store in self.topology.stores:
            wait_until(f"{store}", lambda: is_ready(store))
        wait_until("imagecompress", lambda: is_ready(self.topology.compress))


def is_ready(service):
    try:
        return bool(ask(service + "/readyz"))
    except OSError:
        return False


class Postgres(Drill):
    """PostgreSQL and all of its processes killed, started again after 10 s"""

    def fault(self):
        self.topology.kill("postgres")
        time.sleep(10)
        self.topology.start("postgres")


class Store(Drill):
    """the object store killed, started again after 30 s"""

    def fault(self):
        self.topology.kill("garage")
        time.sleep(30)
        self.topology.start("garage")


class Broker(Drill):
    """the broker of MQTT stopped, started again after 60 s"""

    def fault(self):
        # Killed, mosquitto would lose what it acknowledged: it keeps that in memory, and writes it down when it ends.
        self.topology.end("mosquitto")
        time.sleep(60)
        self.topology.start("mosquitto")


class Kills(Drill):
    """one imagestore after the other killed and started again, every 10 s for a minute"""

    def fault(self):
        for number, name in enumerate(self.stores() * 2):
            if number > 0:
                time.sleep(9)
            self.topology.kill(name)
            time.sleep(1)
            self.topology.start(name)


class Cut(Drill):
    """Between each imagecompress and the stores there is a network that can be cut."""

    # imagecompress says that the store is not to be reached, or does not answer.
    ANSWERS = (502, 503, 504)

    def prepare(self):
        self.proxy = Proxy(int(self.topology.store.rpartition(":")[2]))
        for name in self.compressors():
            self.topology.restart(name, IMAGECOMPRESS__STORE__URL=f"http://127.0.0.1:{self.proxy.port}")
        self.wait_until_ready()

    def clean_up(self):
        for name in self.compressors():
            self.topology.restart(name)

    def cut(self, mode, seconds):
        self.proxy.switch(mode)
        time.sleep(seconds)
        self.proxy.switch(PASS)


class Refused(Cut):
    """no connection between imagecompress and the stores for 15 s"""

    def fault(self):
        self.cut(REFUSE, 15)


class HalfOpen(Cut):
    """what imagecompress and the stores send each other vanishes for 20 s, and connections never learn of it"""

    def fault(self):
        self.cut(LOSE, 20)


class Disk(Drill):
    """the data folders of all imagestores full for 10 s"""

    ANSWERS = (503, 507)
    BYTES = 96 << 20

    def folder(self, name):
        return self.topology.run.parent / f"small-{name}"

    def impossible(self):
        if os.geteuid() != 0:
            return "only root may mount a small disk"
        folder = self.folder(self.stores()[0])
        folder.mkdir(exist_ok=True)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], stderr=subprocess.DEVNULL)
        if mounted.returncode != 0:
            return "no disk can be mounted"
        subprocess.run(["umount", folder], check=True)

    def prepare(self):
        for name in self.stores():
            folder = self.folder(name)
            folder.mkdir(exist_ok=True)
            self.topology.end(name)
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.BYTES}", "tmpfs", folder], check=True)
            self.topology.start(name, IMAGESTORE__DATA_DIR=folder)
        self.wait_until_ready()

    def fault(self):
        before = self.faults["507"]
        for name in self.stores():
            with contextlib.suppress(FileNotFoundError), open(self.folder(name) / "filler", "wb", buffering=0) as filler:
                fill_up(filler)
        time.sleep(10)
        assert self.faults["507"] > before, "no upload was refused although the disks were full"
        for name in self.stores():
            (self.folder(name) / "filler").unlink()

    def clean_up(self):
        for name in self.stores():
            self.topology.end(name)
            subprocess.run(["umount", self.folder(name)], check=True)
            self.topology.start(name)
        self.wait_until_ready()


def fill_up(file):
    piece = bytes(1 << 16)
    while piece:
        try:
            file.write(piece)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            piece = piece[: len(piece) // 2]


class Clock(Drill):
    """the clocks of one imagestore and one imagecompress an hour ahead for 10 s, then an hour behind for 10 s"""

    WHO = ("imagestore-2", "imagecompress-2")

    def prepare(self):
        self.ahead_by, library = self.topology.run / "clock", self.topology.run / "clock.so"
        source = Path(__file__).with_name("clock.c")
        subprocess.run(["cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, source], check=True)
        self.ahead_by.write_bytes(bytes(8))
        for name in self.WHO:
            self.topology.restart(name, LD_PRELOAD=library, CLOCK_AHEAD=self.ahead_by)
        self.wait_until_ready()

    def set(self, seconds):
        # In its place: it is mapped into their memory.
        with open(self.ahead_by, "r+b", buffering=0) as file:
            file.write(struct.pack("=q", seconds))
        wait_until("the clock", lambda: abs(self.ahead() - seconds) < 60)

    def fault(self):
        for seconds in (3600, -3600):
            self.set(seconds)
            time.sleep(10)
        self.set(0)

    def ahead(self):
        """As the imagestore tells it."""
        with urllib.request.urlopen(self.topology.stores[1] + "/healthz", timeout=10) as answer:
            told = email.utils.parsedate_to_datetime(answer.headers["Date"])
        return (told - datetime.datetime.now(datetime.UTC)).total_seconds()

    def clean_up(self):
        for name in self.WHO:
            self.topology.restart(name)
        self.wait_until_ready()


DRILLS = {
    "postgres": Postgres,
    "store": Store,
    "broker": Broker,
    "kills": Kills,
    "refused": Refused,
    "half-open": HalfOpen,
    "disk": Disk,
    "clock": Clock,
}
