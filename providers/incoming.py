"""What arrives is what its first bytes say, whatever anybody calls it."""

from __future__ import annotations

import base64
import binascii
import io

from django.utils.translation import gettext as _
from PIL import Image

from providers.shapes import Adjustment, Picture

_FIRST_BYTES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"RIFF", "image/webp"),
    (b"GIF8", "image/gif"),
)


def picture(content: bytes) -> Picture | None:
    """SVG is none: it is markup, and can run."""
    for first, media_type in _FIRST_BYTES:
        if content.startswith(first):
            is_other = first == b"RIFF" and content[8:12] != b"WEBP"
            return None if is_other else Picture(content, media_type)
    return None


def told_format(picture: Picture, asked: str) -> tuple[Adjustment, ...]:
    """Of a provider that is told no format, or does not listen."""
    got = picture.media_type.removeprefix("image/")
    why = _("The provider delivers this in its own format.")
    return (Adjustment("format", asked, got, why),) if got != asked else ()


def decoded(text: object) -> bytes:
    """Of base64, bare or as a data URL; nothing if it is neither."""
    if not isinstance(text, str):
        return b""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def size_of(one: Picture) -> tuple[int, int]:
    """From its head alone; (0, 0) if it has none."""
    try:
        with Image.open(io.BytesIO(one.content)) as image:
            return image.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return 0, 0
