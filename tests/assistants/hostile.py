"""Pictures that are none, or more than one should be."""

import io
import struct
import zlib
from typing import Any

from PIL import Image

SCRIPT = b"<script>alert(document.domain)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
GREEN = (12, 180, 96)


def encoded(form: str, image: Image.Image | None = None, **how: Any) -> bytes:
    file = io.BytesIO()
    (image or Image.new("RGB", (64, 48), GREEN)).save(file, form, **how)
    return file.getvalue()


def bomb(
    width: int = 10_400,
    height: int = 8_500,
    *,
    depth: int = 1,
    channels: int = 1,
    said: Any = None,
) -> bytes:
    """One bit a pixel, 88 megapixels, a few kilobytes. `said`: what its header claims instead."""
    row = b"\0" + bytes((width * depth * channels + 7) // 8)
    packer = zlib.compressobj(9)
    pixels = b"".join([*(packer.compress(row) for _ in range(height)), packer.flush()])
    head = struct.pack(
        "!IIBBBBB", *(said or (width, height)), depth, {1: 0, 4: 6}[channels], 0, 0, 0
    )
    parts = [chunk(b"IHDR", head), chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))


def animation(form: str, frames: int = 3) -> bytes:
    """Green first, then ever redder."""
    rest = [Image.new("RGB", (64, 48), (255, frame, 0)) for frame in range(frames - 1)]
    return encoded(form, save_all=True, append_images=rest, duration=100, lossless=True)


def damaged(content: bytes) -> bytes:
    """Whole from outside, broken in the middle of its pixels, with a checksum that fits."""
    at = content.index(b"IDAT")
    length = int.from_bytes(content[at - 4 : at])
    data = bytearray(content[at + 4 : at + 4 + length])
    data[2 : len(data) // 2] = b"\xff" * (len(data) // 2 - 2)
    return content[: at - 4] + chunk(b"IDAT", bytes(data)) + content[at + 8 + length :]


def odd_jpegs() -> dict[str, bytes]:
    whole = encoded("JPEG")
    return {
        "a JPEG of nothing but markers": b"\xff\xd8" + b"\xff" * 4096,
        "a JPEG without an end": whole[:-2],
        "a JPEG cut off in a segment": whole[:30],
    }


HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty_file"),
    "an SVG": (SVG, "unsupported_file_type"),
    "a page": (b"<!doctype html>" + SCRIPT, "unsupported_file_type"),
    "a page with a PNG in it": (SCRIPT + encoded("PNG"), "unsupported_file_type"),
    "a GIF": (encoded("GIF"), "unsupported_file_type"),
    "a TIFF": (encoded("TIFF"), "unsupported_file_type"),
    "a 1-bit PNG of 88 megapixels": (bomb(), "image_too_large"),
    "a PNG longer than 8192": (bomb(9000, 10), "image_too_large"),
    "a PNG without height": (bomb(10, 1, said=(10, 0)), "corrupt_image"),
    "a PNG cut off": (encoded("PNG")[:-20], "corrupt_image"),
    "a PNG without pixels": (
        b"\x89PNG\r\n\x1a\n" + bomb(8, 8)[8:33] + chunk(b"IEND", b""),
        "corrupt_image",
    ),
    "a PNG broken inside": (
        damaged(encoded("PNG", Image.effect_noise((64, 64), 90))),
        "corrupt_image",
    ),
    "a WebP cut off": (encoded("WEBP")[:-20], "corrupt_image"),
    "a film": (animation("PNG", frames=120), "too_many_frames"),
    **{name: (content, "corrupt_image") for name, content in odd_jpegs().items()},
}
