"""What one image costs, by what is done with it."""

import sys
import time

from client import LARGE, Client, numbered
from meters import Meters, difference, settle

VARIANTS = [(form, width) for form in ("jpg", "webp", "avif") for width in (320, 1280)]

# Of each size so many photographs, and so many jobs.
NUMBERS = {"2 MP": (48, 4), "12 MP": (24, 2), "24 MP": (12, 1)}
QUICK = {"2 MP": (6, 1), "12 MP": (2, 1), "24 MP": (2, 1)}


class Costs:
    """Measures piece after piece with one of each service."""

    def __init__(self, stack, idle_seconds):
        self.stack, self.meters, self.client = stack, Meters(stack), Client(stack.port)
        settle(stack)
        before = self.meters.read()
        time.sleep(idle_seconds)
        idle = difference(before, self.meters.read())
        self.idle = {name: value / idle["seconds"] for name, value in idle.items()}

    def of(self, what, work, items):
        """The mean cost of a piece of work, with what follows it and without what an idle stack uses; and what the work gave."""
        before = self.meters.read()
        gave = self.client.each(work, items)
        answered = time.monotonic()
        # A connection that is closed takes its count of bytes along.
        settle(self.stack, self.meters.look_at_connections)
        used = difference(before, self.meters.read())
        cost = {name: max(0.0, (value - self.idle.get(name, 0) * used["seconds"]) / len(items)) for name, value in used.items()}
        cost["answered"] = (answered - before["seconds"]) / len(items)
        cost["pieces"] = len(items)
        cost["seconds"] = used["seconds"] / len(items)
        print(f"{what}: {cost['answered']:.3f} s, with what follows {cost['seconds']:.3f} s, each of {len(items)}", file=sys.stderr)
        return cost, gave


def of_size(costs, photos, number, jobs, unique):
    """All costs of photographs of one size."""
    client, told = costs.client, {}
    bodies = [numbered(photos[index % len(photos)], next(unique)) for index in range(number)]
    told["bytes"] = sum(map(len, bodies)) / number
    told["upload"], ids = costs.of("upload", client.upload, bodies)
    masters = costs.stack.queries.one("SELECT count(*) FILTER (WHERE state = 'done'), coalesce(sum(bytes), 0) FROM renditions")
    told["masters"], told["master bytes"] = float(masters[0]) / number, float(masters[1]) / number
    told["original"], _ = costs.of("original", lambda id: client.ask("GET", f"/i/{id}"), ids)
    for form, width in VARIANTS:
        path = lambda id, form=form, width=width: f"/i/{id}.{form}?w={width}"
        cost, gave = costs.of(f"{form} {width}", lambda id, path=path: len(client.ask("GET", path(id))), ids)
        told[f"{form} {width}"] = {**cost, "bytes": sum(gave) / number}
    again = [f"/i/{id}.webp?w=320" for id in ids for _ in range(20)]
    told["at hand"], _ = costs.of("variant at hand", lambda path: client.ask("GET", path), again)
    told["job"], _ = costs.of("jobs", lambda _: client.order(ids[:jobs]), [None])
    told["job"] = {name: value / jobs for name, value in told["job"].items()}
    told["job"]["pieces"] = jobs
    bad = costs.stack.queries.all("SELECT status, problem FROM jobs WHERE status <> 'done'")
    assert not bad, f"jobs failed: {bad}"
    costs.stack.queries.all("DELETE FROM jobs")
    told["delete"], _ = costs.of("deletion", lambda id: client.ask("DELETE", f"/v1/images/{id}"), ids)
    # Each size begins with an empty store.
    assert costs.stack.queries.number("SELECT count(*) FROM images") == 0
    return told


def stored(stack, photos, number, unique):
    """An upload, and a variant that is stored and not in the memory of the one that is asked."""
    costs = Costs(stack, 6)
    client = costs.client
    upload, ids = costs.of("upload", client.upload, [numbered(photos[index % len(photos)], next(unique)) for index in range(number)])
    paths = [f"/i/{id}.webp?w=320" for id in ids]
    client.each(lambda path: client.ask("GET", path), paths)
    cost, _ = costs.of("stored variant", lambda path: client.ask("GET", path), paths * 5)
    client.each(lambda id: client.ask("DELETE", f"/v1/images/{id}"), ids)
    return {**cost, "upload": {**upload, "idle": costs.idle}}


def shared(stack, photos, number, unique):
    """An upload where several share a catalog: what each tells the others costs statements."""
    costs = Costs(stack, 6)
    client = costs.client
    bodies = [numbered(photos[index % len(photos)], next(unique)) for index in range(number)]
    cost, ids = costs.of("upload beside two others", client.upload, bodies)
    client.each(lambda id: client.ask("DELETE", f"/v1/images/{id}"), ids)
    return {**cost, "idle": costs.idle}


def all_costs(stack, photos, quick, unique):
    """Starts what it needs; gives all figures."""
    numbers, told = QUICK if quick else NUMBERS, {}
    # A job on 24 megapixels may end with an AVIF, which takes more to look at than the default.
    stack.start(1, 1, IMAGESTORE__LIMITS__PIXEL_BUDGET=4 << 30)
    costs = Costs(stack, 3 if quick else 15)
    told["idle"] = costs.idle
    told["sizes"] = {size: of_size(costs, photos[size], *numbers[size], unique) for size in LARGE}
    stack.stop()
    stack.start(1, 1, IMAGESTORE__CACHE__MEMORY_BYTES=0)
    told["stored"] = stored(stack, photos["small"], 6 if quick else 60, unique)
    stack.stop()
    stack.start(3, 1)
    told["shared"] = shared(stack, photos["small"], 6 if quick else 60, unique)
    settle(stack)
    stack.stop()
    return told
