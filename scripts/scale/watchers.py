"""Those who are told of events: by the live feed, and by the broker."""

import atexit
import collections
import datetime
import http.client
import json
import re
import subprocess
import threading
import time
import urllib.request

# The live feed gives a sign of life every 15 s.
SILENCE = 40


class Told:
    """What one of them was told: the ids of the events of each kind about each subject."""

    def __init__(self):
        self.ids = collections.defaultdict(set)
        self.texts, self.repeated, self.wrong, self.times = {}, 0, [], {}

    def note(self, event_id, kind, data, text, at=None):
        about = data.get("id")
        if kind == "variant.stored":
            name = data["variant"]["variant"] if "variant" in data else data["name"]
            about = f"{data['image_id']}/{name}"
        self.ids[kind, about].add(event_id)
        self.times[kind, about] = at
        self.repeated += event_id in self.texts
        known = self.texts.setdefault(event_id, text)
        if known != text:
            self.wrong.append((known, text))

    def lacks(self, wanted):
        """What of this was not told: kinds, each with what it is about."""
        return {about for about in wanted if about not in self.ids}

    def just_before(self, moments):
        """What happened in the second before one of these moments."""
        return {
            about for about, at in self.times.items() if any(0 <= (moment - at).total_seconds() <= 1 for moment in moments)
        }


class Feed(threading.Thread):
    """Watches /v1/events, and comes back where it was when the connection breaks."""

    def __init__(self, store):
        super().__init__(daemon=True)
        self.store, self.told, self.connections = store, Told(), 0
        self.last = None

    def __str__(self):
        return f"a live feed after {self.connections} connections, at {self.last}"

    def run(self):
        while True:
            try:
                self.watch()
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.2)

    def watch(self):
        headers = {"Last-Event-ID": self.last} if self.last else {}
        request = urllib.request.Request(self.store + "/v1/events", headers=headers)
        with urllib.request.urlopen(request, timeout=SILENCE) as answer:
            self.connections += 1
            kind = number = None
            for line in answer:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                kind = value if name == "event" else kind
                number = value if name == "id" else number
                if name == "data":
                    # A record is that of the moment at which it is told, and so is what a job is said to be.
                    self.told.note(number, kind, json.loads(value), kind.partition("job.")[0])
                    self.last = number


class Broker(threading.Thread):
    """What mosquitto was told, at least once each, in a session that lasts while the broker or the connection to it is away."""

    def __init__(self, run):
        super().__init__(daemon=True)
        port = re.search(r"^listener (\d+)", (run / "mosquitto.conf").read_text(), re.MULTILINE)[1]
        command = ["mosquitto_sub", "-p", port, "-t", "imagestore/events", "-q", "1", "-c", "-i", "check"]
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE)
        # It would wait for the broker to come back.
        atexit.register(self.child.kill)
        self.told = Told()

    def __str__(self):
        return "a subscriber of the broker"

    def run(self):
        for line in self.child.stdout:
            event = json.loads(line)
            at = datetime.datetime.fromisoformat(event["timestamp"])
            self.told.note(event["id"], event["type"], event["data"], line, at)
