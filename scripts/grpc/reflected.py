"""A client that knows nothing but what the server tells of itself by reflection."""

from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from harness import PATIENCE


class Stub:
    """The one method of a version of reflection: grpcio-reflection knows only v1alpha, whose messages are those of v1."""

    def __init__(self, channel, version):
        self.ServerReflectionInfo = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            reflection_pb2.ServerReflectionRequest.SerializeToString,
            reflection_pb2.ServerReflectionResponse.FromString,
        )


class Reflected:
    """Calls methods by name, with messages made of the descriptors that the server sends."""

    def __init__(self, channel, version="v1"):
        self.channel = channel
        self.database = ProtoReflectionDescriptorDatabase(channel)
        self.database._stub = Stub(channel, version)
        self.pool = DescriptorPool(self.database)

    def services(self):
        return sorted(self.database.get_services())

    def methods(self, service):
        return sorted(method.name for method in self.pool.FindServiceByName(service).methods)

    def method(self, service, name):
        """The method, and what makes its messages of dictionaries."""
        method = self.pool.FindServiceByName(service).FindMethodByName(name)
        asked, answered = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
        arity = {True: "stream", False: "unary"}
        kind = f"{arity[method.client_streaming]}_{arity[method.server_streaming]}"
        call = getattr(self.channel, kind)(f"/{service}/{name}", asked.SerializeToString, answered.FromString)
        streams = method.client_streaming
        return call, lambda request: (asked(**fields) for fields in request) if streams else asked(**request)

    def call(self, service, name, request, **options):
        """The answer, or an iterator over answers. The request is a dictionary, or an iterable of them where a stream is sent."""
        call, made = self.method(service, name)
        return call(made(request), **{"timeout": PATIENCE, **options})


class Images(Reflected):
    """The methods of image.v1.ImageService."""

    SERVICE = "image.v1.ImageService"

    def __getattr__(self, name):
        return lambda request, **options: self.call(self.SERVICE, name, request, **options)

    def upload(self, name, content, chunk=64 * 1024, **options):
        """Stores one image; gives what is told of it."""
        return self.UploadImage(pieces(name, content, chunk), **options).images[0]

    def begin_upload(self, messages):
        """An upload that goes on meanwhile."""
        call, made = self.method(self.SERVICE, "UploadImage")
        return call.future(made(messages), timeout=PATIENCE)

    def all(self, **options):
        """What is told of each image, through all pages."""
        token, found = "", []
        while True:
            page = self.ListImages({"page_size": 500, "page_token": token}, **options)
            found += page.images
            token = page.next_page_token
            if not token:
                return found


def pieces(name, content, chunk=64 * 1024, **first):
    """The messages of one image; the first has its name and these fields."""
    for start in range(0, len(content), chunk):
        piece = {"imgChunk": content[start : start + chunk]}
        yield {"name": name, **first, **piece} if start == 0 else piece


def joined(answers):
    """The first message of a stream, and the bytes of the others."""
    head = next(answers)
    return head, b"".join(answer.chunk for answer in answers)
