"""Clients that upload, look, delete and order at the same time, for as long as a drill takes."""

import json
import random
import threading
import time
import urllib.error
from concurrent.futures import ThreadPoolExecutor

from clients import ask_again, order, picture, wait_until


class Load:
    """Runs within a `with`; what it was acknowledged is in the ledger."""

    def __init__(self, topology, ledger):
        self.topology, self.ledger, self.ended = topology, ledger, threading.Event()
        self.done, self.longest = 0, (0, "")

    def __enter__(self):
        clients = [self.upload] * 3 + [self.look] * 2 + [self.delete, self.order, self.compress]
        self.pool = ThreadPoolExecutor(len(clients))
        self.running = [self.pool.submit(self.repeat, client) for client in clients]
        return self

    def __exit__(self, kind, error, trace):
        self.ended.set()
        for client in self.running:
            # What they are at comes to its end.
            client.result()

    def repeat(self, client):
        try:
            while not self.ended.is_set():
                client()
        except BaseException:
            self.ended.set()
            raise

    def goes_on(self):
        """Waits until some more requests were acknowledged."""
        enough = self.done + 20
        wait_until("the clients", lambda: self.ended.is_set() or self.done >= enough)
        assert not self.ended.is_set(), [client.exception() for client in self.running if client.done()]

    def ask(self, *request):
        begun = time.monotonic()
        answer = ask_again(self.ledger.faults, *request)
        self.done += 1
        self.longest = max(self.longest, (time.monotonic() - begun, request[0]))
        return answer

    def upload(self):
        self.add(may_be_deleted=True)
        time.sleep(0.4)

    def add(self, may_be_deleted=False):
        seed = self.ledger.next_seed()
        content = picture(seed)
        # What was stored although nobody was told so is not stored twice.
        record = json.loads(self.ask(f"{self.topology.store}/v1/images?name={seed}.png&on_duplicate=return", content))
        self.ledger.uploaded(record["id"], content, may_be_deleted)
        return record["id"]

    def look(self):
        """A variant that nobody asked for before."""
        image = random.choice(list(self.ledger.images) or [None])
        if image:
            url = f"{self.topology.store}/i/{image}.webp?w={random.randrange(16, 200)}&q={random.randrange(1, 100)}"
            try:
                assert self.ask(url)[8:12] == b"WEBP", f"{url} is no WebP"
            except urllib.error.HTTPError as error:
                assert error.code == 404 and image not in self.ledger.images, f"{url} is answered {error.code}"
        time.sleep(0.3)

    def delete(self):
        if image := self.ledger.take_one_to_delete():
            try:
                self.ask(f"{self.topology.store}/v1/images/{image}", None, "DELETE")
            except urllib.error.HTTPError as error:
                # By the first try, which was not acknowledged. That it was there once is known by the event.
                assert error.code == 404, f"a deletion is answered {error.code}"
            self.ledger.deleted.add(image)
        time.sleep(0.5)

    def order(self):
        images = [self.add(), self.add()]
        for job, image in zip(order(self.ledger.faults, self.topology.store, images), images):
            self.ledger.jobs[job] = f"{image}/web"
        time.sleep(2)

    def compress(self):
        image = self.add()
        told = self.ask(f"{self.topology.compress}/compress/{image}?type=webp&target=low&async=1", b"")
        self.ledger.jobs[json.loads(told)["location"].removeprefix("/status/")] = f"{image}/compress"
        time.sleep(2)
