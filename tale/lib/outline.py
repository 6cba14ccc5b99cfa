"""What bytes say they are, read without decoding a pixel: kind, size, frames, where they end.

PNG, JPEG and WebP, and nothing else: SVG and HTML are programs, and of the rest nobody needs one.
Safe on the event loop: it looks at headers and steps over what lies between them.
"""

import re
from dataclasses import dataclass

MOST_PIXELS, LONGEST_SIDE = 25_000_000, 8192
MOST_FRAMES = 100  # an animation gives its first frame; more than this is no picture
MOST_PARTS = 100_000
PNG, JPEG, WEBP = "image/png", "image/jpeg", "image/webp"

_PNG = b"\x89PNG\r\n\x1a\n"
# Where entropy-coded data ends: neither a stuffed byte nor a restart nor another fill byte.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_FRAME_HEADERS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_ALONE = {0x01, *range(0xD0, 0xD8)}


class Unsound(Exception):
    """`code` is one of the vocabulary of refusals."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Outline:
    media_type: str
    width: int
    height: int
    frames: int
    length: int  # what comes behind is not part of the picture


def read(content: bytes, *, most_bytes: int) -> Outline:
    if not content:
        raise Unsound("empty_file")
    if len(content) > most_bytes:
        raise Unsound("file_too_large")
    try:
        found = _walk(content)
    except (IndexError, ValueError) as broken:
        raise Unsound("corrupt_image") from broken
    check_size(found.width, found.height)
    if found.frames > MOST_FRAMES:
        raise Unsound("too_many_frames")
    return found


def check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise Unsound("corrupt_image")
    if max(width, height) > LONGEST_SIDE or width * height > MOST_PIXELS:
        raise Unsound("image_too_large")


def _walk(content: bytes) -> Outline:
    if content.startswith(_PNG):
        return _png(content)
    if content.startswith(b"\xff\xd8\xff"):
        return _jpeg(content)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _webp(content)
    raise Unsound("unsupported_file_type")


def _png(content: bytes) -> Outline:
    at, frames, has_pixels = len(_PNG), 1, False
    if content[at : at + 8] != b"\0\0\0\x0dIHDR":
        raise ValueError("no header")
    width, height = _big(content, at + 8), _big(content, at + 12)
    for _ in range(MOST_PARTS):
        kind, end = content[at + 4 : at + 8], at + 12 + _big(content, at)
        if end > len(content):
            raise ValueError("a chunk is cut off")
        if kind == b"acTL":
            frames = max(1, _big(content, at + 8))
        has_pixels = has_pixels or kind == b"IDAT"
        if kind == b"IEND":
            if not has_pixels:
                raise ValueError("no pixels")
            return Outline(PNG, width, height, frames, end)
        at = end
    raise ValueError("too many chunks")


def _jpeg(content: bytes) -> Outline:
    at, width, height = 2, 0, 0
    for _ in range(MOST_PARTS):
        while content[at + 1] == 0xFF:
            at += 1
        marker = content[at + 1]
        if content[at] != 0xFF:
            raise ValueError("no marker")
        if marker == 0xD9:
            return Outline(JPEG, width, height, 1, at + 2)
        if marker in _ALONE:
            at += 2
            continue
        length = int.from_bytes(_exactly(content, at + 2, 2))
        if length < 2 or at + 2 + length > len(content):
            raise ValueError("a segment is cut off")
        if marker in _FRAME_HEADERS:
            height = int.from_bytes(_exactly(content, at + 5, 2))
            width = int.from_bytes(_exactly(content, at + 7, 2))
        at += 2 + length
        if marker == 0xDA:
            next_marker = _MARKER.search(content, at)
            if next_marker is None:
                raise ValueError("the pixels are cut off")
            at = next_marker.start()
    raise ValueError("too many segments")


def _webp(content: bytes) -> Outline:
    end = 8 + _little(content, 4, 4)
    if end > len(content):
        raise ValueError("cut off")
    at, frames, size = 12, 0, (0, 0)
    for _ in range(MOST_PARTS):
        if at + 8 > end:
            return Outline(WEBP, *size, max(1, frames), end)
        kind, length = content[at : at + 4], _little(content, at + 4, 4)
        if at + 8 + length > end:
            raise ValueError("a chunk is cut off")
        frames += kind == b"ANMF"
        size = size if any(size) else _webp_size(content, kind, at + 8)
        at += 8 + length + length % 2
    raise ValueError("too many chunks")


def _webp_size(content: bytes, kind: bytes, at: int) -> tuple[int, int]:
    if kind == b"VP8X":
        return _little(content, at + 4, 3) + 1, _little(content, at + 7, 3) + 1
    if kind == b"VP8L":
        bits = _little(content, at + 1, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        return _little(content, at + 6, 2) & 0x3FFF, _little(content, at + 8, 2) & 0x3FFF
    return 0, 0


def _big(content: bytes, at: int) -> int:
    return int.from_bytes(_exactly(content, at, 4))


def _little(content: bytes, at: int, length: int) -> int:
    return int.from_bytes(_exactly(content, at, length), "little")


def _exactly(content: bytes, at: int, length: int) -> bytes:
    found = content[at : at + length]
    if len(found) < length:
        raise ValueError("cut off")
    return found
