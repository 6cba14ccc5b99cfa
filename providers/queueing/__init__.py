"""Before a provider that allows only so many calls at once or in a minute, everybody waits in one
line: web and workers, and every group of those who ask is called by turns.

    ask ──► go            the lease of a slot, renewed while the call runs
        └─► place n       look again, the sooner the further in front

Redis keeps the line where there is one (script.py), else the database does (rows.py). Both go by
their own clock, so a machine whose clock is wrong takes nobody's slot.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from typing import Protocol

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from prometheus_client import Gauge, Histogram
from redis import RedisError

from accounts.actor import Actor
from providers.errors import Limited, NotBilled
from providers.queueing import rows, script
from providers.queueing.limits import Limits
from tale.lib.fields import new_id
from tale.lib.refusals import Text

log = structlog.get_logger(__name__)

# Who is called by turns with whom: "schedule:…", set by whoever begins such work; else the actor.
group: ContextVar[str] = ContextVar("group", default="")
_actor: ContextVar[str] = ContextVar("actor", default="")


def stand_for(actor: Actor) -> None:
    """Of the next calls: one task may serve one person after the other."""
    _actor.set(str(actor.user.pk) if actor.user else actor.key.pk if actor.key else "")


def standing_for() -> str:
    return group.get() or _actor.get()


LOOK_AGAIN_S = 0.1
LOOK_AT_LEAST_S = 3.0  # well within a ticket's lease
SAY_LATER_S = 10

WAITING = Gauge(
    "tale_provider_waiting", "Calls that wait for a slot.", ("kind",), multiprocess_mode="livesum"
)
SLOTS = Gauge(
    "tale_provider_slots", "Slots in use by this process.", ("kind",), multiprocess_mode="livesum"
)
WAITED = Histogram(
    "tale_provider_wait_seconds",
    "Time to a slot, of calls to providers that have limits.",
    ("kind",),
    buckets=(0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300),
)


class Line(Protocol):
    async def ask(self, limits: Limits, ticket: str, group: str) -> int:
        """0: go, the slot is taken. Else the place in the line, from 1."""

    async def renew(self, limits: Limits, ticket: str) -> None: ...

    async def leave(self, limits: Limits, ticket: str) -> None:
        """Gives back the slot, or the place in the line."""


@asynccontextmanager
async def admitted(
    limits: Limits,
    *,
    patience_s: float,
    may_go: Callable[[], Awaitable[None]],
    group: str = "",
    kind: str = "",
) -> AsyncIterator[None]:
    """`may_go` is asked again before each later look: it raises when waiting has become pointless.
    After `patience_s` the caller is told to come later; nothing was sent."""
    if not limits:
        yield
        return
    ticket, line = new_id("tick"), _line()
    try:
        await _wait(line, limits, ticket, group, patience_s=patience_s, may_go=may_go, kind=kind)
        SLOTS.labels(kind).inc()
        renewing = asyncio.create_task(_renew(line, limits, ticket))
        try:
            yield
        finally:
            renewing.cancel()
            SLOTS.labels(kind).dec()
    finally:
        await _leave(line, limits, ticket)


async def _wait(
    line: Line,
    limits: Limits,
    ticket: str,
    group: str,
    *,
    patience_s: float,
    may_go: Callable[[], Awaitable[None]],
    kind: str,
) -> None:
    began = time.monotonic()
    waiting = WAITING.labels(kind)
    waiting.inc()
    try:
        while place := await _ask(line, limits, ticket, group):
            waited_s = time.monotonic() - began
            if waited_s >= patience_s:
                raise Limited(SAY_LATER_S, _too_many(limits))
            pause_s = _pause_s(place, limits, waited_s)
            await asyncio.sleep(min(pause_s, patience_s - waited_s))
            await may_go()
    finally:
        waiting.dec()
    WAITED.labels(kind).observe(time.monotonic() - began)


def _pause_s(place: int, limits: Limits, waited_s: float) -> float:
    """A thousand who wait must not keep the database busy with it: who stands far behind looks
    seldom, and who has waited for long no longer counts tenths of a second."""
    of_place = min(LOOK_AGAIN_S * place / (limits.at_once or 1), LOOK_AT_LEAST_S)
    of_time = min(waited_s / 50, 1.0)
    return max(LOOK_AGAIN_S, of_place, of_time) * random.uniform(0.8, 1.2)


async def _ask(line: Line, limits: Limits, ticket: str, group: str) -> int:
    try:
        return await line.ask(limits, ticket, group)
    except (DatabaseError, RedisError) as broken:
        raise NotBilled("database_unavailable") from broken


async def _renew(line: Line, limits: Limits, ticket: str) -> None:
    while True:
        await asyncio.sleep(limits.lease_s / 3)
        with suppress(DatabaseError, RedisError):  # the next one may still be in time
            await line.renew(limits, ticket)


_leaving: set[asyncio.Task[None]] = set()  # the loop itself keeps only weak references


async def _leave(line: Line, limits: Limits, ticket: str) -> None:
    """Also for a caller who is cancelled while it leaves."""

    async def go() -> None:
        try:
            await line.leave(limits, ticket)
        except (DatabaseError, RedisError) as broken:
            log.warning("slot not given back", ticket=ticket, broken=type(broken).__name__)

    task = asyncio.create_task(go())
    _leaving.add(task)
    task.add_done_callback(_leaving.discard)
    await asyncio.shield(task)


def _line() -> Line:
    return script.Script() if settings.REDIS_URL else rows.Rows()


def _too_many(limits: Limits) -> Text:
    text = _("Too many calls wait for {name}. Try again later, or raise its limits.")
    return format_lazy(text, name=limits.name)
