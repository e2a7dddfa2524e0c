"""What the Kafka broker of scripts/up --scale has: all messages of the topics, and how far the group of imagecompress is."""

import asyncio
import datetime
import json
import re
import threading

from aiokafka import AIOKafkaConsumer, TopicPartition
from watchers import Told

EVENTS = "imagestore.events"
JOBS = "image.events"
GROUP = "image-processor-v1"


def address(run):
    return re.search(r"^IMAGESTORE__EVENTS__KAFKA__BROKERS=(.+)$", (run / "imagestore.env").read_text(), re.MULTILINE)[1]


class Topics(threading.Thread):
    """Reads both topics from their beginning: each event at least once, one that comes twice the same to the byte."""

    def __init__(self, run):
        super().__init__(daemon=True)
        self.address = address(run)
        self.told, self.announced = Told(), set()

    def run(self):
        asyncio.run(self.read())

    async def read(self):
        reader = AIOKafkaConsumer(EVENTS, JOBS, bootstrap_servers=self.address, group_id=None, auto_offset_reset="earliest")
        await reader.start()
        try:
            async for message in reader:
                self.take(message.topic, message.value)
        finally:
            await reader.stop()

    def take(self, topic, value):
        told = json.loads(value)
        if topic == JOBS:
            self.announced.add(told["job_id"])
        else:
            self.told.note(told["id"], told["type"], told["data"], value, datetime.datetime.fromisoformat(told["timestamp"]))

    def check(self):
        """That each image was told of by one event, however often that came."""
        assert not self.told.wrong, f"events that came twice and differ: {self.told.wrong}"
        twice = {about: ids for about, ids in self.told.ids.items() if about[0] == "image.stored" and len(ids) > 1}
        assert not twice, f"told twice, by events that differ: {twice}"

    def __str__(self):
        events = len(self.told.texts)
        return f"Kafka's topics with {events} events in {events + self.told.repeated} messages, {len(self.announced)} jobs"


def waiting(run):
    """How many announcements of jobs the group has not done with, and how many there were."""
    return asyncio.run(count(address(run)))


async def count(broker):
    reader = AIOKafkaConsumer(JOBS, bootstrap_servers=broker, group_id=None)
    of_group = AIOKafkaConsumer(bootstrap_servers=broker, group_id=GROUP, enable_auto_commit=False)
    try:
        await reader.start()
        await of_group.start()
        partitions = [TopicPartition(JOBS, number) for number in reader.partitions_for_topic(JOBS)]
        ends = await reader.end_offsets(partitions)
        done = [await of_group.committed(partition) or 0 for partition in partitions]
        return sum(ends.values()) - sum(done), sum(ends.values())
    finally:
        await of_group.stop()
        await reader.stop()
