"""The line in the database: leases claimed by conditional update."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import Max, Min, Q, QuerySet
from django.utils import timezone

from providers.models import Slot, Ticket
from providers.queueing.limits import TICKET_S, Limits
from tale.lib.aio import in_db

TRIES = 5
AT_ONCE, A_MINUTE = Slot.Lane.AT_ONCE, Slot.Lane.A_MINUTE


class Rows:
    async def ask(self, limits: Limits, ticket: str, group: str) -> int:
        return await in_db(ask, limits, ticket, group)

    async def renew(self, limits: Limits, ticket: str) -> None:
        await in_db(renew, limits, ticket)

    async def leave(self, limits: Limits, ticket: str) -> None:
        await in_db(leave, limits, ticket)


@dataclass(frozen=True, slots=True)
class Standing:
    """A ticket's place in the order: those ahead go first."""

    round: int
    asked_at: datetime
    ahead: int
    until: datetime | None = None  # None: not in the line yet


def ask(limits: Limits, ticket: str, group: str) -> int:
    standing = _standing(limits, ticket, group, now=clock())
    if _take(limits, ticket, standing):
        return 0
    if standing.until is None and _lay_out(limits) and _take(limits, ticket, standing):
        return 0
    return _stay(limits, ticket, group, standing)


def renew(limits: Limits, ticket: str) -> None:
    until = clock() + timedelta(seconds=limits.lease_s)
    _slots(limits, AT_ONCE).filter(ticket=ticket).update(until=until)


def leave(limits: Limits, ticket: str) -> None:
    """What counts against the minute stays counted: the call may have been made."""
    _slots(limits, AT_ONCE).filter(ticket=ticket).update(ticket="", until=clock())
    Ticket.objects.filter(pk=ticket).delete()


def clock() -> datetime:
    """The database's: who goes by a wrong clock takes what others hold."""
    if connection.vendor == "sqlite":  # on this very machine
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def _standing(limits: Limits, ticket: str, group: str, *, now: datetime) -> Standing:
    living = Ticket.objects.filter(provider_id=limits.provider_id, until__gt=now)
    mine = Ticket.objects.filter(pk=ticket).first()
    if mine is not None:
        ahead = living.filter(_before(mine.round, mine.asked_at)).count()
        return Standing(mine.round, mine.asked_at, ahead, mine.until)
    waiting = living.aggregate(head=Min("round"), last=Max("round", filter=Q(group=group)))
    if waiting["head"] is None:
        return Standing(0, now, 0)
    last = waiting["last"]
    round = waiting["head"] if last is None else last + 1
    return Standing(round, now, living.filter(_before(round, now)).count())


def _before(round: int, asked_at: datetime) -> Q:
    return Q(round__lt=round) | Q(round=round, asked_at__lt=asked_at)


def _take(limits: Limits, ticket: str, standing: Standing) -> bool:
    """A slot of every lane there is a limit for, or none."""
    lanes = _lanes(limits)
    if any(standing.ahead >= most for _lane, most, _held_s in lanes):
        return False
    with transaction.atomic():
        now = clock()
        for lane, most, held_s in lanes:
            until = now + timedelta(seconds=held_s)
            if not _claim(limits, lane, most, ticket, standing.ahead, now=now, until=until):
                transaction.set_rollback(True)
                return False
        if standing.until is not None:
            Ticket.objects.filter(pk=ticket).delete()
    return True


def _lanes(limits: Limits) -> list[tuple[str, int, float]]:
    lanes = ((AT_ONCE, limits.at_once, limits.lease_s), (A_MINUTE, *limits.portion))
    return [lane for lane in lanes if lane[1]]


def _claim(
    limits: Limits, lane: str, most: int, ticket: str, ahead: int, *, now: datetime, until: datetime
) -> bool:
    """As many free ones as there are others ahead are left to them. Losing the update to another
    means looking again."""
    free = _slots(limits, lane).filter(number__lt=most, until__lte=now).order_by("number")
    found = free.select_for_update(skip_locked=True).values_list("pk", flat=True)
    pk = next(iter(found[ahead : ahead + 1]), None)
    if pk is None:
        return False
    return bool(free.filter(pk=pk).order_by().update(ticket=ticket, until=until))


def _lay_out(limits: Limits) -> bool:
    """The rows, at first and when an admin has raised a limit. False: they are all there."""
    missing = [
        Slot(provider_id=limits.provider_id, lane=lane, number=number, until=clock())
        for lane, most, _held_s in _lanes(limits)
        if _slots(limits, lane).filter(number__lt=most).count() < most
        for number in range(most)
    ]
    Slot.objects.bulk_create(missing, ignore_conflicts=True)
    return bool(missing)


def _slots(limits: Limits, lane: str) -> QuerySet[Slot]:
    return Slot.objects.filter(provider_id=limits.provider_id, lane=lane)


def _stay(limits: Limits, ticket: str, group: str, standing: Standing) -> int:
    """Two of a group who ask at the same moment would have the same round: the second asks again,
    at the latest when it looks again."""
    now = clock()
    until = now + timedelta(seconds=TICKET_S)
    if standing.until is not None:
        if standing.until - now < timedelta(seconds=TICKET_S * 2 / 3):
            Ticket.objects.filter(pk=ticket).update(until=until)
        return standing.ahead + 1
    of_provider = Ticket.objects.filter(provider_id=limits.provider_id)
    of_provider.filter(until__lt=now).delete()
    for _try in range(TRIES):
        fields = {"group": group, "round": standing.round, "asked_at": standing.asked_at}
        with suppress(IntegrityError), transaction.atomic():
            of_provider.create(pk=ticket, provider_id=limits.provider_id, until=until, **fields)
            break
        standing = _standing(limits, ticket, group, now=now)
    return standing.ahead + 1
