"""A worker answers a turn: drives the loop, writes down each step, shows the whole state live."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import cache, partial
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation

from accounts import audit
from accounts.actor import Actor
from accounts.models import Membership
from assistants import answers, deletion, images, jobs, loop, permission
from assistants.attempts import Progress, Tell
from assistants.context import Context, Hands
from assistants.events import Event, Said, Stepped, Used
from assistants.loop import spoken, told
from assistants.models import Artifact
from chats import access, cards, forgetting, turns
from chats.models import Message, Turn
from policies import thresholds
from policies.models.access import MOST_PICTURES
from providers import fitting
from providers.shapes import Capabilities, ToolCall, Wish
from tale.lib import live
from tale.lib.aio import in_db
from tale.lib.refusals import Refusal

SHOW_EVERY_S = 0.1
REMEMBERED = 40  # messages of the chat a model is told
log = structlog.get_logger()


class TurnLost(Exception):
    """Another worker has taken the turn over."""


async def answer(turn_id: str) -> None:
    async with _room(asyncio.get_running_loop()):
        await _claim_and_answer(turn_id)


async def _claim_and_answer(turn_id: str) -> None:
    turn = await in_db(turns.claim, turn_id=turn_id, now=timezone.now())
    if turn is None:
        return
    with translation.override(turn.language or turn.organisation.language):
        telling = Telling(turn)
        heart = asyncio.create_task(_keep(turn, asyncio.current_task()))
        try:
            await _answer(turn, telling)
            await telling.end(Turn.State.DONE)
        except Refusal as refusal:
            await telling.refuse(refusal)
            await telling.end(Turn.State.DONE)
        except TurnLost:
            log.info("turn_lost", turn=turn.pk)
        except Exception:
            log.exception("turn_failed", turn=turn.pk)
            await telling.end(Turn.State.FAILED)
        finally:
            heart.cancel()


@cache
def _room(_loop: asyncio.AbstractEventLoop) -> asyncio.Semaphore:
    return asyncio.Semaphore(settings.TALE_TURNS_PER_WORKER)


async def _answer(turn: Turn, telling: Telling) -> None:
    history, hands = await in_db(_prepare, turn, telling.progress)
    recorded = await in_db(_recorded, turn)
    telling.entries = [cards.entry_of(message) for message in recorded]
    telling.toasts = cards.refusals_of(recorded)
    await telling.show(now=True)
    steps = sum(message.role == Message.Role.ASSISTANT for message in recorded)
    events = loop.run(history=history, hands=hands, reference=f"turn:{turn.pk}", steps=steps)
    async for event in events:
        await telling.tell(event)


def _prepare(turn: Turn, tell: Tell) -> tuple[list[dict[str, Any]], Hands]:
    organisation, chat = turn.organisation, turn.chat
    membership = Membership.objects.of(organisation).filter(user=turn.by).first()
    actor = Actor(organisation, turn.by, membership, surface=turn.surface, request_id=turn.pk)
    actor.require("use_workspace")
    version = chat.assistant.published if chat.assistant else None
    context = Context(
        actor=actor,
        reference=f"turn:{turn.pk}",
        home=chat.pk,
        assistant=chat.assistant_id or "",
        team=chat.team,
        chat_model=version.model if version else None,
        shows=partial(access.may_show, actor),
    )
    drawing = replace(context, tool="image_generation", most_pictures=MOST_PICTURES)
    denied = permission.denied(drawing)
    confirmed = _confirmed(turn)
    hands = Hands(
        answer=partial(answers.stream, context=context),
        make_pictures=lambda wish, key, sources: images.generate(
            wish=wish,
            context=replace(drawing, confirmed_micro=confirmed.get(key, 0)),
            idempotency_key=key,
            sources=sources,
            join=True,
            tell=tell,
        ),
        offers=denied,
    )
    rules = [version.instructions if version else ""]
    rules += [f"{tool}: {reason}" for tool, reason in denied.items()]
    history = [{"role": "system", "content": "\n".join(filter(None, rules))}]
    history += _history(turn)
    return history, hands


def _confirmed(turn: Turn) -> dict[str, int]:
    """What the person said yes to: of the one call that was taken for the model, by its key, and
    of none that the model makes afterwards."""
    question = Message.objects.filter(turn=turn, role=Message.Role.USER).first()
    yes = question.data.get("yes") if question else None
    return {f"turn:{turn.pk}:1:{yes['call']}": yes["amount_micro"]} if yes else {}


def _recorded(turn: Turn) -> list[Message]:
    """The answer so far, where an earlier worker began it."""
    answer = Message.objects.filter(turn=turn).exclude(role=Message.Role.USER)
    return list(answer.order_by("position"))


def _history(turn: Turn) -> list[dict[str, Any]]:
    said = Message.objects.filter(
        organisation=turn.organisation_id, turn__chat=turn.chat, turn__number__lte=turn.number
    )
    recent = list(said.order_by("-turn__number", "-position")[:REMEMBERED])[::-1]
    while recent and recent[0].role == Message.Role.TOOL:  # its call is forgotten: so is it
        recent.pop(0)
    return [_as_message(message) for message in recent]


def _as_message(message: Message) -> dict[str, Any]:
    if message.role == Message.Role.TOOL:
        return told(message.data["call_id"], message.data["result"])
    calls = [
        ToolCall(call["id"], call["name"], call["arguments"])
        for call in message.data.get("calls", ())
    ]
    if message.role == Message.Role.ASSISTANT:
        return spoken(message.content, calls)
    return {"role": "user", "content": message.content}


async def _keep(turn: Turn, worker: asyncio.Task[Any] | None) -> None:
    while await in_db(turns.renew, turn=turn, now=timezone.now()):
        await asyncio.sleep(turns.RENEW_S)
    if worker is not None:
        worker.cancel()


class Telling:
    """What followers of a turn see, and what is written of it."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.entries: list[cards.Entry] = []
        self.toasts: list[cards.Entry] = []
        self.tail = ""
        self.making: cards.Entry = {}  # of the tool that runs now
        self.state: str = Turn.State.WORKING
        self.shown_s = 0.0
        self.revision = turn.revision

    async def tell(self, event: Event) -> None:
        if isinstance(event, Said):
            self.tail += event.text
            await self.show()
        elif isinstance(event, Stepped):
            calls = [_call_entry(call, timezone.now()) for call in event.calls]
            await self._write(Message.Role.ASSISTANT, event.text, {"calls": calls})
            self.tail = ""
            await self.show(now=True)
        else:
            await self._use(event)

    async def progress(self, made: Progress) -> None:
        self.making = asdict(made)
        await self.show(now=True)

    async def refuse(self, refusal: Refusal) -> None:
        """The turn itself was refused: its card stands where the answer would."""
        entry = cards.refusal_entry(refusal) | {"for_answer": True}
        self.toasts.append(entry)
        with contextlib.suppress(TurnLost):
            data = {"call_id": "", "result": {}, "refusal": entry}
            await self._write(Message.Role.TOOL, "", data)

    async def end(self, state: str) -> None:
        self.state, self.tail = state, ""
        self.toasts += await in_db(_warned, self.turn, now=timezone.now())
        answer = await in_db(forgetting.unsay, self.turn, self.entries)
        self.entries = [cards.entry_of(message) for message in answer]
        await in_db(turns.finish, turn=self.turn, state=state, now=timezone.now())
        await self.show(now=True)

    async def show(self, *, now: bool = False) -> None:
        """The whole state, at most ten times a second: a lost event loses nothing."""
        if not now and time.monotonic() - self.shown_s < SHOW_EVERY_S:
            return
        self.shown_s = time.monotonic()
        self.revision += 1
        state = {
            "state": self.state,
            "revision": self.revision,
            "assistant_name": self.turn.assistant_name,
            "reason": self.turn.reason,
            "tail": self.tail,
            "making": self.making,
            "entries": self.entries,
            "toasts": self.toasts,
        }
        await live.put(f"turn:{self.turn.pk}", state)

    async def _use(self, used: Used) -> None:
        refusal = cards.refusal_entry(used.refusal) if used.refusal else None
        data = {
            "call_id": used.call.id,
            "name": used.call.name,
            "result": used.for_model,
            "pictures": [cards.picture_entry(artifact) for artifact in used.artifacts],
            "refusal": refusal,
            "is_again": used.is_again,
            "made_in": self._elsewhere(used),
        }
        self.making = {}
        await self._write(Message.Role.TOOL, "", data, used.artifacts)
        if refusal and refusal["code"] not in cards.UNTOASTED:
            self.toasts.append(refusal)
        await self.show(now=True)

    def _elsewhere(self, used: Used) -> str:
        """The chat that keeps what is shown again, if it is another one."""
        home = used.artifacts[0].home if used.is_again else ""
        return home if home != self.turn.chat_id else ""

    async def _write(
        self, role: str, content: str, data: dict[str, Any], shows: Sequence[Artifact] = ()
    ) -> None:
        said = partial(turns.record, turn=self.turn, role=role, content=content, data=data)
        written = await in_db(_record, said, shows)
        if written is None:
            raise TurnLost
        self.entries.append(cards.entry_of(written))


