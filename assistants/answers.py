"""THE one way to a chat model: resolve, quote, hold, stream, settle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts import audit
from assistants import calls, permission, pulse, stepping_in
from assistants.context import Context
from policies import budgets, late
from policies.models import Call, Hold
from policies.spender import Quote
from providers import pricing, queueing
from providers.base import Adapter, closing
from providers.errors import Doubtful, ProviderFailed
from providers.models import Tag
from providers.resolve import Choice, chain, resolve
from providers.shapes import Ended, Piece, Question, Usage
from tale.lib import again
from tale.lib.aio import in_db
from tale.lib.fields import new_id
from tale.lib.refusals import Refusal

DEADLINE_S = 180


@dataclass(frozen=True, slots=True)
class Begun:
    adapter: Adapter
    question: Question
    hold: Hold
    call: Call
    others: tuple[Choice, ...]  # who may step in


async def stream(
    messages: list[dict[str, Any]], tools: list[dict[str, Any]], *, context: Context
) -> AsyncIterator[Piece]:
    try:
        begun = await in_db(_begin, messages, tools, context, now=timezone.now())
    except Refusal as refusal:
        await in_db(audit.refused, actor=context.actor, refusal=refusal, action="answer.asked")
        raise
    queueing.stand_for(context.actor)
    while True:
        usage: Usage | None = None
        has_spoken = False
        try:
            async with (
                pulse.of(begun.hold),
                asyncio.timeout(context.deadline_s or DEADLINE_S),
                closing(begun.adapter.answer(begun.question)) as pieces,
            ):
                async for piece in pieces:
                    if isinstance(piece, Ended):
                        usage = piece.usage
                    has_spoken = True
                    yield piece
            return
        except (ProviderFailed, TimeoutError) as error:
            failed = error if isinstance(error, ProviderFailed) else Doubtful("provider_timeout")
            another = await in_db(
                _fail, begun, failed, context, may_step_in=not has_spoken, now=timezone.now()
            )
            if another is None:
                raise failed.as_refusal() from error
            begun = another
        finally:
            # Cut off in the middle, by a listener who left: what was said is billed, how much of
            # it is not known, so the hold stays until the sweeper books it.
            if usage is not None:
                await in_db(_settle, begun, usage, now=timezone.now())


@again.atomic
def _begin(
    messages: list[dict[str, Any]],
    tools: list[dict[str, Any]],
    context: Context,
    *,
    now: datetime,
) -> Begun:
    organisation = context.actor.organisation
    spender = permission.spender_of(context)
    permission.to_speak(spender).require()
    may_use = permission.models_for(spender, "chat")
    first = resolve(organisation, Tag.CHAT, preferred=context.chat_model, permitted=may_use)
    choices = chain(first, organisation, Tag.CHAT, permitted=may_use)
    permission.question_of(messages, spender).require()
    question = Question(model="", messages=tuple(messages), tools=tuple(tools))
    return _hold_for(choices, question, context, now=now)


def _hold_for(
    choices: Sequence[Choice], question: Question, context: Context, *, now: datetime
) -> Begun:
    organisation = context.actor.organisation
    choice, *others = choices
    question = replace(
        question,
        model=choice.model.remote_id,
        most_tokens=choice.capabilities.output_tokens,
    )
    tariff = pricing.for_chat(choice.model, currency=organisation.currency, now=now)
    quote = Quote(
        capability="chat",
        operation="answer",
        provider=choice.model.provider.name,
        model=choice.model.remote_id,
        amount_micro=pricing.quote_answer(tariff, choice.capabilities, question),
        currency=tariff.currency,
        price=asdict(tariff),
    )
    hold = budgets.hold(
        spender=permission.spender_of(context),
        quote=quote,
        reference=context.reference,
        idempotency_key=new_id("say"),
        now=now,
        sent_for=pulse.LEASE,
    )
    call = calls.start(hold=hold, now=now)
    adapter = choice.adapter
    adapter.call = call.pk
    # The wait for a slot with it.
    adapter.deadline_s = min(adapter.deadline_s, context.deadline_s or DEADLINE_S)
    return Begun(adapter, question, hold, call, tuple(others))


@again.atomic
def _fail(
    begun: Begun, failed: ProviderFailed, context: Context, *, may_step_in: bool, now: datetime
) -> Begun | None:
    """The next model's attempt, if there is one to make. Never after a refusal, nor once the
    first has spoken."""
    begun.call.first_byte_at = begun.adapter.first_byte_at
    calls.fail(call=begun.call, hold=begun.hold, failed=failed, now=now)
    if not may_step_in or not failed.lets_another_try:
        return None

    def hold(choices: Sequence[Choice]) -> Begun:
        return _hold_for(choices, begun.question, context, now=now)

    return stepping_in.next_of(begun.others, hold)


@again.atomic
def _settle(begun: Begun, usage: Usage, *, now: datetime) -> None:
    lines, confidence = calls.billed(begun.hold, usage)
    late.settle(hold=begun.hold, lines=lines, now=now, confidence=confidence)
    begun.call.first_byte_at = begun.adapter.first_byte_at
    calls.end(call=begun.call, now=now)
