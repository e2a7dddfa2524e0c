"""What larger stores need, by arithmetic from what was measured and a few assumptions; each line shows how."""

import math

from measured import NAMES, SERVERS, rows_of
from words import bits, count, part, short, size, table, time

IMAGES = (1e6, 1e8, 1e10)
# Assumed, and named so on the page.
VARIANTS, DAYS, PEAK, COPIES, BUSY, ROUND_TRIP = 5, 1000, 4, 3, 0.5, 0.0003
REQUESTS, NETWORK, CORES = 100_000, 1.25e9, 8
MIX = {"memory": 0.90, "bucket": 0.095, "new": 0.005}
SHARD = 1e12
# In memory, of each blob: two entries in hash tables, a row and its digest.
HELD = 200


class Basis:
    """What one image is and costs."""

    def __init__(self, figures):
        cost, self.rows = figures["cost"], rows_of(figures)
        of = cost["sizes"]["12 MP"]
        made = [of[work] for work in of if work.startswith(("jpg ", "webp ", "avif "))]
        self.original, self.master = of["bytes"], of["master bytes"]
        self.variant = sum(cost["bytes"] for cost in made) / len(made)
        self.image = self.original + self.master + VARIANTS * self.variant
        self.table, self.indexes = (sum(number * each[at] for number, *each in self.rows.values()) for at in (0, 1))
        self.blobs = 2 + VARIANTS
        self.upload, self.job, self.hand = of["upload"], of["job"], of["at hand"]
        self.stored, self.new = cost["stored"], {name: sum(cost[name] for cost in made) / len(made) for name in made[0]}
        stores = figures["races"]["stores"]
        _, tiny = max(stores.items(), key=lambda each: int(each[0]))
        self.tiny = tiny["upload tiny"]
        self.lock = self.tiny["held"] / self.tiny["rate"]
        self.backlog = tiny["backlog 12 MP"]["rate"]
        rows, scans = figures["rows"], figures["scans"]
        self.scan = rows["scan seconds"] / rows["referenced"]
        self.variants_index = rows["index seconds"] / (rows["images"] * rows["variants"])
        self.dump, self.restore = rows["dump seconds"] / rows["images"], rows["restore seconds"] / rows["images"]
        self.list = max(1e-6, scans["gc seconds"] - scans["start seconds"]) / scans["blobs"]
        self.check = max(1e-6, scans["fsck seconds"] - scans["start seconds"]) / scans["blobs"]


def cpu(cost, *parts):
    return sum(cost.get(f"cpu {part}", 0) for part in parts or SERVERS)


def ms(seconds):
    return f"{short(1000 * seconds)} ms"


def lines(formulas):
    """A row for each formula: its name, how it is computed with the figures for one image, and its value for each number of images."""
    return table(["", "how", *(count(number) for number in IMAGES)], formulas, 2)


def assumptions(figures):
    of = Basis(figures)
    return table(
        ["", "what", "value"],
        [
            ["o", "original: the photo of 12 MP", f"{size(of.original)}, measured"],
            ["m", "its master copy", f"{size(of.master)}, measured"],
            ["v", "a variant: the mean of the six that were measured", f"{size(of.variant)}, measured"],
            [
                "t, x",
                "rows of an image in PostgreSQL, and their indexes",
                f"{size(of.table)} and {size(of.indexes)}, measured with {VARIANTS} variants and a job each",
            ],
            ["", f"stored variants of an image: {VARIANTS}; a job each: 1", "assumed"],
            ["", f"the images came evenly in {DAYS} days, and at peak {PEAK} times as many as on average", "assumed"],
            ["", f"processors are to be busy by {BUSY:.0%} at most; a machine has {CORES} cores and 10 Gbit/s", "assumed"],
            ["", f"the object store keeps {COPIES} copies of everything", "assumed"],
            ["", f"imagestore to PostgreSQL and back over a network: {ms(ROUND_TRIP)}", "assumed"],
            ["", f"what `gc` and `fsck` hold in memory of a blob, by what stands in their source: {HELD} B", "assumed"],
            [
                "",
                f"origin requests: {MIX['memory']:.0%} find the picture in memory, {MIX['bucket']:.1%} in the bucket, {MIX['new']:.1%} have to make it",
                "assumed",
            ],
        ],
        3,
    )


