"""The counters of budgets: found or made, then moved in one statement and in one order.

On PostgreSQL a hold under four caps is one round trip here, and one more for each counter that
nobody needed before. Counters are looked up once for each edition of the rules and process.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import F

from accounts.models import Organisation
from policies.models import Window

MOST_KNOWN = 20_000


class Place(NamedTuple):
    """Of one rule, for one subject, in one period: there is one counter."""

    rule: str
    subject: str
    starts_at: datetime
    ends_at: datetime | None


class Step(NamedTuple):
    """What one counter takes. Without a limit it always does."""

    window: int
    asked: int
    limit: int | None


class Move(NamedTuple):
    """From set aside to spent."""

    window: int
    reserved: int
    settled: int


_known: dict[tuple[str, str, str, datetime], int] = {}
_rule_of: dict[tuple[str, int], str] = {}


def at(places: Sequence[Place], *, organisation: Organisation, edition: str) -> list[int]:
    """The counter of each place, made where nobody has needed it before."""
    named = [(edition, place.rule, place.subject, place.starts_at) for place in places]
    known = [pk for name in named if (pk := _known.get(name)) is not None]
    if len(known) < len(named):
        return _looked_up(places, organisation, edition)
    return known


def rules_of(windows: Sequence[int], *, organisation: Organisation, edition: str) -> dict[int, str]:
    """Of those that are there: which rule each of them counts for."""
    known = {pk: rule for pk in windows if (rule := _rule_of.get((edition, pk)))}
    if len(known) == len(windows):
        return known
    rows = Window.objects.of(organisation).filter(pk__in=windows)
    found = dict(rows.values_list("pk", "rule_id"))
    transaction.on_commit(lambda: _remember_rules(found, edition))
    return found


def read(pk: int, *, organisation: Organisation) -> Window:
    try:
        return Window.objects.of(organisation).get(pk=pk)
    except Window.DoesNotExist:  # a backup was played in under us: look all of them up again
        forget()
        raise


def forget() -> None:
    _known.clear()
    _rule_of.clear()


def reserve(steps: Sequence[Step], *, organisation: Organisation) -> int:
    """How many took it, from the first on: fewer than there are means that the next one is full,
    and that the caller rolls back."""
    if not steps:
        return 0
    if connection.vendor == "postgresql":
        return _call("policies_reserve", zip(*steps, strict=True))
    for place, step in enumerate(steps):
        counter = Window.objects.of(organisation).filter(pk=step.window)
        if step.limit is not None:
            counter = counter.filter(settled__lte=step.limit - step.asked - F("reserved"))
        if not counter.update(reserved=F("reserved") + step.asked):
            return place
    return len(steps)


def move(moves: Sequence[Move], *, organisation: Organisation) -> None:
    if not moves:
        return
    if connection.vendor == "postgresql":
        _call("policies_move", zip(*moves, strict=True))
        return
    for each in moves:
        Window.objects.of(organisation).filter(pk=each.window).update(
            reserved=F("reserved") - each.reserved, settled=F("settled") + each.settled
        )


def _call(function: str, columns: object) -> int:
    ids, sizes, others = (list(column) for column in columns)  # type: ignore[attr-defined]
    sql = f"SELECT {function}(%s::bigint[], %s::bigint[], %s::bigint[])"
    with connection.cursor() as cursor:
        cursor.execute(sql, [ids, sizes, others])
        return int(cursor.fetchone()[0])


def _looked_up(places: Sequence[Place], organisation: Organisation, edition: str) -> list[int]:
    found = _existing(places, organisation)
    if missing := [place for place in places if place[:3] not in found]:
        rows = (
            Window(
                organisation=organisation,
                rule_id=place.rule,
                subject=place.subject,
                starts_at=place.starts_at,
                ends_at=place.ends_at,
            )
            for place in missing
        )
        Window.objects.bulk_create(rows, ignore_conflicts=True)
        found = _existing(places, organisation)
    # What this transaction made is gone again when it is rolled back.
    transaction.on_commit(lambda: _remember(found, edition))
    return [found[place[:3]] for place in places]


def _existing(
    places: Sequence[Place], organisation: Organisation
) -> dict[tuple[str, str, datetime], int]:
    rows = Window.objects.of(organisation).filter(
        rule__in={place.rule for place in places},
        subject__in={place.subject for place in places},
        starts_at__in={place.starts_at for place in places},
    )
    return {
        (rule, subject, starts_at): pk
        for pk, rule, subject, starts_at in rows.values_list(
            "pk", "rule_id", "subject", "starts_at"
        )
    }


def _remember(found: dict[tuple[str, str, datetime], int], edition: str) -> None:
    if len(_known) > MOST_KNOWN:
        forget()
    if edition:
        _known.update({(edition, *place): pk for place, pk in found.items()})
    _remember_rules({pk: place[0] for place, pk in found.items()}, edition)


def _remember_rules(found: dict[int, str], edition: str) -> None:
    if len(_rule_of) > MOST_KNOWN:
        forget()
    if edition:
        _rule_of.update({(edition, pk): rule for pk, rule in found.items()})
