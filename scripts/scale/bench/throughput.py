"""How much more several do than one, on one machine that all parts share."""

import os
import resource
import sys
import threading
import time

from client import Client, numbered
from meters import settle
from stack import PARTS, Queries

# So that one process leaves cores for others: with as many threads as there are cores, one takes the machine.
ONE_CORE = {"IMAGESTORE__CPU__THREADS": 1, "IMAGESTORE__HTTP__WORKERS": 1}
ONE_WORKER = {"IMAGECOMPRESS__CPU__THREADS": 1, "IMAGECOMPRESS__HTTP__WORKERS": 1, "IMAGECOMPRESS__JOBS__CONCURRENCY": 2}

UNFINISHED = "SELECT count(*) FROM jobs WHERE status IN ('queued', 'leased', 'running')"
# Images whose analysis or master is still to be made.
PENDING = """
    SELECT count(DISTINCT original) FROM (SELECT original FROM analyses WHERE state = 'pending'
    UNION ALL SELECT original FROM renditions WHERE state = 'pending') AS pending"""


def own_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class LockWatch(threading.Thread):
    """Looks now and then whether somebody holds the lock of the catalog's one writer, and how many wait for it."""

    LOOK = "SELECT count(*) FILTER (WHERE granted), count(*) FILTER (WHERE NOT granted) FROM pg_locks WHERE locktype = 'advisory'"

    def __init__(self, stack):
        super().__init__(daemon=True)
        self.queries, self.ended, self.looks = Queries(stack.catalog), threading.Event(), []

    def run(self):
        while not self.ended.wait(0.03):
            self.looks.append(tuple(map(int, self.queries.one(self.LOOK))))

    def end(self):
        self.ended.set()
        self.join()
        self.queries.close()
        looks = max(1, len(self.looks))
        return {"held": sum(held for held, _ in self.looks) / looks, "wait": sum(wait for _, wait in self.looks) / looks}


class Race:
    """Pieces of work in a second, and the cores that each part used meanwhile."""

    def __init__(self, stack, clients):
        self.stack, self.client = stack, Client(stack.port, clients)

    def until_none(self, count):
        while self.stack.queries.number(count):
            time.sleep(0.1)

    def run(self, what, pieces, work):
        lock = LockWatch(self.stack)
        lock.start()
        before, own, start = self.stack.cpu(), own_seconds(), time.monotonic()
        gave = work()
        seconds = time.monotonic() - start
        after, held = self.stack.cpu(), lock.end()
        cores = {part: (after[part] - before[part]) / seconds for part in PARTS}
        cores["clients"] = (own_seconds() - own) / seconds
        print(f"{what}: {pieces:.0f} in {seconds:.1f} s", file=sys.stderr)
        return {"pieces": pieces, "seconds": seconds, "rate": pieces / seconds, "cores": cores, **held}, gave

    def each(self, what, work, items):
        """The same for a request a piece; what follows the answers is waited for, and does not count."""
        told, gave = self.run(what, len(items), lambda: self.client.each(work, items))
        settle(self.stack)
        return told, gave

    def delete(self, id):
        self.client.ask("DELETE", f"/v1/images/{id}")


def pictures(photos, number, unique):
    return [numbered(photos[index % len(photos)], next(unique)) for index in range(number)]


def of_workers(stack, photos, count, jobs, unique):
    """Jobs by so many imagecompress."""
    stack.start(1, count, **ONE_WORKER)
    race = Race(stack, 8)
    _, ids = race.each("uploads", race.client.upload, pictures(photos, jobs, unique))

    def work():
        race.client.order(ids, formats="webp")
        race.until_none(UNFINISHED)

    told, _ = race.run(f"jobs, {count} of imagecompress", jobs, work)
    failed = stack.queries.number("SELECT count(*) FROM jobs WHERE status <> 'done'")
    assert failed == 0, f"{failed} jobs failed"
    race.each("deletions", race.delete, ids)
    stack.queries.all("DELETE FROM jobs")
    stack.stop()
    return told


def of_stores(stack, photos, count, uploads, tiny, unique):
    """Uploads, what is left to be made behind them, new variants, and deletions by so many imagestores."""
    stack.start(count, 1, **ONE_CORE)
    race, told = Race(stack, 12), {}
    for size, number in (("2 MP", uploads), ("12 MP", uploads // 10), ("tiny", tiny)):
        bodies = pictures(photos[size], number, unique)
        uploads_of = lambda bodies=bodies: race.client.each(race.client.upload, bodies)
        told[f"upload {size}"], ids = race.run(f"uploads of {size} to {count}", number, uploads_of)
        if left := stack.queries.number(PENDING):
            told[f"backlog {size}"], _ = race.run("what is left to be made", left, lambda: race.until_none(PENDING))
        settle(stack)
        if size == "2 MP":
            told["cold variant"], _ = race.each("new variants", lambda id: race.client.ask("GET", f"/i/{id}.webp?w=640"), ids)
        told[f"delete {size}"], _ = race.each("deletions", race.delete, ids)
    stack.stop()
    return told


def all_races(stack, photos, quick, unique):
    jobs, uploads, tiny = (20, 20, 100) if quick else (500, 300, 1500)
    counts = {"workers": (1, 2) if quick else (1, 2, 4), "stores": (1, 2) if quick else (1, 2, 3)}
    return {
        "cores": os.cpu_count(),
        "workers": {count: of_workers(stack, photos["small"], count, jobs, unique) for count in counts["workers"]},
        "stores": {count: of_stores(stack, photos, count, uploads, tiny, unique) for count in counts["stores"]},
    }
