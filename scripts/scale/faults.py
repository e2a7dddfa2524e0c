"""The drills of scripts/check-faults: faults.py RUN IMAGESTORE [DRILL ...], or faults.py --list."""

import sys
import time

from clients import ask_again, finished, order, wait_until
from drills import DRILLS
from ledger import Ledger, check_records, compare, settle
from load import Load
from topology import Topology
from watchers import Broker, Feed


def recovery(load, feeds, broker):
    """After how many seconds an upload, a variant that nobody asked for, a job and an event have got through."""
    begun, ledger, store = time.monotonic(), load.ledger, load.topology.store
    after = {}

    def through(what):
        after[what] = time.monotonic() - begun

    image = load.add()
    through("upload")
    assert ask_again(ledger.faults, f"{store}/i/{image}.webp?w=77", pause=0.1)[8:12] == b"WEBP"
    through("variant")
    jobs = order(ledger.faults, store, [image])
    ledger.jobs[jobs[0]] = f"{image}/web"

    def untold():
        return [str(watcher) for watcher in (*feeds, broker) if watcher.told.lacks([("image.stored", image)])]

    pending = {"event": lambda: not untold(), "job": lambda: finished(store, ledger.faults, jobs)}

    def all_through():
        for what in [what for what, is_so in pending.items() if is_so()]:
            through(what)
            del pending[what]
        return not pending

    wait_until("the first to get through", all_through, lambda: f"{list(pending)} {untold()}")
    return after


def run(drill, ledger, topology, watchers, program):
    """Gives the times of recovery, and the longest that a request was sent again and again, with its URL."""
    feeds, broker = watchers
    drill.prepare()
    with Load(topology, ledger) as load:
        load.goes_on()
        drill.fault()
        after = recovery(load, feeds, broker)
        load.goes_on()
    settle(ledger, topology, feeds, broker)
    compare(ledger, topology)
    check_records(topology, program)
    drill.clean_up()
    return after, load.longest


def main(folder, program, *names):
    topology, ledger = Topology(folder), Ledger()
    # Most often the balancer gives each imagestore one of them.
    feeds, broker = [Feed(topology.store) for _ in topology.stores], Broker(topology.run)
    for watcher in (*feeds, broker):
        watcher.start()
    wait_until("the live feed", lambda: all(feed.connections for feed in feeds))
    for name in names or DRILLS:
        drill = DRILLS[name](topology, ledger.faults)
        if reason := drill.impossible():
            print(f"{name}: left out, since {reason}", flush=True)
            continue
        before, repeated = ledger.counts(), broker.told.repeated
        begun = time.monotonic()
        ledger.faults.clear()
        ledger.faults.allowed[True] = drill.ANSWERS
        after, (longest, url) = run(drill, ledger, topology, (feeds, broker), program)
        uploads, deletions, jobs = (now - then for now, then in zip(ledger.counts(), before))
        parts = ", ".join(f"{what} {seconds:.1f}" for what, seconds in after.items())
        print(f"{name}: {drill.__doc__}; recovered after {max(after.values()):.1f} s ({parts})")
        print(
            f"    {uploads} uploads, {deletions} deletions and {jobs} jobs acknowledged, and so they are; {broker.told.repeated - repeated} events "
            f"told again; sent again: {ledger.faults}; at most for {longest:.0f} s ({url.partition('/v1')[2] or url}); {time.monotonic() - begun:.0f} s in all",
            flush=True,
        )
    compare(ledger, topology, anew=True)
    uploads, deletions, jobs = ledger.counts()
    print(f"at the end all is as acknowledged at each imagestore: {uploads} uploads, {deletions} deletions, {jobs} jobs")


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        for name, kind in DRILLS.items():
            print(f"{name:<10} {kind.__doc__}")
    else:
        main(*sys.argv[1:])