def sizes(figures):
    of = Basis(figures)
    row = lambda name, how, value, show: [name, how, *(show(value(number)) for number in IMAGES)]
    catalog = of.table + of.indexes
    return lines(
        [
            row("originals", f"n x {size(of.original)}", lambda n: n * of.original, size),
            row("master copies", f"n x {size(of.master)}", lambda n: n * of.master, size),
            row("variants", f"n x {VARIANTS} x {size(of.variant)}", lambda n: n * VARIANTS * of.variant, size),
            row("all blobs", f"n x {size(of.image)}", lambda n: n * of.image, size),
            row(f"disks of the object store, {COPIES} copies", f"all blobs x {COPIES}", lambda n: n * of.image * COPIES, size),
            row(
                "memory for the hottest hundredth of the variants",
                f"n x {VARIANTS} x {size(of.variant)} / 100",
                lambda n: n * VARIANTS * of.variant / 100,
                size,
            ),
            row("objects", f"n x {of.blobs}", lambda n: n * of.blobs, count),
            row("PostgreSQL, tables", f"n x {size(of.table)}", lambda n: n * of.table, size),
            row("PostgreSQL, indexes", f"n x {size(of.indexes)}", lambda n: n * of.indexes, size),
            row(
                "PostgreSQL, rows",
                f"n x {short(sum(number for number, *_ in of.rows.values()))}",
                lambda n: n * sum(number for number, *_ in of.rows.values()),
                count,
            ),
            row(
                f"servers of {size(SHARD)} of rows and indexes",
                f"n x {size(catalog)} / {size(SHARD)}",
                lambda n: math.ceil(n * catalog / SHARD),
                short,
            ),
        ]
    )


def peak(number):
    return number / DAYS / 86_400 * PEAK


def writes(figures):
    of = Basis(figures)
    up, servers = of.upload, ("imagestore", "postgres", "garage", "nginx")
    row = lambda name, how, value, show=short: [name, how, *(show(value(peak(number))) for number in IMAGES)]
    used = {server: cpu(up, server) for server in servers}
    locked = up["locked"]
    return lines(
        [
            row("uploads a second, at peak (u)", f"n / {DAYS} / 86,400 x {PEAK}", lambda u: u),
            row("into the store", f"u x {size(of.original)}", lambda u: u * of.original, bits),
            *(
                row(
                    f"cores of {NAMES.get(server, server)}",
                    f"u x {ms(used[server])} / {BUSY}",
                    lambda u, server=server: u * used[server] / BUSY,
                )
                for server in servers
            ),
            row(
                f"imagestores of {CORES} cores",
                f"their cores / {CORES}, rounded up",
                lambda u: math.ceil(u * used["imagestore"] / BUSY / CORES),
            ),
            row("WAL", f"u x {size(up['wal'])}", lambda u: u * up["wal"], lambda value: size(value) + "/s"),
            row("commits a second, at most", f"u x {short(up['commits'])}", lambda u: u * up["commits"]),
            row("part of the time in which the lock is held, on loopback", f"u x {ms(of.lock)}", lambda u: u * of.lock, part),
            row("the same over a network", f"u x {short(locked)} x {ms(ROUND_TRIP)}", lambda u: u * locked * ROUND_TRIP, part),
            row(
                "catalogs, each half of the time locked",
                "the line before / 50 %, rounded up",
                lambda u: math.ceil(u * locked * ROUND_TRIP / 0.5),
            ),
            row(
                "processes on duty for masters and analyses",
                f"u / {short(of.backlog)}, rounded up; the product has one a catalog",
                lambda u: math.ceil(u / of.backlog),
            ),
            row(
                "cores of imagecompress, a job an image",
                f"u x {short(cpu(of.job, 'imagecompress'))} s / {BUSY}",
                lambda u: u * cpu(of.job, "imagecompress") / BUSY,
            ),
            row(
                f"imagecompresses of {CORES} cores",
                f"their cores / {CORES}, rounded up",
                lambda u: math.ceil(u * cpu(of.job, "imagecompress") / BUSY / CORES),
            ),
            row(
                "events and messages to Kafka a second",
                f"u x ({short(up['events'])} + {short(of.job['events'])} + 1)",
                lambda u: u * (up["events"] + of.job["events"] + 1),
            ),
            row(
                "partitions of `image.events`",
                f"one for each imagecompress of {CORES} cores; at least 3",
                lambda u: max(3, math.ceil(u * cpu(of.job, "imagecompress") / BUSY / CORES)),
            ),
        ]
    )


def delivery(figures):
    of = Basis(figures)
    each = {"memory": of.hand, "bucket": of.stored, "new": of.new}
    mean = lambda value: sum(share * value(each[kind]) for kind, share in MIX.items())
    store, front, server, bucket = (mean(lambda cost, name=name: cpu(cost, name)) for name in ("imagestore", "nginx", "postgres", "garage"))
    statements = mean(lambda cost: cost["statements"])
    asked = mean(lambda cost: sum(cost.get(method, 0) for method in ("GET", "HEAD", "PUT")))
    hits = (0, 0.9, 0.99)
    row = lambda name, how, value, show=short: [name, how, *(show(value(REQUESTS * (1 - hit))) for hit in hits)]
    machines = lambda rate: math.ceil(max(rate * store / BUSY / CORES, rate * of.variant / NETWORK / BUSY))
    return table(
        ["", "how", *(f"CDN hits {hit:.0%}" for hit in hits)],
        [
            row("origin requests a second (r)", f"{REQUESTS:,} x (1 - hits)", lambda r: r),
            ["egress to clients", f"{REQUESTS:,} x {size(of.variant)}", *[bits(REQUESTS * of.variant)] * 3],
            row("egress of the origin", f"r x {size(of.variant)}", lambda r: r * of.variant, bits),
            row("cores of imagestore", f"r x {ms(store)} / {BUSY}", lambda r: r * store / BUSY),
            row("cores of nginx", f"r x {ms(front)} / {BUSY}", lambda r: r * front / BUSY),
            row("cores of PostgreSQL", f"r x {ms(server)} / {BUSY}", lambda r: r * server / BUSY),
            row("cores of the object store", f"r x {ms(bucket)} / {BUSY}", lambda r: r * bucket / BUSY),
            row("statements a second", f"r x {short(statements)}", lambda r: r * statements),
            row("requests to the bucket a second", f"r x {short(asked)}", lambda r: r * asked),
            row("new variants a second", f"r x {MIX['new']}", lambda r: r * MIX["new"]),
            row(
                "part of the time in which they hold the lock over a network",
                f"r x {MIX['new']} x {short(of.new['locked'])} x {ms(ROUND_TRIP)}",
                lambda r: r * MIX["new"] * of.new["locked"] * ROUND_TRIP,
                part,
            ),
            row(f"imagestores of {CORES} cores", "the larger of cores and egress", machines),
            row("`LISTEN` and other connections to PostgreSQL", "imagestores x 18, if all are used", lambda r: 18 * machines(r)),
        ],
        2,
    )


