"""Whether counters, holds and ledger still say the same. Looked at, and never repaired: whoever
mends a counter hides who broke it.

    reserved    a window does not hold what the open holds in it add up to
    settled     a window does not count what the ledger says was spent in it
    misplaced   an open hold will not be moved in a window it belongs to, or in one too many
    overlap     two windows of one rule and subject share a moment
    chain       a line of the ledger was changed, taken out or slipped in
    unbooked    a hold was settled and no line says for what
    unfounded   a line has no hold that was settled for it, or no price
    negative    an amount or a counter is below nothing
    overdue     a hold is open for longer than anything takes
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Exists, Max, OuterRef, Q

from accounts.models import Organisation
from policies import budgets, corrections, ledger, periods, rules
from policies.models import BudgetRule, Entry, EntryHead, Hold, Window

BATCH = 1000
Span = tuple[datetime, datetime | None]


@dataclass(frozen=True, slots=True)
class Drift:
    code: str
    about: str
    found: str
    expected: str = ""

    def __str__(self) -> str:
        expected = f", expected {self.expected}" if self.expected else ""
        return f"{self.code} {self.about}: {self.found}{expected}"


def found(*, organisation: Organisation, now: datetime) -> list[Drift]:
    """Exact while money moves. The chain is read outside the moment: what it is made of stays."""
    with _one_moment():
        head = EntryHead.objects.filter(chain=organisation.pk).first()
        seq, last = (head.seq, head.hash) if head else (0, "")
        drifts = [
            *_Counters(organisation, now).drifts(),
            *_overlaps(organisation),
            *_end_of_chain(organisation, seq),
            *_without_lines(organisation),
            *_without_grounds(organisation),
            *_below_nothing(organisation),
            *_overdue(organisation, now),
        ]
    return drifts + list(_chain(organisation, seq, last))


@contextmanager
def _one_moment() -> Iterator[None]:
    """Every commit leaves the counters true, so any snapshot shows them true, and nobody who
    spends has to wait for one."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


class _Counters:
    """Each window, counted anew from what was spent and what is set aside in its time."""

    def __init__(self, organisation: Organisation, now: datetime) -> None:
        self.organisation = organisation
        self.rules = list(BudgetRule.objects.of(organisation))
        self.in_force = [rule for rule in self.rules if rule.is_enabled]
        open_holds = Hold.objects.of(organisation).filter(state__in=Hold.OPEN)
        self.open = list(open_holds.order_by("held_at"))
        self.belongs: dict[str, set[int]] = defaultdict(set)
        zone = organisation.time_zone
        self.running = {
            rule.pk: periods.bounds(rule.period, zone=zone, now=now) for rule in self.in_force
        }

    def drifts(self) -> Iterator[Drift]:
        for span in sorted(self._spans(), key=lambda span: span[0]):
            yield from self._of_span(span)
        for hold in self.open:
            if sorted(hold.windows) != sorted(self.belongs[hold.pk]):
                yield Drift(
                    "misplaced",
                    hold.pk,
                    f"windows {sorted(hold.windows)}",
                    f"{sorted(self.belongs[hold.pk])}",
                )

    def _spans(self) -> set[Span]:
        known = Window.objects.of(self.organisation).order_by()
        return {*known.values_list("starts_at", "ends_at").distinct(), *self.running.values()}

    def _of_span(self, span: Span) -> Iterator[Drift]:
        spent = _Spent(self.organisation, span, self.open, self.in_force)
        windows: dict[str, dict[str, Window]] = defaultdict(dict)
        rows = Window.objects.of(self.organisation).filter(starts_at=span[0], ends_at=span[1])
        for window in rows.iterator(chunk_size=BATCH):
            windows[window.rule_id][window.subject] = window
        for rule in self.rules:
            if rule.pk in windows or self.running.get(rule.pk) == span:
                yield from self._of_rule(rule, windows[rule.pk], spent)

    def _of_rule(
        self, rule: BudgetRule, windows: dict[str, Window], spent: _Spent
    ) -> Iterator[Drift]:
        settled, held = spent.settled(rule), spent.held(rule)
        for subject in sorted(settled.keys() | held.keys() | windows.keys()):
            window = windows.get(subject)
            if window is not None:
                for hold in held[subject]:
                    self.belongs[hold.pk].add(window.pk)
            reserved = sum(
                rules.weight(rule, amount_micro=hold.amount_micro, pictures=hold.pictures)
                for hold in held[subject]
            )
            about = f"{rule.pk} {subject} from {spent.span[0]:%Y-%m-%d %H:%M}"
            has = (window.reserved, window.settled) if window else (0, 0)
            if has[0] != reserved:
                yield Drift("reserved", about, str(has[0]), str(reserved))
            if has[1] != max(settled[subject], 0):
                yield Drift("settled", about, str(has[1]), str(max(settled[subject], 0)))


