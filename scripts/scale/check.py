"""The clients of scripts/check-scale: `fill` uploads and notes what was acknowledged, `verify` asks for all of it, `outage` halts PostgreSQL."""

import hashlib
import json
import os
import re
import signal
import sys
import threading
import urllib.error
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from clients import CLIENTS, Faults, ask, ask_again, finished, order, picture, wait_until
from watchers import Broker, Feed


def fill(store, compress, run, ledger, count):
    count, run, faults, kept = int(count), Path(run), Faults(), []
    # Most often the balancer gives each imagestore one of them.
    feeds, broker = [Feed(store) for _ in range(3)], Broker(run)
    for watcher in (*feeds, broker):
        watcher.start()
    wait_until("the live feed", lambda: all(feed.connections for feed in feeds))
    first = [upload(store, faults, kept, seed) for seed in range(8)]
    jobs = order(faults, store, first)
    kills = threading.Lock()

    def one(seed):
        upload(store, faults, kept, seed)
        # Once, while the other clients send.
        if len(kept) >= count // 3 and kills.acquire(blocking=False):
            os.kill(int((run / "imagestore-1.pid").read_text()), signal.SIGKILL)

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(one, range(8, count)))
    Path(ledger).write_text(json.dumps(kept))
    assert kills.locked(), "nothing was killed"
    stored = json.loads(ask(store + "/v1/stats"))["images"]["count"]
    assert count <= stored <= count + faults.total(), f"{count} uploads became {stored} images"
    assert json.loads(ask(f"{compress}/compress/{kept[-1]['id']}?type=webp&target=low"))["status"] == "OK"
    wait_until("the jobs", lambda: finished(store, faults, jobs))
    acknowledged = {("image.stored", entry["id"]) for entry in kept}
    for watcher in (*feeds, broker):
        missing = lambda: watcher.told.lacks(acknowledged)
        wait_until(f"what {type(watcher).__name__} is told", lambda: not missing(), missing)
    back = sum(feed.connections > 1 for feed in feeds)
    print(f"{count} pictures acknowledged to {CLIENTS} clients, one imagestore killed meanwhile; sent again: {faults}")
    print(f"{len(jobs)} compressions done; all uploads told to the broker and by the live feed, of which {back} of {len(feeds)} had to connect again")


def upload(store, faults, kept, seed):
    content = picture(seed)
    record = json.loads(ask_again(faults, f"{store}/v1/images?name={seed}.png", content))
    kept.append({"id": record["id"], "sha256": hashlib.sha256(content).hexdigest()})
    assert ask_again(faults, f"{store}/i/{record['id']}.webp?w=64")[8:12] == b"WEBP"
    return record["id"]


def verify(store, ledger):
    kept = json.loads(Path(ledger).read_text())

    def one(entry):
        content = ask(f"{store}/i/{entry['id']}")
        assert hashlib.sha256(content).hexdigest() == entry["sha256"], f"{entry['id']} has other bytes"
        assert ask(f"{store}/i/{entry['id']}.webp?w=64")[8:12] == b"WEBP"

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(one, kept))
    print(f"{len(kept)} of {len(kept)} acknowledged pictures are there, byte for byte, with their variants")


def outage(store, run, ledger):
    """While PostgreSQL hangs, what is at hand is served and the rest refused; then all goes on."""
    run, picture_at_hand = Path(run), f"/i/{json.loads(Path(ledger).read_text())[0]['id']}.webp?w=64"
    upstream = re.search(r"upstream stores \{.*?\}", (run / "nginx.conf").read_text(), re.DOTALL)[0]
    for port in re.findall(r"127\.0\.0\.1:(\d+)", upstream):
        ask(f"http://127.0.0.1:{port}{picture_at_hand}")
    parent = int((run / "postgres.pid").read_text())
    processes = [parent, *map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())]
    signal_all(processes, signal.SIGSTOP)
    try:
        for _ in range(6):
            assert ask(store + picture_at_hand)[8:12] == b"WEBP"
            try:
                sys.exit(f"a list while PostgreSQL hangs: {ask(store + '/v1/images')}")
            except urllib.error.HTTPError as error:
                assert (error.code, json.loads(error.read())["code"]) == (503, "unavailable")
    finally:
        signal_all(processes, signal.SIGCONT)
    wait_until("a list", lambda: answers(store + "/v1/images?limit=1"))
    print("while PostgreSQL hung, pictures at hand were served, lists refused; then all went on")


def answers(url):
    try:
        return bool(ask(url))
    except urllib.error.HTTPError:
        return False


def signal_all(processes, number):
    for process in processes:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            pass


if __name__ == "__main__":
    {"fill": fill, "verify": verify, "outage": outage}[sys.argv[1]](*sys.argv[2:])
