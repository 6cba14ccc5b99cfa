"""JSON as strict as we need it. Python's own parser takes NaN, keeps the last of two equal names,
and lets half a character through."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from django.conf import settings
from django.utils.http import parse_header_parameters
from django.utils.translation import gettext_lazy as _
from rest_framework.parsers import BaseParser

from tale.lib.refusals import Refusal, Text

DEEPEST = 32
MOST_DIGITS = 4300  # of a number; Python reads no more
_HALF_OR_NUL = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class _NoNumber:
    """Stands where it was sent until all is read: before, nobody knows how that place is called."""

    text: Text = ""


class StrictJSONParser(BaseParser):
    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        # One byte more than allowed is enough to know.
        return read_json(stream.read(settings.TALE_BODY_BYTES + 1), media_type or "")


def read_json(raw: bytes, content_type: str) -> dict[str, Any]:
    """The body of a request as an object, or the refusal that says what is wrong with it."""
    _check_type(content_type)
    if len(raw) > settings.TALE_BODY_BYTES:
        raise Refusal("request_too_large", limit_bytes=settings.TALE_BODY_BYTES)
    try:
        body = _DECODER.decode(raw.decode())
    except UnicodeDecodeError as wrong:
        raise Refusal("invalid_encoding", _("This is not valid UTF-8.")) from wrong
    except json.JSONDecodeError as wrong:
        raise Refusal("invalid_json", line=wrong.lineno, column=wrong.colno) from wrong
    except RecursionError as wrong:
        raise _too_deep() from wrong
    if not isinstance(body, dict):
        raise Refusal("invalid_type", _("Send one JSON object."))
    _check_depth(body)
    for path, found in _texts(body, ""):
        if isinstance(found, _NoNumber):
            raise Refusal("invalid_number", found.text, field=path)
        if _HALF_OR_NUL.search(found):
            raise Refusal(
                "invalid_characters", _("NUL and half characters are not text."), field=path
            )
    return body


def _check_type(content_type: str) -> None:
    media_type, parameters = parse_header_parameters(content_type)
    if media_type != "application/json":
        raise Refusal("unsupported_media_type")
    if parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise Refusal("unsupported_charset")


def _check_depth(body: dict[str, Any]) -> None:
    """Level by level, for what is too deep must not become recursion."""
    level: list[Any] = [body]
    for _depth in range(DEEPEST):
        inner = [
            value
            for container in level
            for value in (container.values() if isinstance(container, dict) else container)
        ]
        level = [value for value in inner if isinstance(value, dict | list)]
    if level:
        raise _too_deep()


def _texts(value: Any, path: str) -> Iterator[tuple[str, str | _NoNumber]]:
    """Every name and every text, and what is no number, with its path."""
    if isinstance(value, str | _NoNumber):
        yield path, value
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _texts(inner, f"{path}[{at}]")
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield path, name
            yield from _texts(inner, f"{path}.{name}".lstrip("."))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    for name, _value in pairs:
        if name in seen:
            break
        seen.add(name)
    raise Refusal("duplicate_field", _("This field is sent twice."), field=name[:80])


def _number(text: str) -> float | _NoNumber:
    number = float(text)
    return _NoNumber() if number in (float("inf"), float("-inf")) else number  # 1e999


def _integer(text: str) -> int | _NoNumber:
    return int(text) if len(text) <= MOST_DIGITS else _NoNumber()


def _constant(text: str) -> _NoNumber:
    return _NoNumber(_("NaN and Infinity are not JSON."))


def _too_deep() -> Refusal:
    return Refusal("invalid_json", _("This is nested too deeply."), limit=DEEPEST)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_float=_number,
    parse_int=_integer,
    parse_constant=_constant,
)
