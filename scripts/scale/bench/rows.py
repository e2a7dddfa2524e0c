"""The bytes of rows and their indexes, and how long it takes to look at all of them: a catalog that is filled by statements."""

import os
import re
import subprocess
import time
from pathlib import Path

from client import Client, numbered
from meters import settle
from stack import Queries

VARIANTS = 5
UUID = "(lpad(to_hex(1760000000000 + {0}), 12, '0') || '7' || substr(md5({0}::text), 1, 3) || '8' || substr(md5({0}::text), 4, 15))::uuid"
DIGEST = "sha256(('{1}' || {0})::bytea)"
# Of rows that imagestore wrote itself: what its texts are as long as.
FILL = """
    SET session_replication_role = replica;
    INSERT INTO users (id, name, created_us) SELECT {owner}, 'user' || i, 0 FROM generate_series(0, 99) AS i;
    INSERT INTO blobs (digest, bytes) SELECT {original}, 1000000 + i FROM generate_series(1, {images}) AS i;
    INSERT INTO blobs (digest, bytes) SELECT {master}, 100000 + i FROM generate_series(1, {images}) AS i;
    INSERT INTO blobs (digest, bytes) SELECT {variant}, 10000 + i
        FROM generate_series(1, {images}) AS i, generate_series(1, {variants}) AS v;
    INSERT INTO images (id, digest, bytes, format, width, height, orientation, animated, has_alpha, bits, progressive, name, created_us, owner,
            visibility, name_key, tags, revision)
        SELECT {id}, {original}, 1000000 + i, 'jpg', 4000, 3000, 1, false, false, 8, false, 'IMG_' || i || '.JPG', 1760000000000000 + i * 1000,
            {some_owner}, 'unlisted', 'img_' || i || '.jpg', '', 1 FROM generate_series(1, {images}) AS i;
    INSERT INTO renditions (original, state, digest, bytes, width, height)
        SELECT {original}, 'done', {master}, 100000 + i, 1280, 960 FROM generate_series(1, {images}) AS i;
    INSERT INTO analyses (original, state, thumbhash, blurhash, colours, camera, frames, profile, band0, band1, band2, band3)
        SELECT {original}, 'done', like_this.thumbhash, like_this.blurhash, like_this.colours, like_this.camera, 1, like_this.profile,
            (random() * 65535)::bigint, (random() * 65535)::bigint, (random() * 65535)::bigint, (random() * 65535)::bigint
        FROM generate_series(1, {images}) AS i, like_this;
    INSERT INTO variants (image_id, key, label, digest, bytes, format, width, height, created_us, used_us)
        SELECT {id}, encode({variant}, 'hex'), 'w=' || v * 320 || '&format=webp', {variant}, 10000 + i, 'webp', v * 320, v * 240,
            1760000000000000 + i * 1000, 1760000000000000 + i * 1000 FROM generate_series(1, {images}) AS i, generate_series(1, {variants}) AS v;
    INSERT INTO jobs (id, image_id, owner, task, slot, priority, status, progress, attempts, result, created_us, updated_us)
        SELECT {id}, {id}, {some_owner}::text, like_this_job.task, 'web', 5, 'done', 100, 1, like_this_job.result, 1760000000000000 + i * 1000,
            1760000000000000 + i * 1000 FROM generate_series(1, {images}) AS i, like_this_job;
    INSERT INTO outbox (id, topic, key, body, created_us, delivered_us)
        SELECT {id}, 'images', ({id})::text, like_this_message.body, 1760000000000000 + i * 1000, 1 FROM generate_series(1, {images}) AS i, like_this_message;
    VACUUM ANALYZE;
    CHECKPOINT;"""
LIKE = {
    "like_this": "SELECT thumbhash, blurhash, colours, camera, profile FROM analyses WHERE state = 'done' LIMIT 1",
    "like_this_job": "SELECT task, result FROM jobs WHERE status = 'done' LIMIT 1",
    "like_this_message": "SELECT body FROM outbox WHERE topic = 'images' LIMIT 1",
}
SIZES = """
    SELECT relname, greatest(reltuples, 0), pg_table_size(oid), pg_indexes_size(oid) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT IN ('like_this', 'like_this_job', 'like_this_message')"""
# What gc and fsck ask for (adapters/sql/rows.rs, `referenced`).
REFERENCED = """
    SELECT count(*) FROM (SELECT digest, bytes FROM images UNION SELECT digest, bytes FROM variants
    UNION SELECT digest, bytes FROM renditions WHERE state = 'done') AS all_of_them"""


def at(url, database):
    return url.rpartition("/")[0] + "/" + database


