"""Clients: photographs, and requests of several at a time."""

import http.client
import json
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

PATIENCE = 300
# What photographs are called, and their pixels.
SIZES = {"tiny": (32, 24), "small": (320, 213), "2 MP": (1732, 1155), "12 MP": (4242, 2828), "24 MP": (6000, 4000)}
LARGE = ("2 MP", "12 MP", "24 MP")


def numbered(jpeg, number):
    """The same photograph with other bytes: a comment behind its beginning."""
    text = str(number).encode()
    return jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + jpeg[2:]


class Client:
    """Each thread keeps its connection."""

    def __init__(self, port, clients=4):
        self.port, self.clients, self.own = port, clients, threading.local()

    def ask(self, method, path, body=None, accept=(200, 201, 202, 204)):
        for attempt in (1, 2):
            connection = getattr(self.own, "connection", None)
            is_new = connection is None
            if is_new:
                connection = self.own.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            try:
                connection.request(method, path, body)
                answer = connection.getresponse()
                content = answer.read()
                break
            except (OSError, http.client.HTTPException):
                # A connection that was kept may have been closed meanwhile.
                self.own.connection = None
                if is_new or attempt == 2:
                    raise
        assert answer.status in accept, f"{method} {path}: {answer.status} {content[:300]}"
        return content

    def each(self, work, items):
        with ThreadPoolExecutor(self.clients) as threads:
            return list(threads.map(work, items))

    def upload(self, jpeg):
        return json.loads(self.ask("POST", "/v1/images", jpeg))["id"]

    def order(self, ids, **more):
        """A job for each of these."""
        for start in range(0, len(ids), 500):
            self.ask("POST", "/v1/compressions", json.dumps({"ids": ids[start : start + 500], "target": "medium", **more}))


def photographs(client, folder, motifs, counts):
    """The largest photos below a folder, in each of the sizes, as imagestore itself scales them: of some sizes so many, each of another part
    of the photo, since equal pictures would have equal variants."""
    found = sorted(folder.rglob("*.jpg"), key=lambda file: (-file.stat().st_size, file))
    # Wallpapers come in several sizes: the largest of each.
    chosen = {}
    for file in found:
        chosen.setdefault((file.parent, file.stem.rstrip("0123456789x_")), file)
    sources = [client.upload(file.read_bytes()) for file in list(chosen.values())[:motifs]]
    records = [json.loads(client.ask("GET", f"/v1/images/{source}")) for source in sources]

    def part(size, number):
        record, step = records[number % len(records)], 8 * (number // len(records))
        (width, height), crop = SIZES[size], f"{step},{step},{record['width'] - 200},{record['height'] - 200}"
        return client.ask("GET", f"/i/{record['id']}.jpg?crop={crop}&w={width}&h={height}&fit=cover&enlarge=1&q=90")

    made = {size: client.each(lambda number, size=size: part(size, number), range(counts.get(size, motifs))) for size in SIZES}
    for source in sources:
        client.ask("DELETE", f"/v1/images/{source}")
    return made
