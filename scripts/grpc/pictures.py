"""Pictures made by code."""

import random
import struct
import zlib


def png(width, height, seed):
    """A PNG of noise, which differs with its seed."""
    noise = random.Random(seed)
    rows = b"".join(b"\0" + noise.randbytes(width * 3) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows, 1)) + part(b"IEND", b"")


def part(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def bmp(width, height, samples):
    """A BMP with these samples: 3 bytes a pixel, its width a multiple of 4."""
    assert width % 4 == 0 and len(samples) == width * height * 3
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(samples), 2835, 2835, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(samples), 0, 0, 54) + head + samples


def noisy_bmp(width, height, seed):
    return bmp(width, height, random.Random(seed).randbytes(width * height * 3))


def png_size(content):
    """Width and height of a PNG."""
    assert content.startswith(b"\x89PNG\r\n\x1a\n"), content[:16]
    return struct.unpack(">II", content[16:24])
