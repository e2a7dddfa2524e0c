"""Clients: photographs, and requests of several at a time."""

import http.client
import json
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

PATIENCE = 300
# Pixels of a photograph, and how it is called.
SIZES = {"2 MP": (1732, 1155), "12 MP": (4242, 2828), "24 MP": (6000, 4000)}


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


def photographs(client, folder, motifs):
    """The largest photos below a folder, in each of the sizes and as a small one, as imagestore itself scales them."""
    found = sorted(folder.rglob("*.jpg"), key=lambda file: (-file.stat().st_size, file))
    # Wallpapers come in several sizes: the largest of each.
    chosen = {}
    for file in found:
        chosen.setdefault((file.parent, file.stem.rstrip("0123456789x_")), file)
    made = {size: [] for size in ("tiny", "small", *SIZES)}
    for file in list(chosen.values())[:motifs]:
        source = client.upload(file.read_bytes())
        for size, (width, height) in {"tiny": (32, 24), "small": (320, 213), **SIZES}.items():
            box = f"w={width}&h={height}&fit=cover&enlarge=1&q=90"
            made[size].append(client.ask("GET", f"/i/{source}.jpg?{box}"))
        client.ask("DELETE", f"/v1/images/{source}")
    return made
