"""Compression of messages, measured on the wire."""

import socket
import threading

import grpc

import pictures
from harness import check, equal
from reflected import Images, joined


class Wire:
    """A wire to the store that counts the bytes of each direction."""

    def __init__(self, store):
        self.goal = store.address.rsplit(":", 1)
        self.sent = self.received = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection((self.goal[0], int(self.goal[1])))
            for ends, direction in [((client, server), "sent"), ((server, client), "received")]:
                threading.Thread(target=self.pass_on, args=(*ends, direction), daemon=True).start()

    def pass_on(self, source, sink, direction):
        try:
            while content := source.recv(65536):
                setattr(self, direction, getattr(self, direction) + len(content))
                sink.sendall(content)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listener.close()


def measured(store, work, *options, **arguments):
    """What the work gives, and how many bytes were sent and received for it."""
    wire = Wire(store)
    options = [("grpc.max_receive_message_length", -1), ("grpc.use_local_subchannel_pool", 1), *options]
    with grpc.insecure_channel(wire.address, options, **arguments) as channel:
        answer = work(Images(channel))
    wire.close()
    return answer, wire.sent, wire.received


@check("gzip of requests: 6 MB of one colour are some thousand bytes on the wire")
def requests(store):
    content = pictures.bmp(2000, 1000, bytes([40, 90, 160]) * 2_000_000)
    upload = lambda client: client.upload("plain.bmp", content, 1 << 20)
    image, sent, _ = measured(store, upload, compression=grpc.Compression.Gzip)
    assert sent < 200_000, f"{sent} bytes were sent"
    with store.channel() as channel:
        _, found = joined(Images(channel).GetImageStream({"id": image.id}))
    assert found == content, "other bytes were stored"
    _, sent, _ = measured(store, upload)
    assert sent > len(content), f"{sent} bytes were sent without gzip"


@check("gzip of answers: a list is small on the wire for who takes it, a picture is sent as it is")
def answers(store):
    pixel = pictures.png(1, 1, 1)
    with store.channel() as channel:
        messages = [{"name": f"{number}.png", "imgChunk": pixel, "tags": ["gzip"]} for number in range(100)]
        Images(channel).UploadImage(messages)
    page = lambda client: client.ListImages({"page_size": 100, "tag": "gzip"})
    # grpcio takes gzip unless it is told otherwise: bit 0 is what is not compressed.
    compressed, _, small = measured(store, page)
    plain, _, large = measured(store, page, ("grpc.compression_enabled_algorithms_bitset", 1))
    equal(compressed.SerializeToString(), plain.SerializeToString())
    equal(len(plain.images), 100)
    assert small < large / 2, f"{small} bytes with gzip, {large} without"
    with store.channel() as channel:
        image = Images(channel).upload("plain.bmp", pictures.bmp(200, 100, bytes(60_000)))
    _, _, received = measured(store, lambda client: client.GetImage({"id": image.id}))
    assert received > 60_000, f"a picture was compressed: {received} bytes"
