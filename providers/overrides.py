"""What an admin says a model can do, where it differs from what its provider's kind says of it.

Every name, type and range is checked when it is saved: a plan is made from these numbers, and
money is set aside by them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from providers.fitting import LADDER
from providers.shapes import Capabilities
from tale.lib.refusals import Refusal

QUALITIES = (*LADDER, "standard", "hd")
SIZE = re.compile(r"[1-9]\d{1,4}x[1-9]\d{1,4}", re.ASCII)
RESOLUTION = re.compile(r"512|[1-8]K", re.ASCII)
ASPECT = re.compile(r"[1-9]\d?:[1-9]\d?", re.ASCII)
MOST_ITEMS = 100

Check = Callable[[Any, str], Any]


def applied(able: Capabilities, overrides: Any) -> Capabilities:
    return dataclasses.replace(able, **checked(overrides)) if overrides else able


def checked(overrides: Any, *, field: str = "capabilities") -> dict[str, Any]:
    """The arguments of Capabilities, or a refusal that names the place: capabilities.sizes.0."""
    if not isinstance(overrides, dict):
        raise _wrong("invalid_type", field, _("write an object such as {}"))
    found = {}
    for name, value in overrides.items():
        if name not in _CHECKS:
            raise _wrong("unknown_field", f"{field}.{name}", _("a model has nothing of this name"))
        found[name] = _CHECKS[name](value, f"{field}.{name}")
    least, most = found.get("shortest_side", 0), found.get("longest_side", 0)
    if most and least > most:
        text = _("the shortest side is longer than the longest")
        raise _wrong("invalid_range", f"{field}.shortest_side", text)
    return found


def _flag(value: Any, field: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong("invalid_type", field, _("write true or false"))
    return value


def _whole(least: int, most: int) -> Check:
    def check(value: Any, field: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise _wrong("invalid_type", field, _("write a whole number"))
        if not least <= value <= most:
            raise _out_of_range(field, least, most)
        return value

    return check


def _number(least: float, most: float) -> Check:
    def check(value: Any, field: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong("invalid_type", field, _("write a number"))
        if not least <= value <= most:  # NaN is in no range
            raise _out_of_range(field, least, most)
        return value

    return check


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str):
        raise _wrong("invalid_type", field, _("write a text"))
    if not value.strip():
        raise _wrong("blank", field, _("this may not be empty"))
    if len(value) > 40:
        raise _wrong("too_long", field, _("at most 40 characters"))
    return value


def _one_of(*choices: str) -> Check:
    def check(value: Any, field: str) -> str:
        if value not in choices or not isinstance(value, str):
            text = _("choose one of %(choices)s") % {"choices": ", ".join(filter(None, choices))}
            raise _wrong("invalid_choice", field, text, choices=list(choices))
        return value

    return check


def _like(pattern: re.Pattern[str], example: str) -> Check:
    def check(value: Any, field: str) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise _wrong("invalid_value", field, _("write %(one)s") % {"one": example})
        return value

    return check


def _list_of(item: Check) -> Check:
    def check(value: Any, field: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _wrong("invalid_type", field, _("write a list"))
        if len(value) > MOST_ITEMS:
            raise _wrong("too_many_items", field, _("at most %(n)s") % {"n": MOST_ITEMS})
        return tuple(item(each, f"{field}.{place}") for place, each in enumerate(value))

    return check


def _styles(value: Any, field: str) -> tuple[str, ...] | None:
    found: tuple[str, ...] | None = None if value is None else _list_of(_text)(value, field)
    return found


def _seconds(value: Any, field: str) -> tuple[float, float]:
    found: tuple[float, ...] = _list_of(_number(0, 3600))(value, field)
    if len(found) != 2:
        raise _wrong("invalid_value", field, _("write two numbers: the median and the slow end"))
    if found[0] > found[1]:
        raise _wrong("invalid_range", field, _("the median is above the slow end"))
    return found[0], found[1]


def _table_of(number: Check, key: re.Pattern[str]) -> Check:
    """`{"low": 16}` in JSON, pairs inside."""

    def check(value: Any, field: str) -> tuple[tuple[str, Any], ...]:
        if not isinstance(value, dict):
            raise _wrong("invalid_type", field, _("write an object such as {}"))
        for name in value:
            if not key.fullmatch(name):
                text = _("write a quality, a size, or both, such as %(one)s")
                raise _wrong("invalid_value", f"{field}.{name}", text % {"one": "low 1024x1024"})
        return tuple((name, number(each, f"{field}.{name}")) for name, each in value.items())

    return check


def _out_of_range(field: str, least: float, most: float) -> Refusal:
    text = _("from %(least)s to %(most)s") % {"least": least, "most": most}
    return _wrong("out_of_range", field, text, least=least, most=most)


def _wrong(code: str, field: str, text: str, **details: Any) -> Refusal:
    return Refusal(code, f"{field}: {text}.", field=field, **details)


_QUALITY = "|".join(QUALITIES)
_FACTOR_KEY = re.compile(f"(?:{_QUALITY})?")
_FLAT_KEY = re.compile(
    f"(?:(?:{_QUALITY}) )?(?:{SIZE.pattern}|{RESOLUTION.pattern})|{_FACTOR_KEY.pattern}"
)

_CHECKS: dict[str, Check] = {
    "source_type": _one_of("trainedAlgorithmicMedia", "algorithmicMedia"),
    "operations": _list_of(_one_of("generate", "edit", "inpaint")),
    "sizes": _list_of(_like(SIZE, "1024x1024")),
    "aspects": _list_of(_like(ASPECT, "16:9")),
    "resolutions": _list_of(_like(RESOLUTION, "1K")),
    "longest_side": _whole(1, 16_384),
    "shortest_side": _whole(1, 16_384),
    "side_step": _whole(1, 1024),
    "least_pixels": _whole(0, 2**28),
    "most_pixels": _whole(0, 2**28),
    "widest_ratio": _number(0, 100),
    "default_size": _like(SIZE, "1024x1024"),
    "qualities": _list_of(_one_of(*QUALITIES)),
    "default_quality": _one_of(*QUALITIES, "auto", ""),
    "styles": _styles,
    "backgrounds": _list_of(_one_of("auto", "opaque", "transparent")),
    "formats": _list_of(_one_of("png", "jpeg", "webp", "svg", "gif")),
    "most_pictures": _whole(1, 100),
    "pictures_per_call": _whole(1, 100),
    "most_prompt_chars": _whole(1, 1_000_000),
    "most_references": _whole(0, 64),
    "mask": _one_of("alpha", "white", "black", ""),
    "seed": _flag,
    "negative": _flag,
    "partials": _whole(0, 10),
    "cancel": _flag,
    "typical_s": _seconds,
    "embeds_credentials": _flag,
    "token_factors": _table_of(_whole(1, 10_000), _FACTOR_KEY),
    "flat_tokens": _table_of(_whole(1, 1_000_000), _FLAT_KEY),
    "reference_tokens": _whole(0, 1_000_000),
    "tools": _flag,
    "vision": _flag,
    "streams": _flag,
    "context_tokens": _whole(1, 100_000_000),
    "output_tokens": _whole(1, 10_000_000),
}
