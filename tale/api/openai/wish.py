"""What OpenAI's clients send, as JSON or as a form, and what we make of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from providers.shapes import Wish
from tale.lib import money
from tale.lib.multipart import Form, Sent
from tale.lib.refusals import Refusal, filled
from tale.lib.strict import is_blank

KNOWN = {
    "prompt",
    "model",
    "n",
    "size",
    "quality",
    "style",
    "background",
    "output_format",
    "output_compression",
    "moderation",
    "response_format",
    "stream",
    "partial_images",
    "user",
    "safety_identifier",
}
LATER = {"input_fidelity", "complexity", "frame_count", "frame_duration_ms", "svg", "markup"}
# Of these we do one thing only, which is what OpenAI does when they are not sent.
ONLY = {"output_compression": 100, "moderation": "auto", "stream": False, "partial_images": 0}
CHOICES = {
    "background": ("auto", "opaque", "transparent"),
    "output_format": ("png", "jpeg", "webp"),
    "response_format": ("b64_json", "url"),
}
JSON_TYPES: dict[type, str] = {int: "integer", str: "string", bool: "boolean"}
OURS = {"output_format": "format", "image": "images"}
YES_TO = "X-Confirm-Amount"
THEIRS = {ours: theirs for theirs, ours in OURS.items()}
LONGEST_PROMPT, MOST_IMAGES, LONGEST_NAME = 32_000, 16, 64
_WHOLE = re.compile(r"-?\d{1,6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    wish: Wish
    model: str
    as_links: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A picture or a mask: the file that came, or the id of one that is here."""

    field: str
    given: Sent | str
    is_mask: bool = False

    @property
    def mark(self) -> str:
        """What makes it another request under the same key."""
        given = self.given
        told = given if isinstance(given, str) else hashlib.sha256(given.content).hexdigest()
        return f"{self.is_mask} {told}"


def of(body: dict[str, Any]) -> Asked:
    for name in body:
        if name in LATER:
            raise Refusal("unsupported_parameter", field=name)
        if name not in KNOWN:
            raise Refusal("unknown_parameter", field=name[:80])
    wish = Wish(
        prompt=_prompt(body),
        n=_number(body, "n", 1),
        size=_text(body, "size") or "auto",
        quality=_text(body, "quality") or "auto",
        style=_text(body, "style"),
        background=_choice(body, "background") or "auto",
        format=_choice(body, "output_format") or "auto",
    )
    as_links = _choice(body, "response_format") == "url"
    _check_the_rest(body)
    return Asked(wish, _text(body, "model"), as_links)


def of_form(form: Form) -> tuple[Asked, list[Part]]:
    """Every field of a form is a text: what should be a number or a switch becomes one."""
    fields = {name: values for name, values in form.fields.items() if not _is_image(name)}
    for name, values in fields.items():
        if len(values) > 1:
            raise Refusal("duplicate_field", field=name[:80])
    for name in form.files:
        if not _is_image(name):
            if name in KNOWN:
                raise Refusal("invalid_type", field=name, expected="string")
            raise Refusal("unknown_parameter", field=name[:80])
    asked = of({name: _typed(name, values[0]) for name, values in fields.items()})
    return asked, _parts(form)


def in_their_words(refusal: Refusal) -> Refusal:
    refusal.field = THEIRS.get(refusal.field, refusal.field)
    if refusal.code == "confirmation_required":  # the envelope carries no details: words must do
        refusal.field = YES_TO
        said = {"why": refusal.message, "header": YES_TO, "amount": refusal.details["amount"]}
        refusal.message = filled(
            _("%(why)s Send it again with the header %(header)s: %(amount)s."), said
        )
    return refusal


def yes_to(headers: Mapping[str, str]) -> int:
    """The amount they say yes to; where nobody asks for it, it changes nothing."""
    said = headers.get(YES_TO)
    return 0 if said is None else money.parse(said, field=YES_TO)


def _parts(form: Form) -> list[Part]:
    given = [(name, each) for name, each in _given(form) if name != "mask"]
    masks = [each for name, each in _given(form) if name == "mask"]
    if not given:
        raise Refusal("missing_required_parameter", field="image")
    if len(given) > MOST_IMAGES:
        raise Refusal("too_many_files", field="image", most=MOST_IMAGES)
    if len(masks) > 1:
        raise Refusal("duplicate_field", field="mask")
    several = len(given) > 1
    parts = [
        Part(f"image[{place}]" if several else "image", each)
        for place, (_name, each) in enumerate(given)
    ]
    return parts + [Part("mask", mask, is_mask=True) for mask in masks]


def _given(form: Form) -> Iterator[tuple[str, Sent | str]]:
    sources: tuple[dict[str, Any], ...] = (form.files, form.fields)
    for source in sources:
        for name, values in source.items():
            if _is_image(name):
                yield from ((name, value) for value in values)


def _is_image(name: str) -> bool:
    return name in ("image", "image[]", "mask")


def _typed(name: str, text: str) -> Any:
    if name in ("n", "output_compression", "partial_images") and _WHOLE.fullmatch(text):
        return int(text)
    if name == "stream" and text in ("true", "false"):
        return text == "true"
    return text


def _prompt(body: dict[str, Any]) -> str:
    prompt = _text(body, "prompt")
    if is_blank(prompt):
        missing = "missing_required_parameter" if "prompt" not in body else "blank"
        raise Refusal(missing, field="prompt")
    if len(prompt) > LONGEST_PROMPT:
        raise Refusal("too_long", field="prompt", most=LONGEST_PROMPT)
    return prompt


def _check_the_rest(body: dict[str, Any]) -> None:
    for name in ("user", "safety_identifier"):
        if name == "safety_identifier" and body.get(name, "") is None:
            continue  # their clients may send it so, and mean none
        if len(_text(body, name)) > LONGEST_NAME:
            raise Refusal("too_long", field=name, most=LONGEST_NAME)
    for name, only in ONLY.items():
        value = body.get(name, only)
        if type(value) is not type(only):
            raise _of_another_type(name, value, JSON_TYPES[type(only)])
        if value != only:
            raise Refusal("unsupported_parameter", field=name, only=only)


def _choice(body: dict[str, Any], name: str) -> str:
    text = _text(body, name)
    if name in body and text not in CHOICES[name]:
        raise Refusal("invalid_choice", field=name, choices=list(CHOICES[name]))
    return text


def _number(body: dict[str, Any], name: str, usual: int) -> int:
    value = body.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _of_another_type(name, value, "integer")
    return value


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise _of_another_type(name, value, "string")
    return value


def _of_another_type(name: str, value: Any, expected: str) -> Refusal:
    if value is None:
        return Refusal("null_not_allowed", field=name)
    return Refusal("invalid_type", field=name, expected=expected)
