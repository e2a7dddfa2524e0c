"""What was acknowledged, and whether it is so."""

import hashlib
import json
import subprocess
import threading
import urllib.error
from concurrent.futures import ThreadPoolExecutor

from clients import CLIENTS, Faults, ask, finished, wait_until

# Of these there is one event for each image or variant; further ones would be duplicates with another id.
ONCE = ("image.stored", "image.deleted", "variant.stored")


class Ledger:
    """What clients were told to be done; any thread may write."""

    def __init__(self):
        self.lock = threading.Lock()
        # By ids: the digests of those that are there, those that may be deleted next, those that were deleted; of jobs the variants that they are to make.
        self.images, self.idle, self.deleted, self.jobs = {}, [], set(), {}
        # The jobs that are known to be done, and the variants that they made.
        self.finished, self.variants = set(), set()
        # The images that were compared at every store.
        self.compared = set()
        self.seeds = 0
        self.faults = Faults(without=(503,))

    def next_seed(self):
        with self.lock:
            self.seeds += 1
            return self.seeds

    def uploaded(self, image, content, may_be_deleted):
        with self.lock:
            self.images[image] = hashlib.sha256(content).hexdigest()
            if may_be_deleted:
                self.idle.append(image)

    def take_one_to_delete(self):
        """The oldest; from now on nobody counts on it."""
        with self.lock:
            # Some are left to the readers.
            if len(self.idle) < 20:
                return None
            image = self.idle.pop(0)
            del self.images[image]
            return image

    def counts(self):
        return len(self.images) + len(self.deleted), len(self.deleted), len(self.jobs)


def settle(ledger, topology, feeds, broker):
    """Waits until what was ordered is done and everything was told; nothing may be left in between."""
    jobs = set(ledger.jobs) - ledger.finished
    wait_until("the jobs", lambda: finished(topology.store, ledger.faults, jobs), lambda: unfinished(topology.store))
    ledger.finished |= jobs
    left = unfinished(topology.store)
    assert not left, f"jobs that nobody ordered: {left}"
    # Where nothing smaller was found there is no variant.
    ledger.variants |= {ledger.jobs[job] for job in jobs if not result(topology.store, job)["kept"]}
    wanted = {("image.stored", image) for image in ledger.images} | {("image.deleted", image) for image in ledger.deleted}
    wanted |= {("variant.stored", variant) for variant in ledger.variants}
    # A live feed passes over what is gone again when it looks.
    is_told(broker, wanted | {("image.stored", image) for image in ledger.deleted})
    # What an imagestore does in its last moment, the others may not hear of: live feeds live in memory.
    wanted -= broker.told.just_before(topology.kills)
    for feed in feeds:
        is_told(feed, wanted)
    sinks = json.loads(ask(topology.store + "/v1/admin/sinks"))["sinks"]
    assert not any(sink["dead_letters"] for sink in sinks), sinks


def is_told(watcher, wanted):
    told = watcher.told
    wait_until("what is told", lambda: not told.lacks(wanted), lambda: f"{watcher}: {told.lacks(wanted)}")
    assert not told.wrong, f"one event in two ways: {told.wrong}"
    twice = {about: ids for about, ids in told.ids.items() if about[0] in ONCE and len(ids) > 1}
    assert not twice, f"{watcher} was told twice, by events that differ: {twice}"


def result(store, job):
    return json.loads(ask(f"{store}/v1/jobs/{job}"))["result"]


def unfinished(store):
    return [job for status in ("queued", "leased", "running") for job in json.loads(ask(f"{store}/v1/jobs?status={status}"))["jobs"]]


def compare(ledger, topology, anew=False):
    """Asks every store by itself for what was acknowledged, and for what was deleted; what was asked for before only `anew`."""
    listed, cursor = [], ""
    while cursor is not None:
        page = json.loads(ask(f"{topology.store}/v1/images?limit=500{cursor}"))
        listed += [image["id"] for image in page["images"]]
        cursor = page["cursor"] and f"&cursor={page['cursor']}"
    assert set(listed) == set(ledger.images), f"the list differs in {set(listed) ^ set(ledger.images)}"

    def is_there(place):
        store, image = place
        digest = hashlib.sha256(ask(f"{store}/i/{image}")).hexdigest()
        assert digest == ledger.images[image], f"{image} has other bytes at {store}"

    def is_gone(place):
        store, image = place
        try:
            ask(f"{store}/i/{image}")
        except urllib.error.HTTPError as error:
            assert error.code == 404, f"{image}, which was deleted, is answered {error.code} at {store}"
        else:
            raise AssertionError(f"{image}, which was deleted, is there at {store}")

    def variant_is_there(variant):
        image, name = variant.split("/")
        assert ask(f"{topology.store}/download/{image}?transform={name}")

    with ThreadPoolExecutor(CLIENTS) as clients:
        known = set() if anew else ledger.compared
        for look, ids in ((is_there, set(ledger.images) - known), (is_gone, ledger.deleted)):
            list(clients.map(look, [(store, image) for store in topology.stores for image in ids]))
        list(clients.map(variant_is_there, ledger.variants))
    ledger.compared |= set(ledger.images)


def check_records(topology, program):
    """Compares every record with its bytes, and looks for panics."""
    command = f'set -a && source "{topology.run}/imagestore.env" && exec "{program}" fsck'
    fsck = None

    def has_looked():
        nonlocal fsck
        fsck = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
        # What it needs may still be slow after the fault.
        return "is not available" not in fsck.stderr

    wait_until("fsck", has_looked, lambda: fsck.stderr)
    assert fsck.returncode == 0, f"fsck is not content: {fsck.stdout} {fsck.stderr}"
    for log in topology.run.glob("image*.log"):
        assert "panicked" not in log.read_text(errors="replace"), f"something panicked; see {log}"
