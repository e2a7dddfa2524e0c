"""How much more several do than one, on one machine that all parts share."""

import os
import resource
import time

from client import Client, numbered
from meters import settle
from stack import PARTS

# So that one process leaves cores for others: with as many threads as there are cores, one takes the machine.
ONE_CORE = {"IMAGESTORE__CPU__THREADS": 1, "IMAGESTORE__HTTP__WORKERS": 1}
ONE_WORKER = {"IMAGECOMPRESS__CPU__THREADS": 1, "IMAGECOMPRESS__HTTP__WORKERS": 1, "IMAGECOMPRESS__JOBS__CONCURRENCY": 2}


def own_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Race:
    """Pieces of work in a second, and the cores that each part used meanwhile."""

    def __init__(self, stack):
        self.stack = stack

    def run(self, pieces, work, until=None):
        before, own, start = self.stack.cpu(), own_seconds(), time.monotonic()
        gave = work()
        if until:
            until()
        seconds = time.monotonic() - start
        after = self.stack.cpu()
        cores = {part: (after[part] - before[part]) / seconds for part in PARTS}
        cores["clients"] = (own_seconds() - own) / seconds
        return {"pieces": pieces, "seconds": seconds, "rate": pieces / seconds, "cores": cores}, gave


def unfinished(stack):
    return stack.queries.number("SELECT count(*) FROM jobs WHERE status IN ('queued', 'leased', 'running')")


def of_workers(stack, photos, count, jobs, unique):
    """Jobs by so many imagecompress, over and over the same pictures."""
    stack.start(1, count, **ONE_WORKER)
    client, race = Client(stack.port, 8), Race(stack)
    ids = client.each(client.upload, [numbered(photos[index % len(photos)], next(unique)) for index in range(jobs)])
    settle(stack)

    def until():
        while unfinished(stack):
            time.sleep(0.1)

    told, _ = race.run(jobs, lambda: client.order(ids, "web"), until)
    failed = stack.queries.number("SELECT count(*) FROM jobs WHERE status <> 'done'")
    assert failed == 0, f"{failed} jobs failed"
    client.each(lambda id: client.ask("DELETE", f"/v1/images/{id}"), ids)
    stack.queries.all("DELETE FROM jobs")
    settle(stack)
    stack.stop()
    return told


def of_stores(stack, photos, count, uploads, tiny, unique):
    """Uploads, what follows them, and cold variants by so many imagestores."""
    stack.start(count, 1, **ONE_CORE)
    client, race, told = Client(stack.port, 12), Race(stack), {}
    for size, number in (("2 MP", uploads), ("tiny", tiny)):
        bodies = [numbered(photos[size][index % len(photos[size])], next(unique)) for index in range(number)]
        told[f"upload {size}"], ids = race.run(number, lambda bodies=bodies: client.each(client.upload, bodies))
        left = stack.queries.number("SELECT count(*) FROM analyses WHERE state = 'pending'")
        if left:
            told[f"analyses {size}"], _ = race.run(int(left), lambda: settle(stack))
        settle(stack)
        if size != "tiny":
            paths = [f"/i/{id}.webp?w=640" for id in ids]
            ask = lambda path: client.ask("GET", path)
            told["cold variant"], _ = race.run(number, lambda paths=paths, ask=ask: client.each(ask, paths))
            settle(stack)
        told[f"delete {size}"], _ = race.run(number, lambda ids=ids: client.each(lambda id: client.ask("DELETE", f"/v1/images/{id}"), ids))
        settle(stack)
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
