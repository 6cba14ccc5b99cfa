"""One call for pictures: claimed right before its first byte, listened to, kept, booked.

RESERVED ─ in the line ─ claim ─> SENT ─ bytes ─> kept ─> booked
    └ stopped, or too late: given back    └ stopped: its provider is told, where it listens
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from assistants import arrivals, booking, calls, jobs, pulse, spool
from assistants.models import Artifact, ImageJob
from policies import budgets
from policies.models import Call, Hold
from providers.base import Adapter, closing
from providers.errors import Doubtful, NotBilled, ProviderFailed, Stopped
from providers.shapes import Finished, Happening, Order, Plan, Progressed, Queued
from tale.lib.aio import in_db

NOTE_EVERY = 0.05  # of the whole: finer steps are not written down


class Withdrawn(Exception):
    """Nothing was sent: the money had gone back before the first byte left."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Of a whole job. `stage`: waiting, drawing, keeping."""

    job: str
    stage: str
    fraction: float = 0


Tell = Callable[[Progress], Awaitable[None]]


@dataclass(slots=True)
class Attempt:
    job: ImageJob
    hold: Hold
    call: Call
    plan: Plan
    adapter: Adapter
    can_stop: bool
    tell: Tell | None = None
    claims: int = 0
    handle: dict[str, Any] | None = None
    fraction: float = field(default=0)

    @property
    def was_sent(self) -> bool:
        return self.claims > 0

    async def claim(self) -> None:
        """Again after a call that was certainly not billed: that is the next attempt. A process
        that was frozen in between has lost its lease and sends nothing."""
        await self.say("drawing")  # before: nothing that waits comes between lease and first byte
        now = timezone.now()
        taken = await in_db(
            budgets.claim, hold=self.hold, lease=pulse.LEASE, now=now, is_again=self.was_sent
        )
        if not taken or timezone.now() >= now + pulse.LEASE:
            raise Withdrawn
        self.claims += 1

    async def say(self, stage: str) -> None:
        if self.tell is not None:
            await self.tell(Progress(self.job.pk, stage, self.fraction))


async def run(attempt: Attempt, order: Order, stopped: asyncio.Event) -> list[Artifact]:
    """Until what came is booked; raises Withdrawn or ProviderFailed, and then nothing is."""
    attempt.adapter.before_sending, attempt.adapter.call = attempt.claim, attempt.call.pk
    try:
        async with asyncio.timeout(attempt.adapter.deadline_s):
            finished = await _heard(attempt, order, stopped)
    except TimeoutError:
        late = Doubtful if attempt.was_sent else NotBilled
        raise late("provider_timeout") from None
    try:
        await in_db(arrivals.write, attempt.hold.pk, finished)
    except spool.Full:
        now = timezone.now()
        await in_db(booking.lose, job=attempt.job, hold=attempt.hold, finished=finished, now=now)
        return []
    await attempt.say("keeping")
    return await booking.complete(
        job=attempt.job, hold=attempt.hold, finished=finished, now=timezone.now()
    )


def fail(
    attempts: Sequence[Attempt], ends: Sequence[ProviderFailed | Withdrawn | None], *, now: datetime
) -> None:
    """What was billed comes first: the ledger is locked before any window."""
    failed = [(one, end) for one, end in zip(attempts, ends, strict=True) if end is not None]
    for attempt, end in sorted(failed, key=_is_free):
        _fail(attempt, end, now=now)


def _is_free(failed: tuple[Attempt, ProviderFailed | Withdrawn]) -> bool:
    attempt, end = failed
    return isinstance(end, Withdrawn) or calls.billed_all_the_same(attempt.hold, end) is None


def _fail(attempt: Attempt, failed: ProviderFailed | Withdrawn, *, now: datetime) -> None:
    """The money follows what the failure means."""
    attempt.call.first_byte_at = attempt.adapter.first_byte_at
    if isinstance(failed, ProviderFailed):
        calls.fail(call=attempt.call, hold=attempt.hold, failed=failed, now=now)
    else:
        budgets.release(hold=attempt.hold, now=now, from_states=Hold.OPEN)
        calls.end(call=attempt.call, now=now, outcome="cancelled", code="cancelled")


async def _heard(attempt: Attempt, order: Order, stopped: asyncio.Event) -> Finished:
    drawing = asyncio.create_task(_drawn(attempt, order))
    stopping = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait((drawing, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not drawing.done():
            await _stop(attempt, drawing)
        await asyncio.wait((drawing,))
        if drawing.cancelled():
            raise await _ended(attempt)
        return drawing.result()
    finally:
        drawing.cancel()
        stopping.cancel()
        await asyncio.gather(drawing, stopping, return_exceptions=True)


async def _drawn(attempt: Attempt, order: Order) -> Finished:
    async with closing(attempt.adapter.make_pictures(order)) as happenings:
        async for happening in happenings:
            if isinstance(happening, Finished):
                return happening
            await _note(attempt, happening)
    raise Doubtful("provider_bad_reply")


async def _note(attempt: Attempt, happening: Happening) -> None:
    if isinstance(happening, Queued):
        attempt.handle = happening.handle
        await in_db(jobs.keep_handle, attempt.job, attempt.hold, happening.handle)
    elif isinstance(happening, Progressed) and happening.fraction >= attempt.fraction + NOTE_EVERY:
        attempt.fraction = min(happening.fraction, 1)
        await in_db(jobs.note_progress, attempt.job, attempt.fraction)
        await attempt.say("drawing")


async def _stop(attempt: Attempt, drawing: asyncio.Task[Finished]) -> None:
    """What cannot be stopped is waited for: it is paid, so it is kept."""
    if attempt.was_sent and not attempt.can_stop:
        return
    if attempt.handle is not None:
        with suppress(ProviderFailed):
            await attempt.adapter.cancel(attempt.handle)
    else:
        drawing.cancel()


async def _ended(attempt: Attempt) -> Exception:
    """We hung up. Was it billed?"""
    if not attempt.was_sent:
        return Withdrawn()
    billed = await attempt.adapter.was_billed(attempt.hold.pk)
    return Stopped() if billed is False else Doubtful("cancelled")
