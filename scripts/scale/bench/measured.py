"""The tables of what was measured."""

from stack import PARTS
from words import short, size, table

NAMES = {"postgres": "PostgreSQL", "garage": "Garage"}
WORK = {
    "upload": "upload, master, analysis",
    "original": "original",
    "jpg 320": "new variant, JPEG 320",
    "jpg 1280": "new variant, JPEG 1280",
    "webp 320": "new variant, WebP 320",
    "webp 1280": "new variant, WebP 1280",
    "avif 320": "new variant, AVIF 320",
    "avif 1280": "new variant, AVIF 1280",
    "at hand": "variant in memory",
    "job": "job, `target: medium`",
    "delete": "deletion",
}
SERVERS = ("imagestore", "imagecompress", "postgres", "garage", "nginx")


def machine(figures):
    told = figures["machine"]
    lines = [
        f"* {told['processor']}, {told['cores']} cores, {told['memory']} MiB of memory. "
        "All parts, the clients and the disk are on it; nothing leaves loopback.",
        f"* imagestore and imagecompress of commit {figures['commit']}, built for release; PostgreSQL and Garage 2.5 with `fsync`, "
        "as `scripts/up --scale` starts them.",
        "* Command: `scripts/bench-scaling`.",
    ]
    if "load" in figures:
        before, after = (" ".join(f"{value:.2f}" for value in load) for load in figures["load"])
        lines.append(f"* Load average (1, 5, 15 minutes) before the measurements of throughput {before}, after them {after}.")
    return "\n".join(lines)


def cpu_of(cost):
    return [cost.get(f"cpu {part}", 0) for part in SERVERS]


def cpu(figures):
    sizes, stored = figures["cost"]["sizes"], figures["cost"]["stored"]
    costs = [(name, pixels, told[work]) for work, name in WORK.items() for pixels, told in sizes.items()]
    rows = []
    for name, pixels, cost in [*costs, ("stored variant, not in memory", "small", stored)]:
        used = cpu_of(cost)
        rows.append([name, pixels, *(short(1000 * value) for value in used), short(1000 * sum(used)), short(cost["pieces"])])
    return table(["CPU ms each", "", *(NAMES.get(part, part) for part in SERVERS), "all", "of"], rows, 2)


def between(figures):
    told = figures["cost"]["sizes"]["12 MP"]
    rows = []
    for work, name in [*WORK.items(), ("stored", "stored variant, not in memory")]:
        cost = figures["cost"]["stored"] if work == "stored" else told[work]
        asked = [f"{short(cost[method])} {method}" for method in ("HEAD", "GET", "PUT", "POST", "DELETE") if cost.get(method, 0) >= 0.05]
        rows.append(
            [
                name,
                short(cost["statements"]),
                short(cost["commits"]),
                short(cost["locked"]),
                size(cost["wal"]),
                ", ".join(asked) or "0",
                size(cost["to postgres"] + cost["from postgres"]),
                size(cost["to garage"]),
                size(cost["from garage"]),
                size(cost["to stores"]),
                size(cost["from stores"]),
                short(cost["events"]),
                short(cost["notices"]),
            ]
        )
    head = [
        "12 MP, each",
        "statements",
        "commits",
        "under the lock",
        "WAL",
        "requests to the bucket",
        "imagestore ↔ PostgreSQL",
        "→ bucket",
        "← bucket",
        "→ nginx",
        "← nginx",
        "events",
        "`NOTIFY`",
    ]
    return table(head, rows)


def blobs(figures):
    rows = []
    for pixels, told in figures["cost"]["sizes"].items():
        variants = [told[work]["bytes"] for work in WORK if work.startswith(("jpg", "webp", "avif"))]
        rows.append([pixels, size(told["bytes"]), short(told["masters"]), size(told["master bytes"]), *(size(value) for value in variants)])
    head = ["", "original", "masters", "bytes of them", *(work for work in WORK if work.startswith(("jpg", "webp", "avif")))]
    return table(head, rows)


def rows_of(figures):
    """Rows an image, bytes of a row and of its indexes."""
    told = figures["rows"]
    return {
        name: (of["rows"] / told["images"], of["table"] / of["rows"], of["indexes"] / of["rows"])
        for name, of in sorted(told["tables"].items())
        if of["rows"] >= told["images"] / 2
    }


def rows(figures):
    told = rows_of(figures)
    lines = [
        [f"`{name}`", short(number), short(own), short(indexes), short(number * own), short(number * indexes)]
        for name, (number, own, indexes) in told.items()
    ]
    own, indexes = (sum(number * each[at] for number, *each in told.values()) for at in (0, 1))
    lines.append(["all", "", "", "", short(own), short(indexes)])
    return table(["", "rows an image", "bytes a row", "bytes of its indexes", "table, bytes an image", "indexes, bytes an image"], lines)


def shared(figures):
    one, three = figures["cost"]["stored"]["upload"], figures["cost"]["shared"]
    rows = [
        ["upload, one imagestore", *figures_of(one)],
        ["upload, three imagestores", *figures_of(three)],
        ["a second of idling, one imagestore", *figures_of(one["idle"])],
        ["a second of idling, three imagestores", *figures_of(three["idle"])],
    ]
    return table(["", "statements", "commits", "under the lock", "`NOTIFY`", "PostgreSQL, CPU ms"], rows)


def figures_of(cost):
    return [short(cost[name]) for name in ("statements", "commits", "locked", "notices")] + [short(1000 * cost["cpu postgres"])]


def race(name, races, rows):
    alone = None
    for processes, told in races:
        alone = alone or told["rate"]
        cores = told["cores"]
        rows.append(
            [
                name,
                processes,
                short(told["rate"]),
                short(told["rate"] / alone),
                *(short(cores[part]) for part in (*PARTS[:5], "clients")),
                short(sum(cores.values())),
                f"{100 * told['held']:.0f} %",
                short(told["wait"]),
            ]
        )


def races(figures):
    told, rows = figures["races"], []
    race("jobs, imagecompress with one thread", told["workers"].items(), rows)
    for work, name in (
        ("upload 2 MP", "uploads of 2 MP"),
        ("cold variant", "new variants, WebP 640"),
        ("upload tiny", "uploads of 32 x 24 pixels"),
        ("backlog tiny", "their analyses that were left to be made"),
        ("delete tiny", "their deletions"),
        ("backlog 12 MP", "masters and analyses of 12 MP"),
    ):
        race(
            f"{name}, imagestore with one thread" if work == "upload 2 MP" else name,
            [(count, of[work]) for count, of in told["stores"].items() if work in of],
            rows,
        )
    head = [
        "",
        "processes",
        "each second",
        "ratio",
        *(f"{NAMES.get(part, part)}, cores" for part in (*PARTS[:5], "clients")),
        "all cores",
        "lock held",
        "waiting for it",
    ]
    return table(head, rows)


TABLES = {"machine": machine, "cpu": cpu, "between": between, "blobs": blobs, "rows": rows, "shared": shared, "races": races}
