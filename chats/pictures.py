"""What is done to one picture of a chat."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
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
def _begin(actor: Actor, artifact_id: str, *, now: datetime) -> tuple[Artifact, list[str]]:
    picture = deletable_for(actor, artifact_id)
    turns = _forget(picture) if picture.home else []
    return deletion.begin(actor=actor, picture=picture, now=now), turns


def _forget(picture: Artifact) -> list[str]:
    """The answer keeps a gap where it was. When all pictures of a call are gone, so are the words
    the model drew them with; what the person said stays. Names the turns that changed."""
    said = Message.objects.filter(organisation=picture.organisation_id, turn__chat=picture.home)
    shown = [
        message
        for message in said.filter(role=Message.Role.TOOL)
        if any(entry["id"] == picture.pk for entry in message.data.get("pictures", ()))
    ]
    for message in shown:
        entries = message.data["pictures"]
        gap = {"id": picture.pk, "width": picture.width, "height": picture.height, "gone": True}
        entries[:] = [gap if entry["id"] == picture.pk else entry for entry in entries]
        message.save(update_fields=["data"])
        if all(entry.get("gone") for entry in entries):
            _forget_call(message)
    return [message.turn_id for message in shown]


def _forget_call(answer: Message) -> None:
    spoken = Message.objects.filter(
        organisation=answer.organisation_id, turn=answer.turn_id, role=Message.Role.ASSISTANT
    )
    for message in spoken:
        mine = [
            call for call in message.data.get("calls", ()) if call["id"] == answer.data["call_id"]
        ]
        for call in mine:
            call["arguments"] = "{}"
        if mine:
            message.save(update_fields=["data"])
