"""One question and its answer, from the asking to the end.

    QUEUED ─ claim ─> WORKING ─ finish ─> DONE | FAILED
                       └─ lease lost ─> claimed again, from its first unrecorded step

The row is the queue; a broker's message only wakes a worker, and a sweeper wakes what was
forgotten. A worker that loses its lease has lost the turn: nothing more it says counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from celery import signature
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.text import Truncator
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.actor import Actor
from assistants.access import assistant_for, auto_of
from chats.models import Chat, Message, Turn
from tale.lib import money
from tale.lib.fields import new_id
from tale.lib.refusals import Refusal

LEASE = timedelta(seconds=20)
RENEW_S = 5
LONGEST = 32_000
TRIES = 5


@dataclass(frozen=True, slots=True)
class Yes:
    """A person says yes to the price of one call of a tool, and to no other."""

    call: dict[str, Any]
    amount_micro: int


@transaction.atomic
def start_chat(*, actor: Actor, text: str, client_token: str, assistant_id: str = "") -> Turn:
    """The same token brings the same chat: a double click asks once."""
    actor.require("use_workspace", scope="chat")
    if actor.user is None:  # a chat is somebody's; a service key has no one to show it to
        raise Refusal("forbidden")
    earlier = (
        Turn.objects.of(actor.organisation)
        .filter(by=actor.user, client_token=client_token, number=1)
        .select_related("chat")
        .first()
    )
    if earlier is not None:
        return earlier
    assistant = assistant_for(actor, assistant_id) if assistant_id else auto_of(actor)
    chat = Chat.objects.create(
        organisation=actor.organisation,
        owner=actor.user,
        assistant=assistant,
        team=actor.membership.primary_team if actor.membership else None,
        title=Truncator(" ".join(text.split())).chars(60),
    )
    return start(actor=actor, chat=chat, text=text, client_token=client_token)


@transaction.atomic
def start(
    *, actor: Actor, chat: Chat, text: str, client_token: str, yes: Yes | None = None
) -> Turn:
    """Writes the question and a queued turn, together or not at all. `yes` is the model's first
    step, taken for it: the worker goes on from there."""
    if not text.strip():
        raise Refusal("blank", field="text")
    if len(text) > LONGEST:
        raise Refusal("too_long", field="text", most=LONGEST)
    Chat.objects.of(actor.organisation).select_for_update().filter(pk=chat.pk).first()
    earlier = Turn.objects.filter(chat=chat, client_token=client_token).first()
    if earlier is not None:
        return earlier
    turn = Turn.objects.create(
        organisation=actor.organisation,
        chat=chat,
        number=Turn.objects.filter(chat=chat).count() + 1,
        client_token=client_token,
        by=actor.user,
        surface=actor.surface,
        language=actor.user.language or get_language() if actor.user else "",
        assistant_name=chat.assistant.name if chat.assistant else "",
    )
    Message.objects.create(
        organisation=actor.organisation,
        turn=turn,
        position=0,
        role=Message.Role.USER,
        content=text.strip(),
        data={"yes": {"call": yes.call["id"], "amount_micro": yes.amount_micro}} if yes else {},
    )
    if yes:
        Message.objects.create(
            organisation=actor.organisation,
            turn=turn,
            position=1,
            role=Message.Role.ASSISTANT,
            data={"calls": [yes.call]},
        )
    chat.save(update_fields=["updated_at"])
    transaction.on_commit(partial(announce, turn.pk))
    return turn


def confirm(*, actor: Actor, message: Message, now: datetime) -> Turn:
    """The refused call once more, word for word, for as much as its card said: in a turn of its
    own, which the same card starts once."""
    refusal = message.data.get("refusal") or {}
    if refusal.get("code") != "confirmation_required":
        raise Refusal("invalid_state", _("Nobody is asked for a yes here."))
    said = Message.objects.filter(turn=message.turn, role=Message.Role.ASSISTANT)
    step = said.filter(position__lt=message.position).order_by("-position").first()
    calls = step.data["calls"] if step else ()
    call = next(each for each in calls if each["id"] == message.data["call_id"])
    again = call | {"id": new_id("call"), "started_at": now.isoformat()}
    amount = refusal["amount_micro"]
    return start(
        actor=actor,
        chat=message.turn.chat,
        text=yes_text(amount, refusal["currency"]),
        client_token=yes_token(message.pk),
        yes=Yes(again, amount),
    )


def yes_text(amount_micro: int, currency: str) -> str:
    return _("Make it for %(amount)s") % {"amount": money.show(amount_micro, currency)}


def yes_token(message_id: str) -> str:
    return f"yes-{message_id}"


def announce(turn_id: str) -> None:
    """By name: the task stands above this module."""
    signature("chats.tasks.run").delay(turn_id=turn_id)


def claim(*, turn_id: str, now: datetime) -> Turn | None:
    """None: another worker has it, it is over, or an earlier turn of the chat comes first."""
    before = Turn.unscoped.filter(
        chat=OuterRef("chat"), number__lt=OuterRef("number"), state__in=Turn.OPEN
    )
    free = Q(state=Turn.State.QUEUED) | Q(state=Turn.State.WORKING, lease_until__lt=now)
    mine = Turn.unscoped.filter(free, ~Exists(before), pk=turn_id)
    if not mine.update(
        state=Turn.State.WORKING,
        attempt=F("attempt") + 1,
        lease_until=now + LEASE,
        revision=F("revision") + 1,
    ):
        return None
    with_all = ("organisation", "by", "chat__team", "chat__assistant__published__model")
    turn = Turn.unscoped.select_related(*with_all).get(pk=turn_id)
    if turn.attempt > TRIES:  # it kills whoever takes it
        turn.finish(Turn.State.FAILED, now=now)
        return None
    return turn


def renew(*, turn: Turn, now: datetime) -> bool:
    mine = Turn.objects.filter(
        organisation=turn.organisation_id, pk=turn.pk, attempt=turn.attempt, state="working"
    )
    return bool(mine.update(lease_until=now + LEASE))


@transaction.atomic
def record(*, turn: Turn, role: str, content: str = "", data: dict[str, object]) -> Message | None:
    """Adds to the answer while the turn is ours. None: it is not, and nothing was written."""
    owned = Turn.objects.filter(
        organisation=turn.organisation_id, pk=turn.pk, attempt=turn.attempt, state="working"
    )
    if not owned.update(revision=F("revision") + 1):
        return None
    return Message.objects.create(
        organisation_id=turn.organisation_id,
        turn=turn,
        position=Message.objects.filter(turn=turn).count(),
        role=role,
        content=content,
        data=data,
    )


def finish(*, turn: Turn, state: str, now: datetime) -> None:
    if not turn.finish(state, now=now):
        return
    following = Turn.objects.filter(chat=turn.chat, state=Turn.State.QUEUED).order_by("number")
    if (queued := following.first()) is not None:
        announce(queued.pk)


def tell(*, turn: Turn, refusals: int) -> bool:
    """May this page show the toasts of so many refusals? Each pops up once, in the first page."""
    mine = Turn.objects.filter(organisation=turn.organisation_id, pk=turn.pk, told__lt=refusals)
    turn.told, is_first = refusals, bool(mine.update(told=refusals))
    return is_first


def sweep(*, now: datetime) -> int:
    """Wakes workers for turns nobody works on: a lost message, a dead worker."""
    forgotten = Q(state=Turn.State.QUEUED, created_at__lt=now - timedelta(seconds=5))
    dead = Q(state=Turn.State.WORKING, lease_until__lt=now)
    waiting = Turn.unscoped.filter(forgotten | dead).order_by("created_at")
    waiting_ids = list(waiting.values_list("pk", flat=True)[:100])
    for pk in waiting_ids:
        announce(pk)
    return len(waiting_ids)
