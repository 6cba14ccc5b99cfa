"""What everyone is given for a provider: around its kind stand its rests, its line and its keys.

    rests? ──► line ──► credential ──► the kind ──► told to health ──► slot given back

Made from plain data, so it crosses from a database thread to the loop; it asks the database only
through `in_db`, and what it fails to write down never costs what was paid for.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar, cast

import structlog
from django.db import DatabaseError
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from prometheus_client import Counter

from providers import credentials, health, queueing
from providers.base import Adapter, Connection, closing
from providers.credentials import Chosen
from providers.errors import BadKey, Doubtful, Limited, NoCredit, NotBilled, ProviderFailed
from providers.health import Standing
from providers.queueing.limits import Limits
from providers.shapes import (
    Capabilities,
    Checked,
    Ended,
    Finished,
    Happening,
    Listed,
    Order,
    Piece,
    Question,
    Queued,
)
from tale.lib.aio import in_db

T = TypeVar("T")
log = structlog.get_logger(__name__)

CALLS = Counter("tale_provider_calls", "Calls to providers.", ("kind", "outcome"))
LATE = 0.9  # of the deadline
PATIENCE_S = 90.0  # callers give a call three minutes, and it must not run out in the line
WRITE_S = 2.0  # a result that is paid for waits no longer for our notes
WELL_EVERY_S = 60.0
_well: dict[str, float] = {}  # when this process last told of a credential that it works
_writing: set[asyncio.Task[None]] = set()  # the loop itself keeps only weak references


@dataclass
class Attempt:
    """One call to the kind, with one credential."""

    chosen: Chosen
    is_last: bool  # no other credential is left to try
    tried: datetime | None  # the proof of being the one call after a rest
    is_asked: bool  # spends nothing: a test of the connection, a list of models
    was_ordered: bool  # the provider has the order: what fails now is not the order
    deadline_s: float
    late_s: float  # who is cancelled so late was not left by a caller but cut off
    has_spoken: bool = False
    began: float = field(default_factory=time.monotonic)
    first_s: float = 0.0

    @property
    def took_s(self) -> float:
        return time.monotonic() - self.began

    def meant(self, failed: ProviderFailed) -> ProviderFailed:
        """A refused question after an order is one not answered; the order may be billed."""
        if self.was_ordered and isinstance(failed, Limited | BadKey):
            return Doubtful(failed.code, failed.message, request_id=failed.request_id)
        return failed


class Guarded(Adapter):
    def __init__(
        self,
        kind: type[Adapter],
        connection: Connection,
        *,
        label: str,
        standing: Standing,
        limits: Limits,
        find_credentials: Callable[[], Sequence[Chosen]] = tuple,
    ) -> None:
        """`find_credentials` asks the database."""
        super().__init__(connection)
        self.kind, self.label = kind, label
        self.standing, self.limits = standing, limits
        self.find_credentials = find_credentials
        self.is_local = kind.is_local
        self.deadline_s = kind(connection).deadline_s
        self.refused: set[str] = set()  # parameters, learned in this call
        self.requests = 0

    def capabilities(self, model: str) -> Capabilities:
        return self.kind(self.connection).capabilities(model)

    async def make_pictures(self, order: Order) -> AsyncIterator[Happening]:
        stream = self._admitted(
            lambda kind: kind.make_pictures(order), model=order.model, group=order.user
        )
        async with closing(stream) as told:
            async for happening in told:
                yield happening

    async def answer(self, question: Question) -> AsyncIterator[Piece]:
        stream = self._admitted(lambda kind: kind.answer(question), model=question.model)
        async with closing(stream) as told:
            async for piece in told:
                yield piece

    async def resume(self, handle: dict[str, Any]) -> AsyncIterator[Happening]:
        """It may be billed already: neither a rest nor a line keeps it from us."""
        stream = self._called(lambda kind: kind.resume(handle), was_ordered=True)
        async with closing(stream) as told:
            async for happening in told:
                yield happening

    async def cancel(self, handle: dict[str, Any]) -> None:
        await (await self._kind((await self._found())[0])).cancel(handle)

    async def was_billed(self, request_id: str) -> bool | None:
        try:
            return await (await self._kind((await self._found())[0])).was_billed(request_id)
        except ProviderFailed:  # not even that can be asked now
            return None

    async def models(self) -> list[Listed]:
        return await self._asked(lambda kind: kind.models())

    async def check(self) -> Checked:
        return await self._asked(lambda kind: kind.check())

    async def _asked(self, call: Callable[[Adapter], Awaitable[T]]) -> T:
        """Spends nothing, and is how one finds out that it works again: it waits for nobody."""

        async def once(kind: Adapter) -> AsyncIterator[T]:
            yield await call(kind)

        async with closing(self._called(once, is_asked=True)) as told:
            return await anext(told)

    async def _admitted(
        self, call: Callable[[Adapter], AsyncIterator[T]], *, model: str, group: str = ""
    ) -> AsyncIterator[T]:
        """What a call usually takes must still fit behind the wait. Too many requests: once more
        after the pause it asked for, as long as nothing was said or billed and the wait allows it.
        """
        began = time.monotonic()
        usually_s = self.capabilities(model).typical_s[1]
        ends = began + min(PATIENCE_S, max(self.deadline_s - usually_s, self.deadline_s / 4))
        is_second = False
        while True:
            end: T | None = None
            has_spoken = False
            try:
                async with self._turn(group, ends=ends, is_fresh=is_second) as tried:
                    left_s = self.deadline_s - (time.monotonic() - began)
                    stream = self._called(call, tried=tried, deadline_s=left_s, usually_s=usually_s)
                    async with closing(stream) as told:
                        async for piece in told:
                            if isinstance(piece, Finished | Ended):
                                end = piece
                                break
                            has_spoken = True
                            yield piece
            except Limited as limited:
                fits = time.monotonic() + limited.after_s < ends
                if is_second or has_spoken or not fits or limited.usage is not None:
                    raise
                is_second = True
                continue
            if end is not None:  # the slot is free before the caller has done anything with it
                yield end
            return

    @asynccontextmanager
    async def _turn(
        self, group: str, *, ends: float, is_fresh: bool
    ) -> AsyncIterator[datetime | None]:
        """Yields the proof of being the one call that tries after a rest, if this is it."""
        if is_fresh:
            self.standing = await in_db(health.look, self.standing)
        await self._rested(ends)
        line = queueing.admitted(
            self.limits,
            patience_s=ends - time.monotonic(),
            may_go=partial(self._still_rested, ends),
            group=queueing.standing_for() or group,
            kind=self.label,
        )
        async with line:
            tried = None
            if self.standing.is_broken:
                tried = await in_db(health.try_it, self.standing, now=timezone.now())
                if tried is None:
                    raise self._resting()
            yield tried

    async def _still_rested(self, ends: float) -> None:
        self.standing = await in_db(health.look, self.standing)
        await self._rested(ends)

    async def _rested(self, ends: float) -> None:
        """A pause is waited for, a rest is not."""
        while rest_s := self.standing.rest_s(timezone.now()):
            if self.standing.is_broken:
                raise self._resting()
            if time.monotonic() + rest_s >= ends:
                text = _("{name} asks for a pause. Try again later.")
                raise Limited(rest_s, format_lazy(text, name=self.standing.name))
            await asyncio.sleep(rest_s + random.uniform(0, min(1.0, rest_s / 4)))
            self.standing = await in_db(health.look, self.standing)

    def _resting(self) -> NotBilled:
        until = self.standing.rests_until or timezone.now() + timedelta(seconds=30)
        if self.standing.last_error == health.OUT_OF_CREDIT:
            text = _("The account at {name} is out of credit. Tell an administrator.")
        else:
            text = _("{name} failed several times in a row and rests until {time} UTC.")
        told = format_lazy(text, name=self.standing.name, time=f"{until:%H:%M}")
        CALLS.labels(self.label, "rests").inc()
        return NotBilled("provider_error", told)

    async def _called(
        self,
        call: Callable[[Adapter], AsyncIterator[T]],
        *,
        tried: datetime | None = None,
        is_asked: bool = False,
        was_ordered: bool = False,
        deadline_s: float | None = None,
        usually_s: float = 3600,
    ) -> AsyncIterator[T]:
        """With each credential once, until one is not refused."""
        found = await self._found()
        deadline_s = deadline_s or self.deadline_s
        for place, chosen in enumerate(found, start=1):
            attempt = Attempt(
                chosen,
                is_last=place == len(found),
                tried=tried,
                is_asked=is_asked,
                was_ordered=was_ordered,
                deadline_s=deadline_s,
                late_s=min(LATE * deadline_s, 2 * usually_s),
            )
            try:
                async with closing(self._listened(call, attempt)) as told:
                    async for piece in told:
                        yield piece
                return
            except BadKey as refused:
                if attempt.is_last or attempt.has_spoken or refused.usage is not None:
                    raise

    async def _listened(
        self, call: Callable[[Adapter], AsyncIterator[T]], attempt: Attempt
    ) -> AsyncIterator[T]:
        try:
            kind = await self._kind(attempt.chosen, deadline_s=attempt.deadline_s)
            if self.before_sending is not None and not (attempt.is_asked or attempt.was_ordered):
                await self.before_sending()
            self.first_byte_at = None
            async with closing(call(kind)) as told:
                async for piece in told:
                    self._heard()
                    attempt.first_s = attempt.first_s or attempt.took_s
                    attempt.was_ordered |= isinstance(piece, Queued)
                    if attempt.is_asked or isinstance(piece, Finished | Ended):
                        took_s = attempt.first_s if isinstance(piece, Ended) else attempt.took_s
                        await self._worked(attempt, took_s=took_s)
                    attempt.has_spoken = True
                    yield self._timed(piece)
        except ProviderFailed as failed:
            meant = attempt.meant(failed)
            await self._failed(attempt, failed, outcome=meant.code)
            if meant is failed:
                raise
            raise meant from failed
        except asyncio.CancelledError:
            if attempt.took_s > attempt.late_s:
                late = Doubtful("provider_timeout")
                await self._failed(attempt, late, outcome=late.code)
            raise

    async def _found(self) -> Sequence[Chosen]:
        found = () if self.is_local else await in_db(self.find_credentials)
        return found or (Chosen(),)

    async def _kind(self, chosen: Chosen, *, deadline_s: float | None = None) -> Adapter:
        connection = replace(
            self.connection,
            secret=await chosen.token(),
            deadline_s=deadline_s or self.deadline_s,
            on_refused=self.refused.add,
            on_first_byte=self._heard,
            request_name=self._request_name,
        )
        return self.kind(connection)

    def _heard(self) -> None:
        self.first_byte_at = self.first_byte_at or timezone.now()

    def _timed(self, piece: T) -> T:
        if not isinstance(piece, Finished):
            return piece
        return cast(T, replace(piece, first_byte_at=self.first_byte_at))

    def _request_name(self) -> str:
        """One call may be several requests: of several pictures, or once more after a fault."""
        self.requests += 1
        return f"{self.call}-{self.requests}" if self.call else ""

    async def _worked(self, attempt: Attempt, *, took_s: float) -> None:
        now, used = timezone.now(), attempt.chosen.id
        CALLS.labels(self.label, "done").inc()
        notes: list[Callable[[], object]] = []
        if attempt.tried or attempt.is_asked or health.is_news(self.standing, now=now):
            told = partial(health.worked, self.standing, latency_ms=round(took_s * 1000), now=now)
            notes.append(partial(told, tried=attempt.tried, is_asked=attempt.is_asked))
        if used and time.monotonic() - _well.get(used, -WELL_EVERY_S) >= WELL_EVERY_S:
            _well[used] = time.monotonic()
            notes.append(partial(credentials.report, used, now=now))
        await self._write(notes)

    async def _failed(self, attempt: Attempt, failed: ProviderFailed, *, outcome: str) -> None:
        now, used = timezone.now(), attempt.chosen.id
        CALLS.labels(self.label, outcome).inc()
        notes: list[Callable[[], object]] = []
        if used and isinstance(failed, BadKey | NoCredit):
            _well.pop(used, None)
            notes.append(partial(credentials.report, used, failed, now=now))
        if attempt.is_last or not isinstance(failed, BadKey | NoCredit):
            told = partial(health.failed, self.standing, failed, now=now)
            notes.append(partial(told, tried=attempt.tried))
        await self._write(notes)

    async def _write(self, notes: list[Callable[[], object]]) -> None:
        """Also for a caller who is cancelled meanwhile."""
        if self.refused:
            learned, self.refused = frozenset(self.refused), set()
            notes.append(partial(health.refuses, self.standing, learned))
        if not notes:
            return

        async def write() -> None:
            try:
                await in_db(lambda: [note() for note in notes])
            except DatabaseError as broken:
                log.warning("health not told", broken=type(broken).__name__)

        task = asyncio.create_task(write())
        _writing.add(task)
        task.add_done_callback(_writing.discard)
        await asyncio.wait({task}, timeout=WRITE_S)
