"""THE one way to a chat model: resolve, quote, hold, stream, settle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from assistants import calls
from assistants.context import Context
from policies import budgets
from policies.models import Call, Hold
from policies.spender import Quote, Spender
from providers import pricing
from providers.base import Adapter
from providers.errors import Doubtful, ProviderFailed
from providers.models import Tag
from providers.pricing import Tariff
from providers.resolve import resolve
from providers.shapes import Ended, Piece, Question, Usage
from tale.lib.aio import in_db
from tale.lib.fields import new_id

LEASE_SLACK = timedelta(seconds=60)


async def stream(
    messages: list[dict[str, Any]], tools: list[dict[str, Any]], *, context: Context
) -> AsyncIterator[Piece]:
    adapter, question, tariff, hold, call = await in_db(
        _prepare, messages, tools, context, now=timezone.now()
    )
    usage: Usage | None = None
    try:
        async with asyncio.timeout(context.deadline_s):
            async for piece in adapter.answer(question):
                if isinstance(piece, Ended):
                    usage = piece.usage
                yield piece
    except (ProviderFailed, TimeoutError) as error:
        failed = error if isinstance(error, ProviderFailed) else Doubtful("provider_timeout")
        await in_db(calls.fail, call=call, hold=hold, failed=failed, now=timezone.now())
        raise failed.as_refusal() from error
    finally:
        # Cut off in the middle, by a listener who left: what was said is billed, how much of it
        # is not known, so the hold stays until the sweeper books it.
        if usage is not None:
            await in_db(_settle, hold, tariff, usage, call, now=timezone.now())


@transaction.atomic
def _prepare(
    messages: list[dict[str, Any]],
    tools: list[dict[str, Any]],
    context: Context,
    *,
    now: datetime,
) -> tuple[Adapter, Question, Tariff, Hold, Call]:
    organisation = context.actor.organisation
    choice = resolve(organisation, Tag.CHAT, preferred=context.chat_model)
    question = Question(
        model=choice.model.remote_id,
        messages=tuple(messages),
        tools=tuple(tools),
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
        spender=Spender.of(context.actor, assistant=context.assistant, team=context.team),
        quote=quote,
        reference=context.reference,
        idempotency_key=new_id("say"),
        now=now,
        sent_for=timedelta(seconds=context.deadline_s) + LEASE_SLACK,
    )
    return choice.adapter, question, tariff, hold, calls.start(hold=hold, now=now)


@transaction.atomic
def _settle(hold: Hold, tariff: Tariff, usage: Usage, call: Call, *, now: datetime) -> None:
    line = {
        "amount_micro": tariff.bill(usage),
        "tokens_in": usage.tokens_in,
        "tokens_out": usage.tokens_out,
        "provider_request_id": usage.request_id,
    }
    budgets.settle(hold=hold, lines=[line], now=now)
    calls.end(call=call, now=now)
