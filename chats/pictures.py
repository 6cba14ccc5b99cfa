"""What is done to one picture of a chat."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts import audit
from accounts.actor import Actor
from accounts.models import Organisation
from assistants import deletion
from assistants.models import Artifact
from chats.access import deletable_for
from chats.models import Message
from tale.lib import live
from tale.lib.aio import in_db
from tale.lib.refusals import Refusal


async def delete(*, actor: Actor, artifact_id: str, now: datetime) -> Artifact:
    """Gone from the chat at once. Where the store is away, its bytes wait for the sweeper."""
    picture, turns = await in_db(_begin, actor, artifact_id, now=now)
    for turn in turns:
        await live.drop(f"turn:{turn}")
    with suppress(Refusal):
        await in_db(deletion.finish, picture=picture, now=now)
    return picture


@transaction.atomic
def describe(*, actor: Actor, artifact_id: str, alt: str) -> Artifact:
    """What it shows, for those who do not see it: said by who may delete it."""
    picture = deletable_for(actor, artifact_id)
    ready = Artifact.objects.of(actor.organisation).filter(state=Artifact.State.READY)
    if not ready.filter(pk=picture.pk).update(alt=alt):
        raise Refusal("gone")
    _say_in_chat(picture, alt)
    picture.refresh_from_db()
    audit.write(actor=actor, action="picture.described", target=picture)
    return picture


@transaction.atomic
def _begin(actor: Actor, artifact_id: str, *, now: datetime) -> tuple[Artifact, list[str]]:
    picture = deletable_for(actor, artifact_id)
    begun = deletion.begin(actor=actor, picture=picture, now=now)
    return begun, forget(organisation=actor.organisation, pictures=[picture])


def forget(*, organisation: Organisation, pictures: Sequence[Artifact]) -> list[str]:
    """The answer keeps a gap where one was. When all pictures of a call are gone, so are the words
    the model drew them with; what the person said stays. Names the turns that changed."""
    gaps = {
        picture.pk: {"id": picture.pk, "width": picture.width, "height": picture.height}
        for picture in pictures
    }
    turns = []
    for message in _showing(organisation, pictures):
        entries = message.data.get("pictures", ())
        if not any(entry["id"] in gaps for entry in entries):
            continue
        entries[:] = [
            gaps[entry["id"]] | {"gone": True} if entry["id"] in gaps else entry
            for entry in entries
        ]
        message.save(update_fields=["data"])
        if all(entry.get("gone") for entry in entries):
            _forget_call(message)
        turns.append(message.turn_id)
    return turns


def _showing(organisation: Organisation, pictures: Sequence[Artifact]) -> QuerySet[Message]:
    """In the chat that keeps one, and in those of its owner where it was shown again."""
    answers = Message.objects.of(organisation).filter(role=Message.Role.TOOL)
    owners = {picture.owner_id for picture in pictures}
    again = Q(data__is_again=True, turn__chat__owner__in=owners)
    return answers.filter(Q(turn__chat__in={picture.home for picture in pictures}) | again)


def _say_in_chat(picture: Artifact, alt: str) -> None:
    for message in _showing(picture.organisation, [picture]) if picture.home else ():
        mine = [entry for entry in message.data.get("pictures", ()) if entry["id"] == picture.pk]
        for entry in mine:
            entry["alt"] = alt
        if mine:
            message.save(update_fields=["data"])


def _forget_call(answer: Message) -> None:
    drawn_with: list[str] = []
    spoken = Message.objects.filter(
        organisation=answer.organisation_id, turn=answer.turn_id, role=Message.Role.ASSISTANT
    )
    for message in spoken:
        mine = [
            call for call in message.data.get("calls", ()) if call["id"] == answer.data["call_id"]
        ]
        for call in mine:
            drawn_with += _words_of(call["arguments"])
            call["arguments"] = "{}"
        if mine:
            message.save(update_fields=["data"])
    for message in spoken:
        if (told := _without(message.content, drawn_with)) != message.content:
            message.content = told
            message.save(update_fields=["content"])


def _words_of(arguments: str) -> list[str]:
    try:
        asked = json.loads(arguments)
    except ValueError:
        return []
    names = ("prompt", "alt", "style")
    return [str(asked[name]) for name in names if asked.get(name)] if type(asked) is dict else []


def _without(text: str, words: Sequence[str]) -> str:
    """What the assistant repeated of them in its reply goes with them."""
    for each in sorted(words, key=len, reverse=True):
        text = re.sub(re.escape(each.strip(" .")), "…", text, flags=re.IGNORECASE)
    return text
