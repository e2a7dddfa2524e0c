"""Checks by name, how they went, and what they have in common."""

import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from google.rpc import error_details_pb2 as details
from grpc_status import rpc_status

# No call of a check takes as long.
PATIENCE = 120
CHECKS = []


@dataclass
class Store:
    """A running store: where it is, where it keeps its files, and the keys that it knows, by user."""

    address: str
    data: Path
    mode: str
    keys: dict = field(default_factory=dict)
    ids: dict = field(default_factory=dict)

    def channel(self, *options, **arguments):
        """A channel that takes messages of any size."""
        options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1), *options]
        return grpc.insecure_channel(self.address, options, **arguments)

    def key(self, user):
        """The metadata that shows the user's key."""
        return [("authorization", f"Bearer {self.keys[user]}")] if user in self.keys else []

    def under_way(self):
        """Bytes of uploads that are not stored yet."""
        return sum(size_of(path) for path in (self.data / "staging").rglob("*"))

    def leavings(self):
        """Files of uploads that are not stored yet."""
        return [path.name for path in (self.data / "staging").rglob("*") if path.is_file()]


def size_of(path):
    """Bytes of a file that may be gone by now."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0


def check(says, mode="off"):
    """Names a check, which gets a store with this auth.mode."""
    return lambda function: CHECKS.append((mode, says, function)) or function


def run(store, only):
    """Runs the checks of the store's mode whose name has the word in it; gives how many there were and how many failed."""
    mine = [(says, function) for mode, says, function in CHECKS if mode == store.mode and only in says]
    failed = 0
    for says, function in mine:
        begun = time.monotonic()
        try:
            function(store)
            print(f"  ok    {says} ({time.monotonic() - begun:.1f} s)", flush=True)
        except Exception:
            failed += 1
            print(f"  FAIL  {says}\n{traceback.format_exc(limit=-4)}", flush=True)
    return len(mine), failed


def equal(found, expected):
    """An assertion that tells what was found instead."""
    assert found == expected, f"{shortened(found)} in place of {shortened(expected)}"


def shortened(value):
    text = repr(value)
    return text if len(text) < 500 else f"{text[:500]}… ({len(text)} characters)"


def until(holds, what):
    """Waits at most 30 s."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, f"still not so after 30 s: {what}"
        time.sleep(0.01)


def refused(call, code, reason=None, field=None):
    """Expects that the call fails with this code, and with google.rpc details: this reason, and this field or none."""
    try:
        answer = call()
        answer = list(answer) if hasattr(answer, "__next__") else answer
    except grpc.RpcError as error:
        equal(error.code(), code)
        return told(error, reason, field) if reason else error
    raise AssertionError(f"answered instead of {code}: {shortened(answer)}")


def told(error, reason, field):
    """What the details say, by type, after a look at those that every error has."""
    status = rpc_status.from_call(error)
    assert status, f"no details: {error.details()}"
    found = {}
    for any_of in status.details:
        message = getattr(details, any_of.TypeName().rsplit(".", 1)[-1])()
        assert any_of.Unpack(message), any_of
        found[type(message).__name__] = message
    equal((found["ErrorInfo"].reason, found["ErrorInfo"].domain), (reason, "imagestore"))
    fields = [violation.field for violation in found["BadRequest"].field_violations] if "BadRequest" in found else []
    equal(fields, [field] if field else [])
    assert len(error.details()) > 10, error.details()
    request_id = dict(error.initial_metadata() or ()).get("x-request-id") or dict(error.trailing_metadata())["x-request-id"]
    equal(found["RequestInfo"].request_id, request_id)
    return found
