"""The one place where a wish is changed, and every change is told."""

import math
import re
import secrets

from providers.shapes import Adjustment, Capabilities, Plan, Wish
from tale.lib.refusals import Refusal

_WORDS = {"square": "1:1", "landscape": "3:2", "wide": "16:9", "portrait": "2:3", "tall": "9:16"}
_PIXELS = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})", re.ASCII)
_ASPECT = re.compile(r"([1-9]\d?):([1-9]\d?)", re.ASCII)
_QUALITY = {"standard": "medium", "hd": "high"}


def fit(wish: Wish, able: Capabilities) -> Plan:
    if not wish.prompt.strip():
        raise Refusal("blank", field="prompt")
    if not 1 <= wish.n <= able.most_pictures:  # never reduced in silence
        bound = "minimum" if wish.n < 1 else "maximum"
        raise Refusal("out_of_range", field="n", least=1, most=able.most_pictures, bound=bound)
    width, height = _fit_size(wish.size, able)
    quality = _fit_quality(wish.quality, able)
    adjustments = []
    if wish.size != "auto" and _is_pixels(wish.size) and wish.size != f"{width}x{height}":
        adjustments.append(Adjustment("size", wish.size, f"{width}x{height}"))
    if wish.quality != "auto" and quality != _QUALITY.get(wish.quality, wish.quality):
        adjustments.append(Adjustment("quality", wish.quality, quality))
    return Plan(
        prompt=wish.prompt.strip(),
        n=wish.n,
        width=width,
        height=height,
        quality=quality,
        style=wish.style,
        seed=wish.seed if wish.seed is not None else secrets.randbits(31),
        adjustments=tuple(adjustments),
    )


def _fit_size(size: str, able: Capabilities) -> tuple[int, int]:
    size = _WORDS.get(size, size)
    if size == "auto":
        return _pixels(able.default_size)
    if aspect := _ASPECT.fullmatch(size):
        wanted = int(aspect[1]) / int(aspect[2])
        return _of_aspect(wanted, able)
    if not _is_pixels(size):
        raise Refusal("invalid_choice", field="size")
    width, height = _pixels(size)
    if able.sizes and size not in able.sizes:
        return _of_aspect(width / height, able)
    if not able.shortest_side <= min(width, height) <= max(width, height) <= able.longest_side:
        raise Refusal(
            "out_of_range", field="size", least=able.shortest_side, most=able.longest_side
        )
    return width, height


def _of_aspect(wanted: float, able: Capabilities) -> tuple[int, int]:
    """The nearest listed size; or, where any size goes, the default's area in that shape."""
    if able.sizes:
        near = min(able.sizes, key=lambda size: abs(math.log(_ratio(size) / wanted)))
        return _pixels(near)
    width, height = _pixels(able.default_size)
    side = math.sqrt(width * height * wanted)
    return round(side / 16) * 16, round(side / wanted / 16) * 16


def _fit_quality(quality: str, able: Capabilities) -> str:
    if quality == "auto":
        return able.default_quality
    quality = _QUALITY.get(quality, quality)
    if quality not in ("low", "medium", "high"):
        raise Refusal("invalid_choice", field="quality", choices=["auto", "low", "medium", "high"])
    return quality if quality in able.qualities else able.default_quality


def _is_pixels(size: str) -> bool:
    return _PIXELS.fullmatch(size) is not None


def _pixels(size: str) -> tuple[int, int]:
    width, height = size.split("x")
    return int(width), int(height)


def _ratio(size: str) -> float:
    width, height = _pixels(size)
    return width / height
