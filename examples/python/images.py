#!/usr/bin/env python3
"""Images of an imagestore, over gRPC: upload, list, thumbnail, delete, watch.

    images.py upload holiday.jpg garden.png
    images.py list --tag sea
    images.py thumbnail ID small.jpg
    images.py delete ID
    images.py watch

The server is taken from IMAGESTORE_SERVER or --server, the key from IMAGESTORE_KEY.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import grpc

# The messages and the client are made of the proto files when the program starts, so that there is no generated code to keep in step.
PROTO = Path(__file__).resolve().parents[2] / "proto"
sys.path.insert(0, str(PROTO))
messages, services = grpc.protos_and_services("image/v1/image_service.proto")

CHUNK = 128 * 1024
LONGEST_PAUSE = 30.0


def connect(server: str, ca: str | None) -> grpc.Channel:
    """A channel to http://HOST:PORT or https://HOST:PORT; the latter trusts `ca`, or what gRPC brings along."""
    address = urlsplit(server)
    if address.scheme == "http":
        return grpc.insecure_channel(address.netloc)
    if address.scheme == "https":
        roots = Path(ca).read_bytes() if ca else None
        return grpc.secure_channel(address.netloc, grpc.ssl_channel_credentials(roots))
    raise SystemExit(f"images.py: the server must be http://HOST:PORT or https://HOST:PORT, not {server}")


def metadata() -> list[tuple[str, str]]:
    """What every call shows."""
    key = os.environ.get("IMAGESTORE_KEY")
    return [("authorization", f"Bearer {key}")] if key else []


def pieces(path: Path, tags: list[str]) -> Iterator[messages.UploadImageRequest]:
    """The messages of one image: its name and size first, then its bytes as they are read."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        yield messages.UploadImageRequest(name=path.name, announced_size=size, tags=tags)
        while chunk := file.read(CHUNK):
            yield messages.UploadImageRequest(imgChunk=chunk)


def upload(store: services.ImageServiceStub, paths: list[Path], tags: list[str]) -> int:
    """Uploads each file in a stream of its own, so that one which is refused does not stop the others."""
    failed = 0
    for path in paths:
        if not path.is_file():
            print(f"{path}: there is no such file", file=sys.stderr)
            failed += 1
            continue
        try:
            answer = store.UploadImage(pieces(path, tags), metadata=metadata())
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.UNAVAILABLE:
                raise
            print(f"{path}: {error.details()}", file=sys.stderr)
            failed += 1
        else:
            print(f"{answer.id}\t{path}")
    return 1 if failed else 0


def list_images(store: services.ImageServiceStub, tag: str) -> int:
    """Tells of all images, newest first, page by page."""
    request = messages.ListImagesRequest(page_size=100, tag=tag)
    while True:
        page = store.ListImages(request, metadata=metadata())
        for image in page.images:
            uploaded = image.uploaded_at.ToJsonString()
            print(f"{image.id}  {uploaded}  {image.format[1:]:4}  {image.width}x{image.height}  {image.size}  {printable(image.name)}")
        if not page.next_page_token:
            return 0
        request.page_token = page.next_page_token


def thumbnail(store: services.ImageServiceStub, image: str, target: Path) -> int:
    """Writes the thumbnail to a file that must not be there yet."""
    request = messages.GetImageRequest(id=image, rendition=messages.RENDITION_THUMBNAIL)
    stream = store.GetImageStream(request, metadata=metadata())
    # The first message tells what follows. Nothing is written if there is nothing.
    head = next(stream)
    with target.open("xb") as file:
        for message in stream:
            file.write(message.chunk)
    print(f"{target}: {head.media_type}, {head.size} bytes")
    return 0


def delete(store: services.ImageServiceStub, images: list[str]) -> int:
    """Deletes images. Those behind one that cannot be deleted stay."""
    for image in images:
        store.DeleteImage(messages.DeleteImageRequest(id=image), metadata=metadata())
    return 0


def watch(store: services.ImageServiceStub) -> int:
    """Tells what happens until Ctrl-C. Goes on behind the last event when the store comes back."""
    after, pause = "", 0.2
    while True:
        try:
            for event in store.WatchEvents(messages.WatchEventsRequest(after=after), metadata=metadata()):
                print(f"{event.time.ToJsonString()}  {event.type:18}  {event.image_id or '-'}", flush=True)
                after, pause = event.id, 0.2
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            print(f"the feed is interrupted, and asked for again: {error.details()}", file=sys.stderr)
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)


def printable(text: str) -> str:
    """Names come from whoever uploaded the image; a terminal must not obey them."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Images of an imagestore, over gRPC.")
    parser.add_argument("--server", metavar="URL", default=os.environ.get("IMAGESTORE_SERVER", "http://127.0.0.1:8081"))
    parser.add_argument("--ca", metavar="FILE", help="the authority that signed the store's certificate, PEM")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("upload", help="upload files")
    command.add_argument("paths", metavar="FILE", type=Path, nargs="+")
    command.add_argument("--tag", metavar="TAG", action="append", default=[])
    command = commands.add_parser("list", help="tell of all images")
    command.add_argument("--tag", default="")
    command = commands.add_parser("thumbnail", help="fetch the thumbnail of an image")
    command.add_argument("image", metavar="ID")
    command.add_argument("target", metavar="FILE", type=Path)
    command = commands.add_parser("delete", help="delete images")
    command.add_argument("images", metavar="ID", nargs="+")
    commands.add_parser("watch", help="tell what happens")
    return parser.parse_args()


def run(store: services.ImageServiceStub, said: argparse.Namespace) -> int:
    match said.command:
        case "upload":
            return upload(store, said.paths, said.tag)
        case "list":
            return list_images(store, said.tag)
        case "thumbnail":
            return thumbnail(store, said.image, said.target)
        case "delete":
            return delete(store, said.images)
        case _:
            return watch(store)


def main() -> int:
    said = arguments()
    with connect(said.server, said.ca) as channel:
        try:
            return run(services.ImageServiceStub(channel), said)
        except grpc.RpcError as error:
            print(f"images.py: {error.code().name}: {error.details()}", file=sys.stderr)
        except OSError as error:
            print(f"images.py: {error}", file=sys.stderr)
        except KeyboardInterrupt:
            return 0 if said.command == "watch" else 1
    return 1


if __name__ == "__main__":
    sys.exit(main())
