"""The image gate: what others call a picture is looked at here before anybody sees it.

In our process only headers are read. Pixels are decoded in a child, with limits of memory and
time, so a bomb takes the child and not the worker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.utils.translation import gettext as _

from assistants import likeness
from providers.shapes import Picture
from tale.lib import child, outline
from tale.lib.child import ChildFailed
from tale.lib.outline import Outline, Unsound
from tale.lib.refusals import STATUS_OF, Refusal

MOST_BYTES, MOST_UPLOADED = 32 * 2**20, 20 * 2**20
DECODE_S = 20.0
EXAMINE, FIRST_FRAME = "tale.lib.likeness:examine", "tale.lib.imaging:first_frame"
MASK, NORMALISE = "tale.lib.imaging:mask", "tale.lib.imaging:normalise"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Passed(Generic[T]):
    sound: tuple[T, ...]  # what became of each
    unsound: tuple[Picture, ...]
    looks: tuple[int | None, ...] = ()  # of each sound one, see likeness.py


async def pass_made(
    pictures: Sequence[Picture], meanwhile: Callable[[int, Picture], Awaitable[T]]
) -> Passed[T]:
    """What a provider sent. A sound picture keeps its bytes, and with them its credentials; what
    comes after its end is cut. Of an animation the first frame is taken.

    `meanwhile` is done with each, and its place, while its pixels are decoded: most are sound.
    What it made of an unsound one is dropped, and so is how it failed."""
    made = (_made(place, each, meanwhile) for place, each in enumerate(pictures))
    pairs = list(zip(pictures, await asyncio.gather(*made), strict=True))
    return Passed(
        sound=tuple(seen[0] for _, seen in pairs if seen is not None),
        unsound=tuple(sent for sent, seen in pairs if seen is None),
        looks=tuple(seen[1] for _, seen in pairs if seen is not None),
    )


async def pass_upload(content: bytes, *, field: str = "file") -> Picture:
    """What a person sent is made anew: its pixels stay, whatever else it held does not."""
    read = look_at_sent(content, field=field)
    try:
        anew = await _in_child(NORMALISE, content[: read.length])
        return Picture(anew, read.media_type)
    except Unsound as unsound:
        raise Refusal(unsound.code, field=field) from unsound


def look_at_sent(content: bytes, *, field: str = "file") -> Outline:
    """What is only read and not kept: its headers, by the same limits."""
    try:
        return outline.read(content, most_bytes=MOST_UPLOADED)
    except Unsound as unsound:
        raise Refusal(unsound.code, field=field) from unsound


async def pass_mask(content: bytes, *, field: str = "mask") -> Picture:
    """As grey, 255 where its picture may change: where it is see-through, or, if it is nowhere,
    where it is white."""
    try:
        read = outline.read(content, most_bytes=MOST_UPLOADED)
        return Picture(await _in_child(MASK, content[: read.length]), outline.PNG)
    except Unsound as unsound:
        is_empty = unsound.code == "blank"
        message = _("Nothing is marked on this mask.") if is_empty else ""
        raise Refusal(unsound.code, message, field=field) from unsound


async def _made(
    place: int, picture: Picture, meanwhile: Callable[[int, Picture], Awaitable[T]]
) -> tuple[T, int | None] | None:
    """With what it looks like: it is decoded once."""
    try:
        read = outline.read(picture.content, most_bytes=MOST_BYTES)
        cut = Picture(picture.content[: read.length], read.media_type)
        if read.frames > 1:
            cut = Picture(await _in_child(FIRST_FRAME, cut.content), outline.PNG)
        looks, made = await asyncio.gather(
            _in_child(EXAMINE, cut.content), meanwhile(place, cut), return_exceptions=True
        )
        if isinstance(looks, BaseException):
            raise looks
    except Unsound:
        return None
    if isinstance(made, BaseException):
        raise made
    return made, likeness.as_bits(looks)


def look(content: bytes) -> Outline:
    """Of a picture that passed."""
    return outline.read(content, most_bytes=2 * MOST_BYTES)


async def _in_child(target: str, content: bytes) -> bytes:
    try:
        return await child.call(target, timeout_s=DECODE_S, content=content)
    except ChildFailed as failed:
        if failed.error == "Unsound" and failed.message in STATUS_OF:
            raise Unsound(failed.message) from failed
        # It ran out of memory or time, or fell over: too large, whatever its header says.
        raise Unsound("image_too_large") from failed
