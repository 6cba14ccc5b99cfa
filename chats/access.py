"""The only ways to a chat and what is in it. Foreign, deleted and unknown look the same."""

from __future__ import annotations

from accounts.actor import Actor
from assistants.models import Artifact
from chats.models import Chat, Turn
from tale.lib.refusals import NotFound


def chats_of(actor: Actor) -> list[Chat]:
    actor.require("use_workspace")
    mine = Chat.objects.of(actor.organisation).filter(owner=actor.user, deleted_at=None)
    return list(mine.order_by("-updated_at")[:100])


def chat_for(actor: Actor, chat_id: str) -> Chat:
    actor.require("use_workspace")
    mine = Chat.objects.of(actor.organisation).filter(owner=actor.user, deleted_at=None)
    chat = mine.filter(pk=chat_id).select_related("assistant__published", "team", "owner").first()
    if chat is None:
        raise NotFound
    return chat


def turn_for(actor: Actor, chat_id: str, turn_id: str) -> Turn:
    chat = chat_for(actor, chat_id)
    turn = Turn.objects.filter(chat=chat, pk=turn_id).select_related("chat", "organisation").first()
    if turn is None:
        raise NotFound
    return turn


def picture_for(actor: Actor, artifact_id: str) -> Artifact:
    """A picture is seen where its chat is; one made outside a chat, by who had it made."""
    actor.require("use_workspace")
    alive = Artifact.objects.of(actor.organisation).filter(pk=artifact_id, deleted_at=None)
    picture = alive.first()
    if picture is None:
        raise NotFound
    if picture.home:
        chat_for(actor, picture.home)
    elif actor.user is None or picture.owner_id != actor.user.pk:
        raise NotFound
    return picture
