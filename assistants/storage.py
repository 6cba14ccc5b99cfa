"""What is kept for a person and what it weighs. Uploads take of a person's storage; pictures that
were made do so where the organisation says so. Copies made for showing weigh nothing here."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum

from accounts.actor import Actor
from accounts.models import ApiKey, Organisation, User
from assistants.models import Artifact
from tale.lib.refusals import Refusal

MIB = 2**20
GENERATED = Q(origin=Artifact.Origin.GENERATED)


@dataclass(frozen=True, slots=True)
class Usage:
    """In bytes. `limit` is of one person; a total of many has none."""

    uploaded: int
    generated: int
    pictures: int
    limit: int
    counts_generated: bool

    @property
    def used(self) -> int:
        return self.uploaded + (self.generated if self.counts_generated else 0)

    @property
    def percent(self) -> int:
        return min(100, 100 * self.used // self.limit) if self.limit else 100


def usage_of(actor: Actor) -> Usage:
    return _weighed(mine(actor), actor.organisation, limit=actor.organisation.storage_mib * MIB)


def usage_of_person(organisation: Organisation, user: User) -> Usage:
    return usage_of(Actor(organisation, user))


def total_of(organisation: Organisation) -> Usage:
    return _weighed(Artifact.objects.of(organisation), organisation, limit=0)


def mine(actor: Actor) -> QuerySet[Artifact]:
    """A key of the organisation is as good as a person."""
    rows = Artifact.objects.of(actor.organisation)
    if actor.user is not None:
        return rows.filter(owner=actor.user)
    return rows.filter(owner=None, key=actor.key.pk) if actor.key else rows.none()


def require_room(actor: Actor, size_bytes: int) -> Usage:
    usage = usage_of(actor)
    if usage.used + size_bytes > usage.limit:
        raise Refusal("storage_full", used=usage.used, limit=usage.limit, needed=size_bytes)
    return usage


def take(actor: Actor, size_bytes: int) -> None:
    """Inside the transaction that adds the row: of many at once each sees those before it."""
    if actor.user is not None:
        User.objects.select_for_update(no_key=True).filter(pk=actor.user.pk).first()
    elif actor.key is not None:
        keys = ApiKey.objects.of(actor.organisation).select_for_update(no_key=True)
        keys.filter(pk=actor.key.pk).first()
    require_room(actor, size_bytes)


def require_room_for_made(actor: Actor) -> None:
    """Before money moves. What a picture will weigh nobody knows, so only a full one says no."""
    if actor.organisation.counts_generated:
        require_room(actor, 1)


def _weighed(rows: QuerySet[Artifact], organisation: Organisation, *, limit: int) -> Usage:
    kept = rows.filter(state=Artifact.State.READY).order_by()
    found = kept.aggregate(
        uploaded=Sum("size_bytes", filter=~GENERATED, default=0),
        generated=Sum("size_bytes", filter=GENERATED, default=0),
        pictures=Count("pk"),
    )
    return Usage(**found, limit=limit, counts_generated=organisation.counts_generated)
