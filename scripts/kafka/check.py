"""Reads and writes the topics of imagestore with aiokafka: check.py BROKER STORE PHOTO."""

import asyncio
import json
import sys
import time
import urllib.request

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

broker, store, photo = sys.argv[1:]
PATIENCE = 120


def ask(method, path, body=None, kind="application/json"):
    request = urllib.request.Request(store + path, data=body, method=method, headers={"content-type": kind})
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def order(image):
    body = json.dumps({"image_id": image, "q": 40, "formats": "jpg", "transform": "w=320"}).encode()
    return ask("POST", "/v1/compressions", body)["jobs"][0]["id"]


async def read(topic, enough):
    """What is in a topic, from its beginning, until that is enough."""
    reader = AIOKafkaConsumer(topic, bootstrap_servers=broker, group_id=None, auto_offset_reset="earliest")
    await reader.start()
    messages = []
    try:
        async with asyncio.timeout(PATIENCE):
            while not enough(messages):
                messages.append(await reader.getone())
    finally:
        await reader.stop()
    return messages


async def announced():
    """Every job is announced under its image, and done."""
    with open(photo, "rb") as file:
        image = ask("POST", "/v1/images", file.read(), "image/jpeg")["id"]
    jobs = {order(image)}
    with open(photo, "rb") as file:
        other = ask("POST", "/v1/images?then=thumbnail", file.read(), "image/jpeg")["id"]
    jobs |= {job["id"] for job in ask("GET", f"/v1/jobs?image_id={other}")["jobs"]}
    messages = await read("image.events", lambda seen: jobs <= {json.loads(one.value)["job_id"] for one in seen})
    for message in messages:
        told = json.loads(message.value)
        assert message.key.decode() == told["id"] in (image, other), told
        assert told["content_type"] == "image/jpeg" and told["kind"] == "job.queued", told
        assert set(told) == {
            "kind", "job_id", "id", "original_key", "content_type", "operation", "width", "height", "text"
        }, told
        assert len(dict(message.headers)["event_id"]) == 36, message.headers
    operations = {json.loads(one.value)["id"]: json.loads(one.value)["operation"] for one in messages}
    assert operations == {image: "compress", other: "thumbnail"}, operations
    done(jobs)
    print(f"{len(messages)} jobs were announced and are done")
    return [image, other]


async def told(images):
    """That the images are stored is told under their ids."""

    def about(seen):
        return [one for one in seen if dict(one.headers)["event_kind"] == b"image.stored"]

    messages = await read("imagestore.events", lambda seen: len(about(seen)) >= len(images))
    events = [json.loads(one.value) for one in about(messages)]
    assert sorted(event["data"]["id"] for event in events) == sorted(images), events
    for message, event in zip(about(messages), events):
        assert message.key.decode() == event["data"]["id"], message
        assert dict(message.headers)["event_id"].decode() == event["id"], message
    print(f"{len(messages)} events were read")


def done(jobs):
    end = time.monotonic() + PATIENCE
    for job in jobs:
        while (document := ask("GET", f"/v1/jobs/{job}"))["status"] != "done":
            assert time.monotonic() < end and document["status"] not in ("failed", "dead"), document
            time.sleep(0.1)


async def put_aside(image):
    """What is no job comes to the dead topic, whole, with the reason; jobs behind it are done."""
    poison = [b"\x00\xff", b"[]", b'{"id": "x", "operation": "resize"}']
    writer = AIOKafkaProducer(bootstrap_servers=broker, acks="all")
    await writer.start()
    try:
        for body in poison:
            await writer.send_and_wait("image.events", body, key=b"poison")
    finally:
        await writer.stop()
    dead = await read("image.events.dead", lambda seen: len(seen) == len(poison))
    assert sorted(one.value for one in dead) == sorted(poison), dead
    for message in dead:
        headers = dict(message.headers)
        assert message.key == b"poison" and headers["source-topic"] == b"image.events", message
        assert headers["reason"].startswith(b"The message "), headers
    done({order(image)})
    print(f"{len(dead)} messages that are no jobs were put aside")


async def main():
    images = await announced()
    await told(images)
    await put_aside(images[0])


asyncio.run(main())
