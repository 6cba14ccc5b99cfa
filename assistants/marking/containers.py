"""PNG, JPEG and WebP taken apart and put together again: the pixels' bytes are never touched."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace

PNG = b"\x89PNG\r\n\x1a\n"
PNG_XMP = b"XML:com.adobe.xmp\0"
JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
JPEG_IPTC = b"Photoshop 3.0\0"
JPEG_FIRST = (b"JFIF\0", b"Exif\0")  # readers look for these before anything else
LONGEST_SEGMENT = 65_533
LONGEST_XMP = 2**20
WEBP_SIZE = struct.Struct("<I")


class Broken(ValueError):
    """The bytes are not the picture they begin as."""


@dataclass(frozen=True, slots=True)
class Part:
    name: bytes  # a chunk's name, or a segment's marker
    data: bytes


@dataclass(frozen=True, slots=True)
class Parts:
    media_type: str
    parts: tuple[Part, ...]
    scan: bytes = b""  # JPEG: from the first scan to the end


def media_type_of(content: bytes) -> str:
    if content.startswith(PNG):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    raise Broken("neither PNG nor JPEG nor WebP")


def split(content: bytes) -> Parts:
    media_type = media_type_of(content)
    try:
        if media_type == "image/png":
            return Parts(media_type, _png(content))
        if media_type == "image/webp":
            return Parts(media_type, _webp(content))
        parts, scan = _jpeg(content)
        return Parts(media_type, parts, scan)
    except struct.error as broken:
        raise Broken("it ends too early") from broken


def join(whole: Parts) -> bytes:
    if whole.media_type == "image/png":
        return PNG + b"".join(map(_png_chunk, whole.parts))
    if whole.media_type == "image/webp":
        body = b"WEBP" + b"".join(map(_webp_chunk, whole.parts))
        return b"RIFF" + WEBP_SIZE.pack(len(body)) + body
    return b"\xff\xd8" + b"".join(map(_jpeg_segment, whole.parts)) + whole.scan


def xmp_of(whole: Parts) -> bytes:
    return next(filter(None, map(_xmp_in, whole.parts)), b"")


def with_xmp(whole: Parts, packet: bytes) -> Parts:
    """In place of every packet it has: two would contradict each other."""
    kept = tuple(part for part in whole.parts if not _holds_xmp(part))
    if whole.media_type == "image/png":
        text = Part(b"iTXt", PNG_XMP + bytes(4) + packet)
        return replace(whole, parts=(kept[0], text, *kept[1:]))
    if whole.media_type == "image/webp":
        return replace(whole, parts=(*_extended(kept), Part(b"XMP ", packet)))
    return _with_segment(replace(whole, parts=kept), Part(b"\xe1", JPEG_XMP + packet))


def with_iptc(whole: Parts, records: bytes) -> Parts:
    """Only JPEG has a place for it. Where somebody wrote there before, their words stay."""
    if whole.media_type != "image/jpeg" or any(
        part.name == b"\xed" and part.data.startswith(JPEG_IPTC) for part in whole.parts
    ):
        return whole
    padded = records + b"\0" * (len(records) % 2)
    block = JPEG_IPTC + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(records)) + padded
    return _with_segment(whole, Part(b"\xed", block))


def _with_segment(whole: Parts, segment: Part) -> Parts:
    if len(segment.data) > LONGEST_SEGMENT:
        raise Broken("the segment is too long")
    place = 0
    while place < len(whole.parts) and whole.parts[place].data.startswith(JPEG_FIRST):
        place += 1
    return replace(whole, parts=(*whole.parts[:place], segment, *whole.parts[place:]))


def _holds_xmp(part: Part) -> bool:
    return (
        part.name == b"XMP "
        or (part.name == b"iTXt" and part.data.startswith(PNG_XMP))
        or (part.name == b"\xe1" and part.data.startswith(JPEG_XMP))
    )


def _xmp_in(part: Part) -> bytes:
    if not _holds_xmp(part) or len(part.data) > LONGEST_XMP:
        return b""
    if part.name == b"XMP ":
        return part.data
    if part.name == b"\xe1":
        return part.data[len(JPEG_XMP) :]
    squeezed, rest = part.data[len(PNG_XMP) : len(PNG_XMP) + 1], part.data[len(PNG_XMP) + 2 :]
    text = rest.split(b"\0", 2)[-1]  # behind a language and a translated keyword
    if squeezed != b"\1":
        return text
    try:
        return zlib.decompressobj().decompress(text, LONGEST_XMP)
    except zlib.error:
        return b""


def _png(content: bytes) -> tuple[Part, ...]:
    parts: list[Part] = []
    at = len(PNG)
    while True:
        length, name = struct.unpack_from(">I4s", content, at)
        if at + 12 + length > len(content):
            raise Broken("it ends too early")
        parts.append(Part(name, content[at + 8 : at + 8 + length]))
        at += 12 + length
        if name == b"IEND":
            return tuple(parts)


def _png_chunk(part: Part) -> bytes:
    length, checksum = len(part.data), zlib.crc32(part.data, zlib.crc32(part.name))
    return struct.pack(">I", length) + part.name + part.data + struct.pack(">I", checksum)


def _jpeg(content: bytes) -> tuple[tuple[Part, ...], bytes]:
    parts: list[Part] = []
    at = 2
    while True:
        start, marker, length = struct.unpack_from(">BBH", content, at)
        if start != 0xFF or length < 2:
            raise Broken("a segment does not begin where the last one ended")
        if marker == 0xFF:  # as many as an encoder likes may stand before a marker
            at += 1
            continue
        if marker == 0xDA:
            return tuple(parts), content[at:]
        parts.append(Part(bytes([marker]), content[at + 4 : at + 2 + length]))
        at += 2 + length


def _jpeg_segment(part: Part) -> bytes:
    return b"\xff" + part.name + struct.pack(">H", len(part.data) + 2) + part.data


def _webp(content: bytes) -> tuple[Part, ...]:
    parts: list[Part] = []
    at = 12
    end = min(len(content), 8 + WEBP_SIZE.unpack_from(content, 4)[0])
    while at + 8 <= end:
        name, length = struct.unpack_from("<4sI", content, at)
        if at + 8 + length > end:
            raise Broken("it ends too early")
        parts.append(Part(name, content[at + 8 : at + 8 + length]))
        at += 8 + length + length % 2
    if not parts:
        raise Broken("it is empty")
    return tuple(parts)


def _webp_chunk(part: Part) -> bytes:
    return part.name + WEBP_SIZE.pack(len(part.data)) + part.data + b"\0" * (len(part.data) % 2)


def _extended(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Only the extended form may carry more than the picture itself."""
    first = parts[0]
    if first.name == b"VP8X":
        flags = first.data[0] | 0x04
        return (Part(b"VP8X", bytes([flags]) + first.data[1:]), *parts[1:])
    alpha = 0
    if first.name == b"VP8L":
        bits = struct.unpack_from("<I", first.data, 1)[0]
        width, height, alpha = bits & 0x3FFF, bits >> 14 & 0x3FFF, bits >> 28 & 1
    else:
        wide, high = struct.unpack_from("<HH", first.data, 6)
        width, height = (wide & 0x3FFF) - 1, (high & 0x3FFF) - 1
    sides = width.to_bytes(3, "little") + height.to_bytes(3, "little")
    return (Part(b"VP8X", bytes([0x04 | alpha << 4, 0, 0, 0]) + sides), *parts)
