"""What providers publish of their models: prices, last days, successors. Data with date and source,
shipped in data/models.json; a newer file of the same form can be read instead.

What is not published with confidence is not in it: such a model stays unpriced.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from providers import overrides
from tale.lib import money
from tale.lib.refusals import Refusal

SHIPPED = Path(__file__).parent / "data" / "models.json"
_OF_FILE = {"currency", "hosts", "models"}
_OF_MODEL = {
    "kind",
    "id",
    "also",
    "tags",
    "retires_on",
    "replacement",
    "capabilities",
    "prices",
    "source",
    "read_on",
}
_OF_PRICE = {"unit", "size", "quality", "amount"}


@dataclass(frozen=True, slots=True)
class ListPrice:
    unit: str
    amount_micro: int
    currency: str
    size: str = ""
    quality: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Empty of a model nobody has published anything about."""

    tags: tuple[str, ...] = ()
    capabilities: Mapping[str, Any] = field(default_factory=dict)  # where it differs from its kind
    prices: tuple[ListPrice, ...] = ()
    retires_on: date | None = None
    replacement: str = ""
    source: str = ""
    read_on: date | None = None

    def __bool__(self) -> bool:
        return bool(self.source)


@dataclass(frozen=True, slots=True)
class Published:
    hosts: Mapping[str, str]  # of each kind: elsewhere the same name has other prices
    models: Mapping[tuple[str, str], Proposal]

    def proposed(self, kind: str, remote_id: str) -> Proposal:
        name = remote_id.removeprefix("models/")  # as Google lists them
        return self.models.get((kind, name), Proposal())


def proposed(kind: str, remote_id: str) -> Proposal:
    return shipped().proposed(kind, remote_id)


@cache
def shipped() -> Published:
    return read(SHIPPED.read_text("utf-8"))


def read(text: str) -> Published:
    """A file of this form, or a refusal that says where it is not."""
    try:
        whole = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as wrong:
        raise Refusal("invalid_json", field="file") from wrong
    _known(whole, _OF_FILE, "file")
    models: dict[tuple[str, str], Proposal] = {}
    for place, entry in enumerate(_list(whole.get("models"), "models")):
        at = f"models.{place}"
        _known(entry, _OF_MODEL, at)
        proposal = _proposal(entry, str(whole.get("currency", "")), at)
        for name in (entry.get("id"), *_list(entry.get("also", []), f"{at}.also")):
            key = (_text(entry.get("kind"), f"{at}.kind"), _text(name, f"{at}.id"))
            if key in models:
                raise Refusal("already_exists", field=f"{at}.id")
            models[key] = proposal
    return Published(hosts=whole.get("hosts", {}), models=models)


def _proposal(entry: dict[str, Any], currency: str, at: str) -> Proposal:
    capabilities = entry.get("capabilities", {})
    overrides.checked(capabilities, field=f"{at}.capabilities")
    prices = tuple(
        _price(row, currency, f"{at}.prices.{place}")
        for place, row in enumerate(_list(entry.get("prices", []), f"{at}.prices"))
    )
    if len({(row.unit, row.size, row.quality) for row in prices}) < len(prices):
        text = _("Two prices are for the same.")
        raise Refusal("invalid_range", text, field=f"{at}.prices")
    return Proposal(
        tags=tuple(_text(tag, f"{at}.tags") for tag in _list(entry.get("tags"), f"{at}.tags")),
        capabilities=capabilities,
        prices=prices,
        retires_on=_day(entry.get("retires_on"), f"{at}.retires_on"),
        replacement=str(entry.get("replacement", "")),
        source=_text(entry.get("source"), f"{at}.source"),
        read_on=_day(_text(entry.get("read_on"), f"{at}.read_on"), f"{at}.read_on"),
    )


def _price(row: Any, currency: str, at: str) -> ListPrice:
    _known(row, _OF_PRICE, at)
    return ListPrice(
        unit=_text(row.get("unit"), f"{at}.unit"),
        amount_micro=money.parse(_text(row.get("amount"), f"{at}.amount"), field=f"{at}.amount"),
        currency=_text(currency, "currency"),
        size=str(row.get("size", "")),
        quality=str(row.get("quality", "")),
    )


def _known(entry: Any, names: set[str], at: str) -> None:
    if not isinstance(entry, dict):
        raise Refusal("invalid_type", field=at)
    for name in entry:
        if name not in names:
            raise Refusal("unknown_field", field=f"{at}.{name}")


def _list(value: Any, at: str) -> list[Any]:
    if not isinstance(value, list):
        raise Refusal("invalid_type", field=at)
    return value


def _text(value: Any, at: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Refusal("required", field=at)
    return value


def _day(value: Any, at: str) -> date | None:
    try:
        return None if value is None else date.fromisoformat(value)
    except (TypeError, ValueError) as wrong:
        raise Refusal("invalid_date", field=at) from wrong


def _no_constant(name: str) -> Any:
    raise ValueError(name)