class _Spent:
    """What was held within a span: added up by the database, told apart as the rules do."""

    def __init__(
        self,
        organisation: Organisation,
        span: Span,
        open_holds: list[Hold],
        in_force: list[BudgetRule],
    ) -> None:
        self.organisation, self.span, self.in_force = organisation, span, in_force
        starts_at, ends_at = span
        self.open = [
            hold
            for hold in open_holds
            if hold.held_at >= starts_at and (ends_at is None or hold.held_at < ends_at)
        ]

    @cached_property
    def _lines(self) -> list[Entry]:
        starts_at, ends_at = self.span
        lines = Entry.objects.of(self.organisation).filter(held_at__gte=starts_at)
        if ends_at is not None:
            lines = lines.filter(held_at__lt=ends_at)
        return rules.summed(lines)

    def settled(self, rule: BudgetRule) -> dict[str, int]:
        sums: dict[str, int] = defaultdict(int)
        for line in self._lines:
            if subject := rules.subject_among(self.in_force, rule, line):
                sums[subject] += rules.weight(
                    rule, amount_micro=line.amount_micro, pictures=line.pictures
                )
        return sums

    def held(self, rule: BudgetRule) -> dict[str, list[Hold]]:
        holds: dict[str, list[Hold]] = defaultdict(list)
        for hold in self.open:
            if subject := rules.subject_among(self.in_force, rule, hold):
                holds[subject].append(hold)
        return holds


def _overlaps(organisation: Organisation) -> Iterator[Drift]:
    later = Window.objects.filter(
        rule=OuterRef("rule"),
        subject=OuterRef("subject"),
        starts_at__gt=OuterRef("starts_at"),
        starts_at__lt=OuterRef("ends_at"),
    )
    for window in Window.objects.of(organisation).filter(Exists(later)).iterator():
        about = f"{window.rule_id} {window.subject}"
        yield Drift("overlap", about, f"another begins before {window.ends_at:%Y-%m-%d %H:%M}")


def _end_of_chain(organisation: Organisation, seq: int) -> Iterator[Drift]:
    there = Entry.objects.of(organisation).aggregate(number=Count("id"), last=Max("seq"))
    if there["number"] != seq or (there["last"] or 0) != seq:
        found = f"{there['number']} lines, the last is {there['last']}"
        yield Drift("chain", "the number of lines", found, str(seq))


def _chain(organisation: Organisation, until: int, last: str) -> Iterator[Drift]:
    """A step at a time, so that nothing is kept open for as long as a whole ledger takes."""
    lines = Entry.objects.of(organisation).order_by("seq")
    seq, hashed = 0, ""
    while batch := list(lines.filter(seq__gt=seq, seq__lte=until)[:BATCH]):
        for line in batch:
            if line.seq != seq + 1:
                yield Drift("chain", f"line {seq + 1}", "missing")
            elif line.prev_hash != hashed or ledger.hash_of(line) != line.hash:
                yield Drift("chain", f"line {line.seq}", "not as it was written")
            seq, hashed = line.seq, line.hash
    if (seq, hashed) != (until, last):
        yield Drift("chain", "its end", f"line {seq}", f"line {until} as its head remembers it")


def _without_lines(organisation: Organisation) -> Iterator[Drift]:
    lines = Entry.objects.of(organisation).filter(hold=OuterRef("pk"))
    settled = Hold.objects.of(organisation).filter(~Exists(lines), state=Hold.State.SETTLED)
    for pk in settled.values_list("pk", flat=True).iterator():
        yield Drift("unbooked", pk, "settled without a line")


def _without_grounds(organisation: Organisation) -> Iterator[Drift]:
    """A late line is of a hold whose money had gone back. The provider's own id of a request is
    not asked for: some give none, and it dies with a worker that dies before the booking."""
    hold = Hold.objects.of(organisation).filter(pk=OuterRef("hold"))
    is_settled = Exists(hold.filter(state=Hold.State.SETTLED))
    was_decided = Q(is_settled) | Q(Exists(hold), ~Q(kind__in=("use", "presumed")))
    lines = Entry.objects.of(organisation).exclude(was_decided & ~Q(price={}))
    for seq, name in lines.values_list("seq", "hold").iterator():
        yield Drift("unfounded", f"line {seq}", f"of hold {name}")


def _below_nothing(organisation: Organisation) -> Iterator[Drift]:
    lines = Entry.objects.of(organisation).filter(amount_micro__lt=0)
    for line in lines.exclude(kind__in=corrections.KINDS).iterator():
        yield Drift("negative", f"line {line.seq}", str(line.amount_micro))
    below = Q(settled__lt=0) | Q(reserved__lt=0)
    for window in Window.objects.of(organisation).filter(below).iterator():
        yield Drift("negative", f"window {window.pk}", f"{window.settled}, {window.reserved}")


def _overdue(organisation: Organisation, now: datetime) -> Iterator[Drift]:
    """A quarter of an hour unclaimed, then a day in doubt: nothing takes longer."""
    longest = budgets.UNCLAIMED + timedelta(seconds=settings.TALE_PRESUME_AFTER_S)
    held = Hold.objects.of(organisation).filter(state__in=Hold.OPEN)
    for hold in held.filter(held_at__lt=now - longest).iterator():
        yield Drift("overdue", hold.pk, f"{hold.state} since {hold.held_at:%Y-%m-%d %H:%M}")
