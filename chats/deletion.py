"""The deletion engine: many pictures at once, for whoever clears away: an administrator, the
retention, an erasure.

    dry run   what would go, and what a legal hold keeps
    run       500 in a transaction: out of sight, their words wiped, gaps in the answers
    after it  the bytes, one by one, with a proof for each (assistants.deletion)

It keeps no list of its own. What is left to do is what the query still finds, so whoever dies in
the middle runs it again; what was begun the sweeper finishes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db.models import Q, QuerySet, Sum

from accounts.actor import Actor
from accounts.models import Organisation
from assistants import deletion
from assistants.models import Artifact, DeletionProof
from chats import forgetting
from policies import legal
from tale.lib import live
from tale.lib.refusals import Refusal

BATCH = 500
Reason = DeletionProof.Reason


@dataclass(slots=True)
class Told:
    """`pictures` go or went, `held` stay because of a legal hold, `open` wait for the store."""

    pictures: int = 0
    size_bytes: int = 0
    held: int = 0
    open: int = 0


def run(
    *,
    query: QuerySet[Artifact],
    actor: Actor,
    reason: str,
    now: datetime,
    dry_run: bool = False,
    at_once: bool = True,
) -> Told:
    """Of the actor's organisation, whatever the query says. Not `at_once`: the sweeper sees to the
    bytes."""
    there = query.filter(organisation=actor.organisation, state__in=deletion.ALIVE)
    if reason == Reason.RETENTION:
        there = there.exclude(retention=Artifact.Retention.KEPT)
    kept = there.filter(_is_held(actor.organisation))
    told = Told(held=kept.count())
    if dry_run:
        going = there.exclude(pk__in=kept.values("pk"))
        told.pictures = going.count()
        told.size_bytes = going.order_by().aggregate(sum=Sum("size_bytes"))["sum"] or 0
        return told
    for batch in _batches(there):
        gone = _begin(actor, batch, reason, now=now)
        told.pictures += len(gone)
        told.size_bytes += sum(picture.size_bytes for picture in gone)
        told.open += _finish(gone, now=now) if at_once else len(gone)
    return told


def expire(*, now: datetime) -> int:
    """What was kept until a day that is over, of every organisation."""
    over = Artifact.unscoped.filter(
        retention=Artifact.Retention.TEMPORARY, expires_at__lte=now, state__in=deletion.ALIVE
    )
    expired = 0
    owners = over.order_by().values_list("organisation", flat=True).distinct()
    for organisation in Organisation.objects.filter(pk__in=list(owners)):
        actor = Actor(organisation, surface="setup")
        mine = over.filter(organisation=organisation)
        expired += run(query=mine, actor=actor, reason=Reason.RETENTION, now=now).pictures
    return expired


def _batches(query: QuerySet[Artifact]) -> Iterator[list[Artifact]]:
    """By their ids, so that what stays is passed over and not met again."""
    last = ""
    while batch := list(query.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield batch
        last = batch[-1].pk


def _begin(actor: Actor, batch: list[Artifact], reason: str, *, now: datetime) -> list[Artifact]:
    turns: set[str] = set()
    forget = partial(forgetting.forget, turns=turns)
    gone = deletion.begin_many(actor=actor, pictures=batch, reason=reason, now=now, forget=forget)
    live.drop_many({f"turn:{turn}" for turn in turns})
    return gone


def _finish(gone: list[Artifact], *, now: datetime) -> int:
    """How many the sweeper has to finish: a store that is away is not asked again and again."""
    for place, picture in enumerate(gone):
        try:
            deletion.finish(picture=picture, now=now)
        except Refusal:
            return len(gone) - place
    return 0


def _is_held(organisation: Organisation) -> Q:
    held = legal.covered(organisation)
    return Q(pk__in=held.pictures) | Q(home__in=held.chats) | Q(owner__in=held.people)
