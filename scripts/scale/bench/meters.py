"""What passed between the parts, and what it cost, from one look to the next."""

import re
import subprocess
import time

# Words of a transaction, which are no work of their own.
FRAME = ("BEGIN%", "COMMIT%", "ROLLBACK%", "SAVEPOINT%", "RELEASE%", "SELECT pg_advisory_xact_lock%")
# What looks within a transaction that writes. Everything else that looks does so beside it, on other connections. The beginning of a
# transaction and its lock are one way.
LOOKS = ("SELECT doomed%", "SELECT EXISTS%", "SELECT (SELECT min(due_us)%", "SELECT owner, handed_out%", "SELECT count(*) FROM jobs%")
STATEMENTS = f"""
    SELECT coalesce(sum(calls) FILTER (WHERE NOT query LIKE ANY (ARRAY{list(FRAME)})), 0),
           coalesce(sum(calls) FILTER (WHERE query LIKE 'COMMIT%'), 0),
           coalesce(sum(calls) FILTER (WHERE query LIKE 'SELECT pg_notify%'), 0),
           coalesce(sum(calls) FILTER (WHERE query NOT LIKE ALL (ARRAY['SELECT%', 'BEGIN%'])
                                          OR query LIKE ANY (ARRAY{list(("SELECT pg_advisory_xact_lock%", *LOOKS))})), 0)
    FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid
    WHERE datname = current_database() AND query NOT LIKE '%/* looking */%'"""
SENT = "SELECT pg_current_wal_lsn() - '0/0', (SELECT coalesce(sum(sent), 0) FROM sinks)"
# A line of Garage for each request, with its colours.
REQUEST = re.compile(rb"\) (GET|HEAD|PUT|POST|DELETE) /")


class Meters:
    """Reads all meters of a stack; each reading adds up from the beginning."""

    def __init__(self, stack):
        self.stack = stack
        self.logs = {"garage": 0, "requests": 0}
        self.total, self.connections = {}, {}
        # What was logged by an earlier process does not count.
        for name in self.logs:
            self.fresh(name)
        self.look_at_connections()

    def fresh(self, name):
        file = self.stack.run / f"{name}.log"
        with file.open("rb") as log:
            log.seek(self.logs[name])
            lines = log.read()
        whole = lines.rfind(b"\n") + 1
        self.logs[name] += whole
        return lines[:whole]

    def add(self, name, value):
        self.total[name] = self.total.get(name, 0) + value

    def look_at_connections(self):
        """Bytes between imagestore and its servers, of every connection since it was seen first."""
        for server, port in self.stack.ports.items():
            told = subprocess.run(
                ["ss", "-tinHO", "state", "established", f"( sport = :{port} )"], check=True, capture_output=True, text=True
            ).stdout
            for line in told.splitlines():
                peer = (server, line.split()[3])
                now = tuple(
                    int(found[1]) if (found := re.search(rf"\b{word}:(\d+)", line)) else 0 for word in ("bytes_received", "bytes_acked")
                )
                before = self.connections.get(peer, (0, 0))
                self.add(f"to {server}", now[0] - before[0])
                self.add(f"from {server}", now[1] - before[1])
                self.connections[peer] = now

    def read(self):
        """Everything up to now."""
        queries = self.stack.queries
        statements, commits, notices, locked = map(float, queries.one(STATEMENTS))
        wal, events = map(float, queries.one(SENT))
        for method in REQUEST.findall(self.fresh("garage")):
            self.add(method.decode(), 1)
        for line in self.fresh("requests").splitlines():
            port, _, received, sent, *_ = line.split()
            side = "stores" if int(port) == self.stack.port else "compressors"
            self.add(f"to {side}", int(received))
            self.add(f"from {side}", int(sent))
            self.add(f"asked {side}", 1)
        self.look_at_connections()
        cpu = {f"cpu {part}": used for part, used in self.stack.cpu().items()}
        counted = {"statements": statements, "commits": commits, "notices": notices, "locked": locked, "wal": wal, "events": events}
        return {"seconds": time.monotonic(), **self.total, **cpu, **counted}


def difference(before, after):
    return {name: after[name] - before.get(name, 0) for name in after}


def is_quiet(stack):
    """Whether nothing is left to do for anybody."""
    [left] = stack.queries.one("""
        SELECT (SELECT count(*) FROM claims) + (SELECT count(*) FROM deliveries WHERE dead_us IS NULL)
             + (SELECT count(*) FROM renditions WHERE state = 'pending') + (SELECT count(*) FROM analyses WHERE state = 'pending')
             + (SELECT count(*) FROM blobs WHERE doomed = 1)
             + (SELECT count(*) FROM jobs WHERE status IN ('queued', 'leased', 'running'))""")
    return left == "0"


def settle(stack, look=None, patience=600):
    """Waits until nothing was left to do, and no request came, for a while; looks now and then."""
    end, quiet, log = time.monotonic() + patience, 0, None
    while quiet < 3:
        if look:
            look()
        assert time.monotonic() < end, "what follows the requests does not come to its end"
        time.sleep(0.25)
        size = (stack.run / "garage.log").stat().st_size
        quiet = quiet + 1 if is_quiet(stack) and size == log else 0
        log = size