def programs():
    """Where Debian has them: those that belong to the newest server."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(re.sub(r"\D", "", folder.parent.name) or 0))


def timed(*command):
    start = time.monotonic()
    subprocess.run([str(word) for word in command], check=True, env=os.environ, stdout=subprocess.DEVNULL)
    return time.monotonic() - start


def fill(stack, images):
    """A second database with the same schema and so many images; gives an open session."""
    there, filled = stack.catalog, at(stack.catalog, "filled")
    stack.queries.all("CREATE DATABASE filled TEMPLATE template0")
    tools = programs()
    schema = stack.data / "schema.sql"
    timed(tools / "pg_dump", "--schema-only", "--exclude-schema=x", "-f", schema, there)
    queries = Queries(filled)
    queries.all(f"\\i {schema}\nSET search_path = public")
    for table, query in LIKE.items():
        [row] = stack.queries.all(f"SELECT to_json(x) FROM ({query}) AS x") or [None]
        assert row, f"nothing was stored that {table} could be like"
        text = row[0].replace("'", "''")
        columns = ", ".join(re.findall(r"(\w+)(?=,| FROM)", query.removeprefix("SELECT ")))
        base = {"like_this": "analyses", "like_this_job": "jobs", "like_this_message": "outbox"}[table]
        queries.all(f"CREATE TABLE {table} AS SELECT {columns} FROM json_populate_record(NULL::{base}, '{text}')")
    words = {
        "images": images,
        "variants": VARIANTS,
        "id": UUID.format("i"),
        "owner": UUID.format("i"),
        "some_owner": UUID.format("(i % 100)"),
        "original": DIGEST.format("i", "original"),
        "master": DIGEST.format("i", "master"),
        "variant": DIGEST.format("(i * 10 + v)", "variant"),
    }
    for statement in FILL.format(**words).split(";")[:-1]:
        queries.all(statement)
    return queries


def of_rows(stack, photo, images):
    """Bytes a row, rows a second of a scan, an index, a dump and its return."""
    stack.start(1, 1)
    client = Client(stack.port)
    id = client.upload(photo)
    client.order([id], formats="webp")
    settle(stack)
    queries = fill(stack, images)
    tables = {
        name: {"rows": float(rows), "table": float(table), "indexes": float(indexes)}
        for name, rows, table, indexes in queries.all(SIZES)
        if float(rows) > 0
    }
    told = {"images": images, "variants": VARIANTS, "tables": tables}
    told["database"] = queries.number("SELECT pg_database_size(current_database())")
    start = time.monotonic()
    told["referenced"] = queries.number(REFERENCED)
    told["scan seconds"] = time.monotonic() - start
    start = time.monotonic()
    queries.all("CREATE INDEX another ON variants (created_us, image_id)")
    told["index seconds"] = time.monotonic() - start
    queries.all("DROP INDEX another")
    start = time.monotonic()
    queries.all("ALTER TABLE variants ADD COLUMN another BIGINT NOT NULL DEFAULT 0")
    told["column seconds"] = time.monotonic() - start
    dump, tools, filled = stack.data / "rows.dump", programs(), at(stack.catalog, "filled")
    told["dump seconds"] = timed(tools / "pg_dump", "-Fc", "-Z", "1", "-f", dump, filled)
    told["dump bytes"] = dump.stat().st_size
    stack.queries.all("CREATE DATABASE returned TEMPLATE template0")
    told["restore seconds"] = timed(tools / "pg_restore", "-d", at(stack.catalog, "returned"), "-j", "2", dump)
    queries.close()
    stack.queries.all("DROP DATABASE filled")
    stack.queries.all("DROP DATABASE returned")
    dump.unlink()
    client.ask("DELETE", f"/v1/images/{id}")
    settle(stack)
    stack.stop()
    return told


def of_scans(stack, photos, number, unique):
    """How fast fsck reads blobs, and gc lists them."""
    stack.start(1, 1)
    client = Client(stack.port, 8)
    bodies = [numbered(photos[index % len(photos)], next(unique)) for index in range(number)]
    ids = client.each(client.upload, bodies)
    settle(stack)
    [blobs, size] = map(float, stack.queries.one("SELECT count(*), sum(bytes) FROM blobs"))
    told = {"blobs": blobs, "bytes": size}
    for command in (["fsck"], ["gc", "--dry-run"]):
        start = time.monotonic()
        stack.imagestore(*command)
        told[f"{command[0]} seconds"] = time.monotonic() - start
    start = time.monotonic()
    stack.imagestore("renditions", "status")
    told["start seconds"] = time.monotonic() - start
    client.each(lambda id: client.ask("DELETE", f"/v1/images/{id}"), ids)
    settle(stack)
    stack.stop()
    return told
