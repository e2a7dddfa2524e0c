"""The clients of scripts/check-scale: `fill` uploads and notes what was acknowledged, `streams` looks whether the balancer keeps anything back,
`grpc` is the client of imagestore, `verify` asks for all of it, `told` reads the topics of Kafka once more, `outage` halts PostgreSQL."""

import atexit
import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import kafka
from clients import CLIENTS, PATIENCE, Faults, ask, ask_again, finished, order, picture, png, wait_until
from watchers import Broker, Feed


def fill(store, compress, run, ledger, count):
    count, run, faults, kept = int(count), Path(run), Faults(), []
    # Most often the balancer gives each imagestore one of them.
    feeds, broker, topics = [Feed(store) for _ in range(3)], Broker(run), kafka.Topics(run)
    for watcher in (*feeds, broker, topics):
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
    # Announced by one that was not killed, also if the other one did so before.
    jobs += order(faults, store, [entry["id"] for entry in kept[-8:]])
    wait_until("the jobs", lambda: finished(store, faults, jobs))
    acknowledged = {("image.stored", entry["id"]) for entry in kept}
    for watcher in (*feeds, broker, topics):
        missing = lambda: watcher.told.lacks(acknowledged)
        wait_until(f"what {type(watcher).__name__} is told", lambda: not missing(), missing)
    topics.check()
    wait_until("the announcements", lambda: topics.announced >= set(jobs), lambda: set(jobs) - topics.announced)
    wait_until("what the group commits", lambda: kafka.waiting(run)[0] == 0, lambda: kafka.waiting(run))
    back = sum(feed.connections > 1 for feed in feeds)
    print(f"{count} pictures acknowledged to {CLIENTS} clients, one imagestore killed meanwhile; sent again: {faults}")
    print(f"{len(jobs)} compressions announced by Kafka and done; there are {topics}")
    print(f"all uploads told by Kafka, by MQTT and by the live feed, of which {back} of {len(feeds)} had to connect again")


def upload(store, faults, kept, seed):
    content = picture(seed)
    record = json.loads(ask_again(faults, f"{store}/v1/images?name={seed}.png", content))
    kept.append({"id": record["id"], "sha256": hashlib.sha256(content).hexdigest()})
    assert ask_again(faults, f"{store}/i/{record['id']}.webp?w=64")[8:12] == b"WEBP"
    return record["id"]


def streams(store, run):
    """What is large passes through nginx as it comes: with a client that takes its time nothing is put into a file meanwhile."""
    noise = random.Random(0).randbytes(3000 * 2000 * 3)
    rows = b"".join(b"\0" + noise[at : at + 9000] for at in range(0, len(noise), 9000))
    content = png(3000, 2000, rows, level=0)
    url = f"{store}/i/{json.loads(ask(store + '/v1/images', content))['id']}"
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        begin = answer.read(1024)
        # Time enough for nginx to have all of the first answer.
        assert ask(url) == content
        assert begin + answer.read() == content
    files = [path for folder in ("1", "2") for path in Path(run, "nginx", folder).iterdir()]
    assert not files, f"nginx put bodies or answers into {files}"
    print(f"{len(content)} bytes up and down, and nothing in a file of the balancer")


def grpc(program, server):
    """Calls, streams both ways and a feed that goes on."""

    def client(*arguments, content=None):
        command = [program, "client", *arguments, "--server", server]
        return subprocess.run(command, input=content, stdout=subprocess.PIPE, check=True, timeout=PATIENCE).stdout

    # Of 1.5 megapixels: a message of an upload has 64 KiB.
    content, ids, heard = picture(1000), [], []
    watch = subprocess.Popen([program, "client", "watch", "--json", "--server", server], stdout=subprocess.PIPE)
    atexit.register(watch.kill)
    threading.Thread(target=lambda: heard.extend(iter(watch.stdout.readline, b"")), daemon=True).start()

    def is_told():
        ids.append(client("upload", "-", content=content).decode().split("\t")[0])
        return any(ids[0] in line.decode() or ids[-1] in line.decode() for line in heard)

    wait_until("what gRPC is told", is_told, lambda: heard)
    assert client("get", ids[0], "--output", "-") == content
    assert ids[-1] in client("ls", "--limit", "1").decode()
    watch.kill()
    print(f"gRPC: {len(content)} bytes up and down, {len(heard)} events heard")


def verify(store, ledger):
    kept = json.loads(Path(ledger).read_text())

    def one(entry):
        content = ask(f"{store}/i/{entry['id']}")
        assert hashlib.sha256(content).hexdigest() == entry["sha256"], f"{entry['id']} has other bytes"
        assert ask(f"{store}/i/{entry['id']}.webp?w=64")[8:12] == b"WEBP"

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(one, kept))
    print(f"{len(kept)} of {len(kept)} acknowledged pictures are there, byte for byte, with their variants")


def told(store, run, ledger):
    """Kafka has kept everything, the group goes on where it was, and jobs go through it as before."""
    run, ids = Path(run), [entry["id"] for entry in json.loads(Path(ledger).read_text())]
    _, before = kafka.waiting(run)
    topics = kafka.Topics(run)
    topics.start()
    before_that = {("image.stored", image) for image in ids}
    wait_until("the events of before", lambda: not topics.told.lacks(before_that), lambda: topics.told.lacks(before_that))
    topics.check()
    jobs = order(Faults(), store, ids[8:16])
    wait_until("the jobs", lambda: finished(store, Faults(), jobs))
    wait_until("what the group commits", lambda: kafka.waiting(run)[0] == 0, lambda: kafka.waiting(run))
    _, after = kafka.waiting(run)
    assert after >= before + len(jobs) > len(jobs), f"there were {before} announcements, and {after} after {len(jobs)} jobs more"
    print(f"there still are {topics}; {len(jobs)} compressions more")


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
    {"fill": fill, "streams": streams, "grpc": grpc, "verify": verify, "told": told, "outage": outage}[sys.argv[1]](*sys.argv[2:])
