"""What clients of several imagestores do: pictures, requests that are sent again, and waiting."""

import collections
import http.client
import json
import random
import struct
import time
import urllib.error
import urllib.request
import zlib

CLIENTS = 8
# Within which everything that is waited for has to come.
PATIENCE = 120


def picture(seed):
    """A PNG of coloured stripes and some noise, which differs with its seed; each eighth has 1.5 megapixels."""
    made = random.Random(seed)
    width, height = (1500, 1000) if seed % 8 == 0 else (240, 160)
    stripe = bytes(made.randrange(256) for _ in range(30)) * (width // 10)
    return png(width, height, b"".join(b"\0" + stripe[: width * 3 - 6] + made.randbytes(6) for _ in range(height)), level=1)


def png(width, height, rows, level):
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows, level)) + part(b"IEND", b"")


def part(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def ask(url, data=None, method=None):
    with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=PATIENCE) as answer:
        return answer.read()


class Faults(collections.Counter):
    """What was answered in place of an acknowledgement, and sent again. Other faults than these may not be answered."""

    def __init__(self, with_body=(503,), without=()):
        super().__init__()
        self.allowed = {True: with_body, False: without}

    def __str__(self):
        return ", ".join(f"{count} x {kind}" for kind, count in self.items()) or "nothing"

    def note(self, url, data, error):
        """Counts an answer that is none, if it is one that may be given."""
        told = error.read()
        assert error.code in self.allowed[data is not None], f"{url}: {error.code} {told}"
        assert error.code != 503 or error.headers["Retry-After"], f"{url}: {error.headers} {told}"
        assert json.loads(told)["code"], f"{url}: {told}"
        self[str(error.code)] += 1


def ask_again(faults, url, data=None, method=None, pause=0.2):
    """The answer; a request that failed for a reason which passes is sent again. One that is refused (4xx) is the caller's."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return ask(url, data, method)
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise
            faults.note(url, data, error)
        except (OSError, http.client.HTTPException) as error:
            faults[type(error).__name__] += 1
        assert time.monotonic() < end, f"{url} is not answered: {faults}"
        time.sleep(pause)


def wait_until(what, is_so, why=str):
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, f"waited in vain for {what} {why()}"
        time.sleep(0.1)


def order(faults, store, ids):
    """Orders compressions; gives the jobs."""
    body = json.dumps({"ids": ids, "target": "medium", "name": "web"}).encode()
    return [job["id"] for job in json.loads(ask_again(faults, store + "/v1/compressions", body))["jobs"]]


def finished(store, faults, jobs):
    records = [json.loads(ask_again(faults, f"{store}/v1/jobs/{job}")) for job in jobs]
    bad = [record for record in records if record["status"] in ("failed", "dead", "cancelled")]
    assert not bad, bad
    return all(record["status"] == "done" for record in records)