def upkeep(figures):
    of = Basis(figures)
    row = lambda name, how, value: [name, how, *(time(value(number)) for number in IMAGES)]
    return lines(
        [
            row("`gc` lists the bucket", f"n x {of.blobs} x {ms(of.list)}", lambda n: n * of.blobs * of.list),
            row(
                "`gc`, `fsck`: reading all digests",
                f"n x {of.blobs} x {1e6 * of.scan:.2g} µs",
                lambda n: n * of.blobs * of.scan,
            ),
            ["`gc`, `fsck`: memory", f"n x {of.blobs} x {HELD} B", *(size(number * of.blobs * HELD) for number in IMAGES)],
            row("`fsck` reads every blob, one after the other", f"n x {of.blobs} x {ms(of.check)}", lambda n: n * of.blobs * of.check),
            row("`pg_dump`", f"n x {1e6 * of.dump:.0f} µs", lambda n: n * of.dump),
            row("`pg_restore`, two at a time", f"n x {1e6 * of.restore:.0f} µs", lambda n: n * of.restore),
            row("copying all blobs at 10 Gbit/s", f"n x {size(of.image)} / 1.25 GB/s", lambda n: n * of.image / NETWORK),
            row(
                "a migration that builds an index on `variants`",
                f"n x {VARIANTS} x {1e6 * of.variants_index:.2g} µs",
                lambda n: n * VARIANTS * of.variants_index,
            ),
            row("masters and analyses of all, anew", f"n / {short(of.backlog)} a second", lambda n: n / of.backlog),
        ]
    )


def order(figures):
    of = Basis(figures)
    up = of.upload
    per_day = lambda rate: f"{short(rate)} uploads a second ({count(rate * 86_400)} a day)"
    return table(
        ["where it breaks", "how that follows", "first at"],
        [
            ["memory of `gc` and `fsck`, 16 GB", f"16 GB / {HELD} B / {of.blobs}", f"{count(16e9 / HELD / of.blobs)} images"],
            [
                "`fsck` takes longer than a week",
                f"7 days / {ms(of.check)} / {of.blobs}",
                f"{count(7 * 86_400 / of.check / of.blobs)} images",
            ],
            ["one process makes masters and analyses", "measured, photos of 12 MP, one thread for pixels", per_day(of.backlog)],
            [
                f"the one writer, over a network of {ms(ROUND_TRIP)}",
                f"1 / ({short(up['locked'])} x {ms(ROUND_TRIP)})",
                per_day(1 / (up["locked"] * ROUND_TRIP)),
            ],
            [
                "the one writer, on loopback",
                f"1 / {ms(of.lock)}: {short(of.tiny['rate'])} uploads a second held the lock {100 * of.tiny['held']:.0f} % of the time",
                per_day(1 / of.lock),
            ],
            [
                "new variants, over a network",
                f"1 / ({short(of.new['locked'])} x {ms(ROUND_TRIP)})",
                f"{short(1 / (of.new['locked'] * ROUND_TRIP))} new variants a second",
            ],
            ["records in memory", "20,000, not a setting", "20 thousand images that are asked for again and again"],
            [
                "pictures in memory",
                f"`cache.memory_bytes` (64 MiB) / {size(of.variant)}",
                f"{count(67_108_864 / of.variant)} variants that are asked for again and again",
            ],
            ["one PostgreSQL of 1 TB", f"1 TB / {size(of.table + of.indexes)}", f"{count(1e12 / (of.table + of.indexes))} images"],
            [
                "connections to PostgreSQL, `max_connections` of 200",
                "200 / 18, if each imagestore uses all of its 16 that read, the one that writes, and `LISTEN`",
                "11 imagestores",
            ],
        ],
        2,
    )


TABLES = {"assumptions": assumptions, "sizes": sizes, "writes": writes, "delivery": delivery, "upkeep": upkeep, "order": order}
