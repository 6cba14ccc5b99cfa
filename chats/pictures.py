"""What is done to one picture of a chat."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import NamedTuple

from django.db import transaction

from accounts import audit
from accounts.actor import Actor
from assistants import deletion, jobs
from assistants.models import Artifact
from chats import forgetting
from chats.access import deletable_for
from tale.lib import live
from tale.lib.aio import in_db
from tale.lib.refusals import Refusal


class Deleted(NamedTuple):
    """`turns`: those that say something else of it now."""

    picture: Artifact
    turns: set[str]


async def delete(*, actor: Actor, artifact_id: str, now: datetime) -> Deleted:
    """Gone from the chat at once. Where the store is away, its bytes wait for the sweeper."""
    picture, turns = await in_db(_begin, actor, artifact_id, now=now)
    for turn in turns:
        await live.drop(f"turn:{turn}")
    with suppress(Refusal):
        await in_db(deletion.finish, picture=picture, now=now)
    return Deleted(picture, turns)


@transaction.atomic
def describe(*, actor: Actor, artifact_id: str, alt: str) -> Artifact:
    """What it shows, for those who do not see it: said by who may delete it."""
    picture = deletable_for(actor, artifact_id)
    jobs.locked_of([picture])
    ready = Artifact.objects.of(actor.organisation).filter(state=Artifact.State.READY)
    if not ready.filter(pk=picture.pk).update(alt=alt):
        raise Refusal("gone")
    forgetting.describe(picture, alt)
    picture.refresh_from_db()
    audit.write(actor=actor, action="picture.described", target=picture)
    return picture


@transaction.atomic
def _begin(actor: Actor, artifact_id: str, *, now: datetime) -> tuple[Artifact, set[str]]:
    picture, turns = deletable_for(actor, artifact_id), set[str]()
    forget = partial(forgetting.forget, turns=turns)
    begun = deletion.begin(actor=actor, picture=picture, now=now, forget=forget)
    return begun, turns