@transaction.atomic
def _record(said: Callable[[], Message | None], shows: Sequence[Artifact]) -> Message | None:
    """What was deleted since it was booked goes from it at once: who deleted it has not met it."""
    asked_for = jobs.locked_of(shows)
    written = said()
    if written is None or not shows:
        return written
    organisation = shows[0].organisation
    if gone := deletion.gone_of(organisation, shows):
        forgetting.forget(gone, deletion.spent(organisation, asked_for), turns=set())
        written.refresh_from_db()
    return written


@transaction.atomic
def _warned(turn: Turn, *, now: datetime) -> list[cards.Entry]:
    """Only where there is a page to show it: nobody is told anything twice."""
    if turn.surface != "web" or turn.by is None:
        return []
    organisation = turn.organisation
    who = audit.who(organisation.pk, turn.by)
    near = thresholds.tell(organisation=organisation, who=who, since=turn.created_at, now=now)
    if near:
        turn.warnings = [*turn.warnings, *near]
        turn.save(update_fields=["warnings"])
    return turn.warnings


def _call_entry(call: ToolCall, now: datetime) -> cards.Entry:
    entry: cards.Entry = {"id": call.id, "name": call.name, "arguments": call.arguments}
    return entry | {"started_at": now.isoformat(), "frame": _frame(call)}


def _frame(call: ToolCall) -> cards.Entry:
    """The shape of what is coming, as well as it can be known before a model has fitted it."""
    try:
        asked = json.loads(call.arguments)
        wish = Wish("?", n=int(asked.get("n", 1)), size=str(asked.get("size") or "auto"))
        plan = fitting.fit(wish, Capabilities())
    except (Refusal, ValueError, TypeError, AttributeError):
        return {"n": 1, "width": 1024, "height": 1024}
    return {"n": plan.n, "width": plan.width, "height": plan.height}
