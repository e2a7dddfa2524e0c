"""Clients of the older services, as they are."""

import base64
import queue
import re
import time

import grpc

import pictures
from harness import PATIENCE, check, equal, refused
from older import IMAGE_V1, IMAGE_V1_STUBS, IMG, IMG_STUBS


@check("a client of the older image.v1 uploads, lists, gets and deletes")
def image_v1(store):
    with store.channel() as channel:
        stub = IMAGE_V1_STUBS.ImageServiceStub(channel)
        contents = {f"old-{number}.png": pictures.png(300 + number, 200, number) for number in range(4)}
        messages = (
            IMAGE_V1.UploadImageRequest(name=name, format=".png", imgChunk=content) for name, content in contents.items()
        )
        equal(stub.UploadImage(messages, timeout=PATIENCE).size, sum(map(len, contents.values())))
        images = stub.ListImages(IMAGE_V1.ListImagesRequest(), timeout=PATIENCE).images[:4]
        for image, (number, content) in zip(images, reversed(list(enumerate(contents.values()))), strict=True):
            equal((image.format, image.width, image.height), (".png", 300 + number, 200))
            assert image.original_path and image.thumbnail_path, image
            assert abs(image.uploaded_at.ToSeconds() - time.time()) < PATIENCE, image.uploaded_at
            answer = stub.GetImage(IMAGE_V1.GetImageRequest(id=image.id), timeout=PATIENCE)
            equal(answer.image, content)
            equal((answer.imageMetada.id, answer.imageMetada.width), (image.id, image.width))
            stub.DeleteImage(IMAGE_V1.DeleteImageRequest(id=image.id), timeout=PATIENCE)
            get = lambda: stub.GetImage(IMAGE_V1.GetImageRequest(id=image.id), timeout=PATIENCE)
            refused(get, grpc.StatusCode.NOT_FOUND, "not-found")


def img_image(user, name, content):
    return IMG.Image(imageData=base64.b64encode(content).decode(), imageName=name, userId=user)


def told_of(stub, user, start, end):
    asked = IMG.ImageListRequest(userId=user, startIdx=start, endIdx=end)
    return list(stub.getImagesMetadata(asked, timeout=PATIENCE))


class Feed:
    """The messages of a stream, sent one by one."""

    def __init__(self):
        self.messages = queue.Queue()

    def __iter__(self):
        return iter(self.messages.get, None)

    def send(self, message):
        self.messages.put(message)


@check("a client of the older img stores an image and gets it back")
def img_single(store):
    with store.channel() as channel:
        stub = IMG_STUBS.ImageServiceStub(channel)
        content = pictures.png(120, 80, 11)
        assert stub.storeImage(img_image("ada", "one.png", content), timeout=PATIENCE).stored
        (metadata,) = told_of(stub, "ada", 0, 10)
        equal(metadata.imageName, "one.png")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", metadata.imageCreationDate), metadata
        place = IMG.ImageLocation(userId="ada", imageId=metadata.imageId)
        image = stub.getImage(place, timeout=PATIENCE)
        equal((image.imageName, image.userId), ("one.png", "ada"))
        equal(base64.b64decode(image.imageData, validate=True), content)


@check("a client of the older img stores and gets streams, an answer for each message while the stream is open")
def img_streams(store):
    with store.channel() as channel:
        stub = IMG_STUBS.ImageServiceStub(channel)
        contents = {f"{number}.png": pictures.png(60 + number, 50, number) for number in range(6)}
        feed = Feed()
        results = stub.storeImages(iter(feed), timeout=PATIENCE)
        for name, content in contents.items():
            feed.send(img_image("bea", name, content))
            assert next(results).stored
        # One that is refused does not end the stream.
        feed.send(img_image("bea", "none.png", b"no picture"))
        assert not next(results).stored
        feed.send(img_image("bea", "again.png", contents["0.png"]))
        assert next(results).stored
        feed.send(None)
        equal(list(results), [])
        known = told_of(stub, "bea", 0, 100)
        equal([metadata.imageName for metadata in known], [*contents, "again.png"])
        feed = Feed()
        images = stub.getImages(iter(feed), timeout=PATIENCE)
        for metadata in reversed(known[:-1]):
            feed.send(IMG.ImageLocation(userId="bea", imageId=metadata.imageId))
            image = next(images)
            equal((image.imageName, image.userId), (metadata.imageName, "bea"))
            equal(base64.b64decode(image.imageData, validate=True), contents[metadata.imageName])
        feed.send(None)
        equal(list(images), [])


@check("parts of a list are those from startIdx up to, but without, endIdx")
def img_parts(store):
    with store.channel() as channel:
        stub = IMG_STUBS.ImageServiceStub(channel)
        names = [f"{number}.png" for number in range(7)]
        images = (img_image("cyd", name, pictures.png(9, 9, number)) for number, name in enumerate(names))
        assert all(result.stored for result in stub.storeImages(images, timeout=PATIENCE))
        for start, end in [(0, 7), (0, 3), (2, 5), (6, 100), (7, 9)]:
            equal([metadata.imageName for metadata in told_of(stub, "cyd", start, end)], names[start:end])


@check("users of img do not get one another's images")
def img_users(store):
    with store.channel() as channel:
        stub = IMG_STUBS.ImageServiceStub(channel)
        assert stub.storeImage(img_image("dan", "his.png", pictures.png(20, 20, 5)), timeout=PATIENCE).stored
        (his,) = told_of(stub, "dan", 0, 10)
        equal(told_of(stub, "eve", 0, 10), [])
        hers = IMG.ImageLocation(userId="eve", imageId=his.imageId)
        refused(lambda: stub.getImage(hers, timeout=PATIENCE), grpc.StatusCode.NOT_FOUND, "not-found")
        quoted = "dan' OR '1'='1"
        equal(told_of(stub, quoted, 0, 10), [])
