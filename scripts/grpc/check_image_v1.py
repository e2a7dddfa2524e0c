"""image.v1.ImageService by what reflection tells of it: no stub is generated."""

import hashlib

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

import pictures
from harness import PATIENCE, check, equal, refused
from older import IMAGE_V1, IMG
from reflected import Images, Reflected, joined, pieces

SERVICES = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "image.v1.ImageService",
    "img.ImageService",
]
METHODS = {
    "image.v1.ImageService": [
        "Compress",
        "DeleteImage",
        "GetImage",
        "GetImageStream",
        "GetJob",
        "GetVariant",
        "ListImages",
        "UploadImage",
        "WatchEvents",
    ],
    "img.ImageService": ["getImage", "getImages", "getImagesMetadata", "storeImage", "storeImages"],
}


@check("reflection, v1 and v1alpha, tells both services and their methods")
def reflection(store):
    for version in ["v1", "v1alpha"]:
        with store.channel() as channel:
            client = Reflected(channel, version)
            equal(client.services(), SERVICES)
            equal({service: client.methods(service) for service in METHODS}, METHODS)


@check("health is SERVING, for all and for each service")
def health(store):
    with store.channel() as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for service in ["", *METHODS]:
            answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=PATIENCE)
            equal((service, answer.status), (service, health_pb2.HealthCheckResponse.SERVING))
        refused(lambda: stub.Check(health_pb2.HealthCheckRequest(service="none")), grpc.StatusCode.NOT_FOUND)


@check("60 MB go in by pieces of 64 KB and come out as they were")
def large(store):
    content = pictures.noisy_bmp(5000, 4000, 1)
    with store.channel() as channel:
        client = Images(channel)
        first = {"format": ".bmp", "announced_size": len(content), "tags": ["Large"], "visibility": "private"}
        answer = client.UploadImage(pieces("large.bmp", content, **first))
        image = answer.images[0]
        equal((answer.size, answer.total_size, answer.id), (len(content), len(content), image.id))
        equal((image.name, image.format, image.media_type), ("large.bmp", ".bmp", "image/bmp"))
        equal((image.width, image.height, image.size), (5000, 4000, len(content)))
        equal((list(image.tags), image.visibility), (["large"], "private"))
        head, found = joined(client.GetImageStream({"id": image.id}))
        equal((head.size, head.media_type, head.metadata), (len(content), "image/bmp", image))
        assert found == content, "other bytes came out"
        refused(lambda: client.GetImage({"id": image.id}), grpc.StatusCode.RESOURCE_EXHAUSTED, "message-too-large")
        client.DeleteImage({"id": image.id})


@check("several images of one stream, by their names")
def several(store):
    contents = {f"{number}.png": pictures.png(50 + number, 40, number) for number in range(5)}
    messages = [piece for name, content in contents.items() for piece in pieces(name, content, 1000)]
    with store.channel() as channel:
        client = Images(channel)
        images = client.UploadImage(messages).images
        equal([image.name for image in images], list(contents))
        for image in images:
            _, found = joined(client.GetImageStream({"id": image.id}))
            equal(hashlib.sha256(found).digest(), hashlib.sha256(contents[image.name]).digest())
            equal(client.GetImage({"id": image.id}).image, contents[image.name])


@check("pages have every image once, newest first")
def pages(store):
    with store.channel() as channel:
        client = Images(channel)
        tag = "pages"
        messages = [{"name": f"{n}.png", "imgChunk": pictures.png(8, 8, n), "tags": [tag]} for n in range(7)]
        stored = [image.id for image in client.UploadImage(messages).images]
        found, token, sizes = [], "", []
        while True:
            page = client.ListImages({"page_size": 3, "page_token": token, "tag": tag})
            sizes.append(len(page.images))
            found += [image.id for image in page.images]
            token = page.next_page_token
            if not token:
                break
        equal((found, sizes), (stored[::-1], [3, 3, 1]))


@check("a thumbnail, variants, and nothing after it was deleted")
def renditions(store):
    with store.channel() as channel:
        client = Images(channel)
        image = client.upload("photo.png", pictures.png(600, 300, 9))
        thumbnail = client.GetImage({"id": image.id, "rendition": "RENDITION_THUMBNAIL"})
        equal((thumbnail.media_type, pictures.png_size(thumbnail.image)), ("image/png", (256, 128)))
        equal(thumbnail.imageMetada, image)
        transform = {"width": 100, "height": 100, "fit": "cover", "format": "png", "parameters": {"rotate": "90"}}
        head, variant = joined(client.GetVariant({"id": image.id, "transform": transform}))
        equal((head.media_type, head.size, pictures.png_size(variant)), ("image/png", len(variant), (100, 100)))
        assert head.etag, "no ETag"
        for format, magic in [("webp", b"RIFF"), ("jpg", b"\xff\xd8\xff")]:
            _, variant = joined(client.GetVariant({"id": image.id, "transform": {"format": format, "quality": 50}}))
            equal(variant[: len(magic)], magic)
        client.DeleteImage({"id": image.id})
        gone = grpc.StatusCode.NOT_FOUND
        for method in ["GetImage", "GetImageStream", "GetVariant", "DeleteImage"]:
            refused(lambda: getattr(client, method)({"id": image.id}), gone, "not-found")
        assert image.id not in [found.id for found in client.all()], "a list has a deleted image"


@check("what is stored is told to who watches")
def events(store):
    with store.channel() as channel:
        client = Images(channel)
        watching = client.WatchEvents({})
        # The head of the answer: from here on nothing is missed.
        watching.initial_metadata()
        image = client.upload("seen.png", pictures.png(20, 20, 3))
        event = next(watching)
        equal((event.type, event.image_id, event.image), ("image.stored", image.id, image))
        watching.cancel()


@check("the descriptors bear the names and numbers of the older interfaces")
def numbers(store):
    with store.channel() as channel:
        pool = Reflected(channel).pool
        for old in [IMAGE_V1, IMG]:
            for message in old.DESCRIPTOR.message_types_by_name.values():
                now = pool.FindMessageTypeByName(message.full_name)
                for field in message.fields:
                    same = now.fields_by_number[field.number]
                    equal((same.name, same.type, same.is_repeated), (field.name, field.type, field.is_repeated))
            for service in old.DESCRIPTOR.services_by_name.values():
                for method in service.methods:
                    same = pool.FindServiceByName(service.full_name).FindMethodByName(method.name)
                    streams = (same.client_streaming, same.server_streaming)
                    equal(streams, (method.client_streaming, method.server_streaming))
                    equal(same.input_type.full_name, method.input_type.full_name)
                    equal(same.output_type.full_name, method.output_type.full_name)
