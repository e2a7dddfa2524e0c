"""What is refused, and what it says of itself."""

import threading

import grpc

import pictures
from harness import PATIENCE, check, equal, refused, until
from reflected import Images, pieces

INVALID = grpc.StatusCode.INVALID_ARGUMENT
EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
NOT_FOUND = grpc.StatusCode.NOT_FOUND


def open_stream(messages, closed):
    """These messages, and then a stream that stays open until the event."""
    yield from messages
    closed.wait(PATIENCE)


@check("uploads that are wrong are refused by the name of their field, and leave nothing")
def uploads(store):
    content = pictures.png(200, 100, 21)
    size = len(content)
    with store.channel() as channel:
        client = Images(channel)
        before = len(client.all())
        for messages, code, reason, field in [
            ([], INVALID, "missing-image", None),
            ([{"name": "a.png"}], INVALID, "missing-image", None),
            ([{"imgChunk": content}], INVALID, "invalid-parameter", "name"),
            ([{"name": "..", "imgChunk": content}], INVALID, "invalid-parameter", "name"),
            (pieces("a.png", content, announced_size=size - 1), INVALID, "invalid-parameter", "imgChunk"),
            (pieces("a.png", content, 999, announced_size=size - 1), INVALID, "invalid-parameter", "imgChunk"),
            (pieces("a.png", content, announced_size=size + 1), INVALID, "incomplete-body", "announced_size"),
            (pieces("a.png", content, announced_size=2 << 30), EXHAUSTED, "too-many-bytes", "announced_size"),
            (pieces("a.png", content, format=".jpg"), INVALID, "invalid-parameter", "format"),
            (pieces("a.png", content, format=".exe"), INVALID, "invalid-parameter", "format"),
            (pieces("a.png", content, visibility="secret"), INVALID, "invalid-parameter", "visibility"),
            (pieces("a.png", content[: size // 2]), INVALID, "undecodable", None),
            (pieces("a.png", bytes(5000)), INVALID, "unsupported-format", None),
        ]:
            refused(lambda: client.UploadImage(messages), code, reason, field)
        equal(store.leavings(), [])
        equal(len(client.all()), before)


@check("2 GB that are announced are refused before they are sent")
def announced(store):
    with store.channel() as channel:
        client, closed = Images(channel), threading.Event()
        messages = [{"name": "a.png", "announced_size": 2 << 30, "imgChunk": b"\x89PNG"}]
        refused(
            lambda: client.UploadImage(open_stream(messages, closed), timeout=20),
            EXHAUSTED,
            "too-many-bytes",
            "announced_size",
        )
        closed.set()


@check("a message that is too large is refused, in a stream and alone")
def too_large(store):
    with store.channel() as channel:
        client = Images(channel)
        message = {"name": "a.png", "imgChunk": bytes(17 << 20)}
        refused(lambda: client.UploadImage([message]), EXHAUSTED, "message-too-large", "imgChunk")
        refused(lambda: client.GetImage({"id": "a" * (17 << 20)}), EXHAUSTED, "message-too-large")
        equal(store.leavings(), [])


@check("who breaks a stream off leaves nothing")
def cancelled(store):
    content = pictures.png(1500, 1000, 22)
    with store.channel() as channel:
        client, closed = Images(channel), threading.Event()
        before = len(client.all())
        messages = pieces("half.png", content[: len(content) // 2], announced_size=len(content))
        call = client.begin_upload(open_stream(messages, closed))
        until(lambda: store.under_way() > 0, "bytes of the upload are in the data folder")
        call.cancel()
        closed.set()
        until(lambda: not store.leavings(), "nothing of the upload is in the data folder")
        equal(len(client.all()), before)


@check("a connection that breaks in the middle leaves nothing")
def broken(store):
    content = pictures.png(1500, 1000, 23)
    with store.channel() as channel:
        before = len(Images(channel).all())
    channel, closed = store.channel(("grpc.use_local_subchannel_pool", 1)), threading.Event()
    call = Images(channel).begin_upload(open_stream(pieces("half.png", content[: len(content) // 2]), closed))
    until(lambda: store.under_way() > 0, "bytes of the upload are in the data folder")
    channel.close()
    equal(call.code(), grpc.StatusCode.CANCELLED)
    closed.set()
    until(lambda: not store.leavings(), "nothing of the upload is in the data folder")
    with store.channel() as channel:
        equal(len(Images(channel).all()), before)


@check("a deadline is kept, and what is too late leaves nothing")
def deadlines(store):
    exceeded = grpc.StatusCode.DEADLINE_EXCEEDED
    content = pictures.png(1500, 1000, 24)
    with store.channel() as channel:
        client, closed = Images(channel), threading.Event()
        before = len(client.all())
        refused(lambda: client.upload("late.png", content, timeout=0.001), exceeded)
        messages = pieces("late.png", content[: len(content) // 2])
        refused(lambda: client.UploadImage(open_stream(messages, closed), timeout=0.5), exceeded)
        closed.set()
        refused(lambda: client.WatchEvents({}, timeout=0.3), exceeded)
        until(lambda: not store.leavings(), "nothing of the uploads is in the data folder")
        equal(len(client.all()), before)


@check("ids that are not known or malformed, values that are wrong")
def values(store):
    unknown = "01890000-0000-7000-8000-000000000000"
    with store.channel() as channel:
        client = Images(channel)
        for method in ["GetImage", "GetImageStream", "GetVariant", "DeleteImage", "Compress", "GetJob"]:
            call = getattr(client, method)
            refused(lambda: call({"id": unknown}), NOT_FOUND, "not-found")
            refused(lambda: call({"id": "../../etc/passwd"}), INVALID, "invalid-parameter", "id")
            refused(lambda: call({}), INVALID, "invalid-parameter", "id")
        image = client.upload("a.png", pictures.png(30, 30, 25)).id
        for method, fields, field in [
            ("ListImages", {"page_size": 501}, "page_size"),
            ("ListImages", {"page_size": -1}, "page_size"),
            ("ListImages", {"page_token": "none"}, "page_token"),
            ("GetImage", {"id": image, "rendition": 77}, "rendition"),
            ("GetVariant", {"id": image, "transform": {"width": 1 << 31}}, "width"),
            ("GetVariant", {"id": image, "transform": {"format": "auto"}}, "format"),
            ("GetVariant", {"id": image, "transform": {"parameters": {"none": "1"}}}, "none"),
            ("Compress", {"id": image, "target": "perfect"}, "target"),
        ]:
            refused(lambda: getattr(client, method)(fields), INVALID, "invalid-parameter", field)


@check("what is no message, and a method that there is not, are refused and end nothing else")
def malformed(store):
    with store.channel() as channel:
        noise, methods = b"\xff" * 100, ["image.v1.ImageService/GetImage", "img.ImageService/getImage"]
        for method in methods:
            call = channel.unary_unary(f"/{method}")
            refused(lambda: call(noise, timeout=PATIENCE), INVALID, "invalid-body")
        call = channel.stream_unary("/image.v1.ImageService/UploadImage")
        refused(lambda: call(iter([noise]), timeout=PATIENCE), INVALID, "invalid-body")
        for method in ["image.v1.ImageService/None", "none.Service/None"]:
            call = channel.unary_unary(f"/{method}")
            refused(lambda: call(b"", timeout=PATIENCE), grpc.StatusCode.UNIMPLEMENTED, "no-route")
        Images(channel).ListImages({})
