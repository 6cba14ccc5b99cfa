"""Pictures that look alike: the same one resized, saved again or in another format."""

from __future__ import annotations

from typing import Any, TypeVar

import structlog
from django.db.models import Q, QuerySet

from assistants.models import Recognisable
from tale.lib import child, likeness
from tale.lib.child import ChildFailed

READ_S = 20.0
MOST_APART = 6  # of 64 bits: what was saved again differs in 0 to 6, another picture in 12 and more
BANDS, BAND_BITS = ("band_0", "band_1", "band_2", "band_3"), 16
MOST_COMPARED = 5_000  # should thousands look alike, one of the newest of them is enough

log = structlog.get_logger(__name__)
Row = TypeVar("Row", bound=Recognisable)


async def of(content: bytes) -> int | None:
    """None: one colour, or nothing that can be decoded. A picture is never lost to that."""
    try:
        found = await child.call("tale.lib.likeness:read", timeout_s=READ_S, content=content)
    except ChildFailed as failed:
        log.warning("picture without likeness", reason=str(failed))
        return None
    return as_bits(found)


def as_bits(found: bytes) -> int | None:
    """As a child answers."""
    return int.from_bytes(found) if found else None


def bands(bits: int | None) -> dict[str, Any]:
    """As the columns of a row hold it."""
    if bits is None:
        return dict.fromkeys(BANDS)
    mask = (1 << BAND_BITS) - 1
    return {name: bits >> BAND_BITS * place & mask for place, name in enumerate(BANDS)}


def nearest(rows: QuerySet[Row], bits: int) -> Row | None:
    """The one that looks most alike, if one looks alike at all. Where two differ by less than
    eight bits, one of their four bands differs by at most one: those are looked up by index."""
    where = Q()
    for name, band in bands(bits).items():
        where |= Q(**{f"{name}__in": [band, *(band ^ 1 << bit for bit in range(BAND_BITS))]})
    found = rows.filter(where).values_list("pk", *BANDS).order_by("-pk")[:MOST_COMPARED]
    apart = [(likeness.distance(bits, _joined(row[1:])), row[0]) for row in found]
    best, pk = min(apart, default=(MOST_APART + 1, ""))
    return rows.filter(pk=pk).first() if best <= MOST_APART else None


def _joined(values: tuple[int, ...]) -> int:
    return sum(value << BAND_BITS * place for place, value in enumerate(values))
