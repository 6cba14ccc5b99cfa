"""Valid pictures of an exact size, made once and kept; and some that are meant to do harm."""

from __future__ import annotations

import base64
import io
import random
import struct
import zlib
from functools import lru_cache

from PIL import Image

COLOURS = ((196, 84, 60), (60, 120, 196), (84, 160, 92), (220, 180, 60))
MEDIA_TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "svg": "image/svg+xml",
}
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" onload="alert(1)">'
    b"<script>fetch('http://169.254.169.254/')</script>"
    b'<image href="file:///etc/passwd" width="9" height="9"/></svg>'
)


@lru_cache(maxsize=512)
def picture(
    width: int,
    height: int,
    form: str = "png",
    *,
    transparent: bool = False,
    ordinal: int = 0,
    weight: int = 0,
) -> bytes:
    """`weight`: about how many bytes it should have; noise in a corner makes it so."""
    if form == "svg":
        body = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"/>'
        return body.encode()
    mode, paint = "RGB", COLOURS[ordinal % len(COLOURS)]
    image = Image.new("RGBA" if transparent else mode, (width, height), (0, 0, 0, 0))
    if transparent:
        image.paste((*paint, 255), (width // 4, height // 4, width * 3 // 4, height * 3 // 4))
    else:
        image.paste(paint, (0, 0, width, height))
    if weight:
        side = min(int((weight / 3) ** 0.5), width, height)
        noise = random.Random(ordinal).randbytes(side * side * 3)
        image.paste(Image.frombytes("RGB", (side, side), noise), (0, 0))
    file = io.BytesIO()
    image.save(file, form.upper(), **({"compress_level": 6} if form == "png" else {}))
    return file.getvalue()


@lru_cache(maxsize=512)
def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def size_of(content: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(content)) as image:
        return image.size


def form_of(content: bytes) -> str:
    with Image.open(io.BytesIO(content)) as image:
        return (image.format or "").lower()


@lru_cache(maxsize=1)
def bomb() -> bytes:
    """1.6 thousand million pixels of one bit: 200 kB here, gigabytes for who decodes it."""
    side = 40_000
    squeezer = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    data = b"".join(squeezer.compress(row) for _ in range(side)) + squeezer.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND")


def _chunk(name: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def has_alpha(content: bytes) -> bool:
    with Image.open(io.BytesIO(content)) as image:
        return image.mode in ("RGBA", "LA")
