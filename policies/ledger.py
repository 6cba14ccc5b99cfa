"""The lines of the ledger: each hashed together with the one before it, none ever changed.

Whoever adds one holds the head until the transaction ends: locked after the rules and before any
window, by everybody, or two of them would wait for each other.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.models import Organisation
from policies import counters, rules
from policies.counters import Move
from policies.models import Entry, EntryHead, Hold, Window
from policies.models.ledger import Spend

log = logging.getLogger(__name__)


def head_of(organisation: Organisation) -> EntryHead:
    return EntryHead.lock(organisation.pk)


def book(
    *,
    hold: Hold,
    lines: list[dict[str, Any]],
    head: EntryHead,
    kind: str,
    confidence: str,
    now: datetime,
) -> None:
    """What a hold came to. Above what was set aside it is booked all the same, and told."""
    is_overrun = sum(line["amount_micro"] for line in lines) > hold.amount_micro
    if is_overrun:
        extra = {"hold": hold.pk, "provider": hold.provider}
        told = partial(log.error, "billed above the quote", extra=extra)
        transaction.on_commit(told)  # once, however often this is tried
    entries = [
        Entry(
            **_who_and_what(hold),
            **line,
            hold=hold.pk,
            reference=hold.reference,
            ordinal=ordinal,
            kind=kind,
            confidence=confidence,
            is_overrun=is_overrun,
            held_at=hold.held_at,
        )
        for ordinal, line in enumerate(lines)
    ]
    _append(entries, head, now=now)


def add(
    beside: Entry | Hold, organisation: Organisation, head: EntryHead, *, now: datetime, **line: Any
) -> Entry:
    """A line that comes after the hold has ended. It counts in the windows that its hold fell
    into, those whose time is over too: a counter stays the sum of its lines."""
    entry = Entry(
        **_who_and_what(beside),
        **line,
        hold=beside.pk if isinstance(beside, Hold) else beside.hold,
        reference=beside.reference,
        held_at=beside.held_at,
    )
    _append([entry], head, now=now)
    _count(entry, organisation)
    return entry


def hash_of(entry: Entry) -> str:
    fields = (field for field in Entry._meta.concrete_fields if field.name not in ("id", "hash"))
    plain = {field.name: field.value_to_string(entry) for field in fields}
    if not entry.is_overrun:  # lines from before there was such a field
        del plain["is_overrun"]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _who_and_what(spend: Spend) -> dict[str, Any]:
    return {field.name: getattr(spend, field.name) for field in Spend._meta.local_fields}


def _append(entries: Sequence[Entry], head: EntryHead, *, now: datetime) -> None:
    seq, last = head.seq, head.hash
    for entry in entries:
        entry.chain, entry.seq, entry.prev_hash = head.chain, seq + 1, last
        entry.at = now
        entry.hash = hash_of(entry)
        seq, last = entry.seq, entry.hash
    Entry.objects.bulk_create(entries)
    head.move_to(seq, last)


def _count(entry: Entry, organisation: Organisation) -> None:
    moves = []
    for rule in rules.meeting(entry, rules.in_force(organisation)):
        size = rules.weight(rule, amount_micro=entry.amount_micro, pictures=entry.pictures)
        window = Window.objects.of(organisation).filter(
            Q(ends_at=None) | Q(ends_at__gt=entry.held_at),
            rule=rule,
            subject=rules.subject_of(rule, entry),
            starts_at__lte=entry.held_at,
        )
        if size and (pk := window.values_list("pk", flat=True).first()):
            moves.append(Move(pk, 0, size))
    counters.move(moves, organisation=organisation)
