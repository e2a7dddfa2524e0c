"""Who may do what, with auth.mode = keys."""

import base64

import grpc

import pictures
from harness import PATIENCE, check, equal, refused
from older import IMG, IMG_STUBS
from reflected import Images, joined

UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED
DENIED = grpc.StatusCode.PERMISSION_DENIED


@check("no key, a wrong key and a key that may not write", mode="keys")
def keys(store):
    content = pictures.png(20, 20, 1)
    with store.channel() as channel:
        client = Images(channel)
        refused(lambda: client.upload("a.png", content), UNAUTHENTICATED, "unauthorized")
        for metadata in [[("authorization", "Bearer none")], [("x-api-key", f"{store.keys['ada']}x")]]:
            refused(lambda: client.ListImages({}, metadata=metadata), UNAUTHENTICATED, "unauthorized")
            refused(lambda: client.upload("a.png", content, metadata=metadata), UNAUTHENTICATED, "unauthorized")
        reader = store.key("reader")
        refused(lambda: client.upload("a.png", content, metadata=reader), DENIED, "forbidden")
        equal(len(client.all(metadata=reader)), 0)


@check("what is private is not there for others, whichever way the key is shown", mode="keys")
def owners(store):
    content = pictures.png(20, 20, 2)
    ada, bea = store.key("ada"), [("x-api-key", store.keys["bea"])]
    with store.channel() as channel:
        client = Images(channel)
        messages = [{"name": "hers.png", "imgChunk": content, "visibility": "private"}]
        image = client.UploadImage(messages, metadata=ada).images[0]
        equal(image.owner, store.ids["ada"])
        equal(joined(client.GetImageStream({"id": image.id}, metadata=ada))[1], content)
        for method in ["GetImage", "GetImageStream", "GetVariant", "DeleteImage", "Compress"]:
            call = getattr(client, method)
            refused(lambda: call({"id": image.id}, metadata=bea), grpc.StatusCode.NOT_FOUND, "not-found")
        assert image.id not in [found.id for found in client.all(metadata=bea)], "a list has a private image"
        equal(client.GetImage({"id": image.id}, metadata=store.key("root")).image, content)


@check("userId of img is the user of the key, by id or name; an administrator may be anybody", mode="keys")
def users(store):
    content = pictures.png(20, 20, 3)
    with store.channel() as channel:
        stub = IMG_STUBS.ImageServiceStub(channel)

        def image(user):
            return IMG.Image(imageData=base64.b64encode(content).decode(), imageName=f"{user}.png", userId=user)

        def names(user, key):
            asked = IMG.ImageListRequest(userId=user, startIdx=0, endIdx=100)
            return [told.imageName for told in stub.getImagesMetadata(asked, metadata=store.key(key), timeout=PATIENCE)]

        by_name, by_id = "bea", store.ids["bea"]
        for user, key in [(by_name, "bea"), (by_id, "bea"), (by_name, "root")]:
            assert stub.storeImage(image(user), metadata=store.key(key), timeout=PATIENCE).stored
        expected = ["bea.png", f"{by_id}.png", "bea.png"]
        for user, key in [(by_name, "bea"), (by_id, "bea"), (by_name, "root"), (by_id, "root")]:
            equal(names(user, key), expected)
        ada = {"metadata": store.key("ada"), "timeout": PATIENCE}
        for user in [by_name, by_id, "nobody"]:
            asked = IMG.ImageListRequest(userId=user, startIdx=0, endIdx=9)
            place = IMG.ImageLocation(userId=user, imageId="01890000-0000-7000-8000-000000000000")
            refused(lambda: stub.storeImage(image(user), **ada), DENIED, "forbidden", "userId")
            refused(lambda: stub.getImage(place, **ada), DENIED, "forbidden", "userId")
            refused(lambda: stub.getImagesMetadata(asked, **ada), DENIED, "forbidden", "userId")
        no_key = lambda: stub.storeImage(image("bea"), timeout=PATIENCE)
        refused(no_key, UNAUTHENTICATED, "unauthorized")
