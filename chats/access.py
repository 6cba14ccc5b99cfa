"""The only ways to a chat and what is in it. Foreign, deleted and unknown look the same."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from accounts.actor import Actor
from accounts.tenancy import TenantQuerySet
from assistants.models import Artifact
from chats.models import Chat, Message, Turn
from policies.models import Hold
from tale.lib.refusals import NotFound, Refusal

SHOWN = (Artifact.State.READY, Artifact.State.LATE)


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


def refused_for(actor: Actor, message_id: str) -> Message:
    """A card in a chat of theirs, to be answered."""
    actor.require("use_workspace")
    mine = Chat.objects.of(actor.organisation).filter(owner=actor.user, deleted_at=None)
    cards = Message.objects.of(actor.organisation).filter(turn__chat__in=mine, role="tool")
    card = cards.filter(pk=message_id).select_related("turn__chat__assistant").first()
    if card is None:
        raise NotFound
    return card


def picture_for(actor: Actor, artifact_id: str) -> Artifact:
    """A picture is seen where its chat is; one made outside a chat, by who had it made. Who could
    see it is told that it was deleted; to everybody else it never was there."""
    actor.require("use_workspace")
    picture = pictures_of(actor).filter(pk=artifact_id).first()
    if picture is None:
        raise NotFound
    return alive(picture)


def deletable_for(actor: Actor, artifact_id: str) -> Artifact:
    """Theirs; whoever manages the chats of the organisation clears away anybody's, and what was
    set aside."""
    actor.require("use_workspace")
    governs = actor.may("manage_chats")
    rows = Artifact.objects.of(actor.organisation) if governs else pictures_of(actor)
    picture = rows.filter(pk=artifact_id).select_related("job").first()
    if picture is None:
        raise NotFound
    return picture if picture.state == Artifact.State.ASIDE else alive(picture)


def pictures_of(actor: Actor) -> TenantQuerySet[Artifact]:
    """Deleted ones too. A key of the organisation has those that were made or sent with it."""
    rows = Artifact.objects.of(actor.organisation).exclude(state=Artifact.State.ASIDE)
    rows = rows.exclude(origin=Artifact.Origin.MASK)
    if actor.user is None:
        key = actor.key.pk if actor.key else ""
        made = Hold.objects.of(actor.organisation).filter(key=key).values("pk")
        its = Q(job__hold__in=made) | Q(origin=Artifact.Origin.UPLOADED, key=key)
        return rows.filter(its, home="", owner=None)
    chats = Chat.objects.of(actor.organisation).filter(owner=actor.user, deleted_at=None)
    return rows.filter(Q(home="", owner=actor.user) | Q(home__in=chats.values("pk")))


def may_show(actor: Actor, pictures: Sequence[Artifact]) -> bool:
    """All of them: whoever may not see one is not shown the others in its place."""
    ids = [picture.pk for picture in pictures]
    return pictures_of(actor).filter(pk__in=ids).count() == len(ids)


def own_pictures_of(actor: Actor) -> TenantQuerySet[Artifact]:
    """What takes of one's storage and can be looked at."""
    return pictures_of(actor).filter(owner=actor.user, state__in=SHOWN)


def alive(picture: Artifact) -> Artifact:
    if picture.state not in SHOWN or picture.deleted_at is not None:
        raise Refusal("gone")
    return picture
