"""One seed, one history of pictures: who asks for what, what the provider does with it, who dies.

Everything between `images.generate` and the database is real; what only takes time is left
out (looking at pixels, signing, the line before a provider), and the clock is the seed's. The
provider keeps its own bill.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from unittest import mock

from django.core.exceptions import ValidationError

from accounts.models import Organisation, User
from analytics import reports
from assistants import (
    attempts,
    booking,
    gate,
    images,
    keeping,
    provenance,
    pulse,
    reconcile,
    resuming,
)
from assistants.context import Context
from assistants.gate import Passed
from assistants.models import Artifact, ImageJob
from assistants.provenance import Marked
from policies import budgets, drift, rules
from policies.models import BudgetRule, Call, Entry, Hold, Window
from providers import registry
from providers.base import Adapter, Connection
from providers.shapes import Capabilities, Happening, Order, Wish
from tale.lib import clock
from tale.lib.aio import in_db
from tale.lib.refusals import Refusal
from tests.people import actor_for
from tests.policies.money.provider import BROKEN, ENDS, PICTURE, PRICES, Killed, Request, answer

tidy = keeping.tidy
MORTAL = (images, attempts, booking, keeping, reconcile, resuming)
STEPS = (*["ask"] * 6, *["again"] * 2, *["go on"] * 4, "sweep", "sweep", "wait", "wait", "cap")
WAITS_S = (1, 10, 30, 120, 1_000, 20_000, 90_000)


@dataclass
class Asked:
    key: str
    wish: Wish
    user: User
    task: asyncio.Task[Any] = field(init=False)


ASKING: ContextVar[Asked] = ContextVar("asking")


@dataclass
class World:
    office: Organisation
    people: list[User]
    seed: int
    now: datetime = datetime(2026, 3, 27, 9, tzinfo=UTC)
    requests: dict[str, Request] = field(default_factory=dict)
    asker: dict[str, Asked] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    told: list[str] = field(default_factory=list)  # the trace
    steps_left: int | None = None  # until somebody dies
    is_capped: bool = True  # no cap was lowered, nothing was billed above its quote

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.waits = asyncio.Event()
        self.tells = self.random.random() < 0.6  # whether the provider says what it billed

    def clock(self) -> datetime:
        return self.now

    # --- The history -----------------------------------------------------------------------------

    async def run(self, steps: int) -> None:
        await in_db(self.save_caps)
        for number in range(steps):
            step = self.random.choice(STEPS)
            await getattr(self, f"do_{step.replace(' ', '_')}")()
            if number % 4 == 3:
                await in_db(self.look)
        await self.do_to_the_end()

    async def do_ask(self) -> None:
        number = len(self.asked)
        wish = Wish(f"a fox, {number}", n=self.random.choice([1, 1, 2, 3]))
        await self.ask(f"key {number}", wish, self.random.choice(self.people))

    async def do_again(self) -> None:
        """The same once more; or another wish under the same key, which is refused."""
        if self.asked:
            asked = self.random.choice(self.asked)
            wish = asked.wish if self.random.random() < 0.9 else Wish("a bear")
            await self.ask(asked.key, wish, asked.user)

    async def ask(self, key: str, wish: Wish, user: User) -> None:
        if self.random.random() < 0.15:
            self.steps_left = self.random.randrange(12)
        context = Context(actor=await in_db(actor_for, user), reference="test")
        asked = Asked(key, wish, user)
        ASKING.set(asked)
        asked.task = asyncio.create_task(
            images.generate(wish=wish, context=context, idempotency_key=key)
        )
        self.asked.append(asked)
        await self.until_it_waits(asked)

    async def until_it_waits(self, asked: Asked) -> None:
        """For the provider, or for nothing any more."""
        self.waits.clear()
        waits = asyncio.create_task(self.waits.wait())
        await asyncio.wait({asked.task, waits}, return_when=asyncio.FIRST_COMPLETED)
        waits.cancel()
        if not asked.task.done():
            self.told.append(f"{asked.key}: waits")
            return
        self.steps_left = None
        self.told.append(f"{asked.key}: {outcome_of(asked.task)}")

    async def do_go_on(self) -> None:
        """One of those that wait for the provider."""
        held_up = [request for request in self.requests.values() if request.goes_on]
        if held_up:
            await self.let_go(self.random.choice(held_up), self.random.choice([*ENDS, "killed"]))

    async def let_go(self, request: Request, end: str) -> None:
        assert request.goes_on is not None
        is_late = self.now - request.sent_at > timedelta(seconds=180)
        if is_late and end != "killed" and not request.billed:
            end = "time-out"  # its own clock ends it first
        request.goes_on.set_result(end)
        request.goes_on = None
        await self.until_it_waits(self.asker[request.hold])

    async def do_sweep(self) -> None:
        if self.random.random() < 0.2:
            self.steps_left = self.random.randrange(6)
        try:
            await reconcile.sweep()
        except Killed:
            self.told.append("the sweeper dies")
        self.steps_left = None

    async def do_wait(self) -> None:
        self.now += timedelta(seconds=self.random.choice(WAITS_S))
        self.told.append(f"it is {self.now}")
        for request in self.requests.values():
            if request.goes_on and not request.is_frozen:
                await in_db(self.renew, request.hold)

    def renew(self, hold: str) -> None:
        row = Hold.objects.of(self.office).get(pk=hold)
        budgets.renew(hold=row, lease=pulse.LEASE, now=self.now)

    async def do_cap(self) -> None:
        await in_db(self.save_caps)

    def save_caps(self) -> None:
        owner = actor_for(self.people[0])
        for more in ({"scope": "organisation", "period": "total"}, {"scope": "user"}):
            known = BudgetRule.objects.of(self.office).filter(**more).first()
            rule = known or BudgetRule(capability="any", **more)
            limit = self.random.choice([200_000, 600_000, 1_200_000])
            self.is_capped &= limit >= rule.limit if known else not self.asked
            rule.limit = limit
            with suppress(ValidationError):  # one that the other always stops first
                rules.save(actor=owner, rule=rule, now=self.now)

    async def do_to_the_end(self) -> None:
        """Whoever still waits is killed, and the sweeper has days to see it."""
        for request in [each for each in self.requests.values() if each.goes_on]:
            await self.let_go(request, self.random.choice(["killed", "made"]))
        for _ in range(4):
            await reconcile.sweep()
            self.now += timedelta(hours=9)
        await reconcile.sweep()

    # --- The provider ----------------------------------------------------------------------------

    async def request(self, order: Order) -> AsyncIterator[Happening]:
        hold = await in_db(self.hold_of, order)
        assert hold.pk not in self.requests, "sent twice under one hold"  # I8
        request = Request(hold.pk, order.plan.n, PRICES[order.model], self.now)
        self.requests[hold.pk], self.asker[hold.pk] = request, ASKING.get()
        end = self.random.choice([*ENDS, *["wait"] * 6])
        if end == "wait":
            request.is_frozen = self.random.random() < 0.4
            if self.random.random() < 0.3:  # it is made, and the answer is on its way
                request.billed = request.n * request.price
            request.goes_on = asyncio.get_running_loop().create_future()
            self.waits.set()
            end = await request.goes_on
            end = "made" if request.billed and end != "killed" else end
        self.told.append(f"{hold.pk} ends: {end}")
        try:
            yield answer(request, end)
        finally:
            self.is_capped &= request.billed <= request.n * request.price

    def dies(self) -> bool:
        if self.steps_left is None:
            return False
        self.steps_left -= 1
        return self.steps_left < 0

    def tidy(self, hold: Hold, made: Sequence[Artifact] = ()) -> None:
        """It may die between the booking, which is kept, and the end of the call."""
        if self.dies():
            raise Killed
        tidy(hold, made)

    def hold_of(self, order: Order) -> Hold:
        jobs = ImageJob.objects.of(self.office).filter(state="running")
        job = jobs.filter(wish__prompt=order.plan.prompt).latest("pk")
        return Hold.objects.of(self.office).get(pk=job.hold)

    def was_billed(self, hold: str) -> bool | None:
        """Of what it never heard of, too, the provider says that it billed nothing."""
        request = self.requests.get(hold)
        return bool(request and request.billed) if self.tells else None

    # --- What must be so -------------------------------------------------------------------------

    def look(self) -> None:
        for window in Window.objects.of(self.office).select_related("rule"):
            assert not self.is_capped or window.used <= window.rule.limit  # I1
        codes = {each.code for each in drift.found(organisation=self.office, now=self.now)}
        assert codes <= {"overdue"}, codes

    def look_at_the_end(self) -> None:
        found = drift.found(organisation=self.office, now=self.now)
        assert not found, "\n".join(map(str, found))
        holds = Hold.objects.of(self.office)
        assert not holds.filter(state__in=Hold.OPEN).exists()  # I5
        over = {"done", "failed", "refused"}
        assert set(ImageJob.objects.of(self.office).values_list("state", flat=True)) <= over
        jobs = ImageJob.objects.of(self.office).count()
        assert jobs <= len({asked.key for asked in self.asked})  # I10: a key buys once
        self.look_at_the_bill(list(holds))
        self.look_at_the_pictures()
        entries = Entry.objects.of(self.office)
        within = reports.Range(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
        report = reports.top_models(organisation=self.office, within=within)
        assert report.cost_micro == sum(entry.amount_micro for entry in entries)  # I13
        assert not Call.objects.of(self.office).filter(ended_at=None).exists()

    def look_at_the_bill(self, holds: list[Hold]) -> None:
        """I14. What the provider told nobody about is booked in full, as presumed."""
        booked: Counter[str] = Counter()
        presumed = set()
        for entry in Entry.objects.of(self.office):
            booked[entry.hold] += entry.amount_micro
            if entry.kind == "presumed":
                presumed.add(entry.hold)
        for hold in holds:
            request = self.requests.get(hold.pk)
            billed = request.billed if request else 0
            expected = hold.amount_micro if hold.pk in presumed else billed
            assert booked[hold.pk] == expected, (hold.pk, hold.state, booked[hold.pk], billed)
            assert hold.pk not in presumed or not self.tells or billed
        assert set(self.requests) <= {hold.pk for hold in holds}

    def look_at_the_pictures(self) -> None:
        """I6: each has a line, and a file; one that came is not lost."""
        made = Artifact.objects.of(self.office).filter(state__in=("ready", "aside"))
        lines = Counter(
            Entry.objects.of(self.office).filter(pictures=1).values_list("hold", flat=True)
        )
        for job in ImageJob.objects.of(self.office):
            mine = [row for row in made if row.job_id == job.pk]
            assert len(mine) <= lines[job.hold]
            assert all(row.get_bytes() in (PICTURE, BROKEN) for row in mine)
            if job.state == "done":
                assert len(mine) == self.requests[job.hold].delivered


def outcome_of(task: asyncio.Task[Any]) -> str:
    """What an asker may be told; anything else is a fault of ours."""
    fault = task.exception()
    if isinstance(fault, Killed):
        return "dies"
    if isinstance(fault, Refusal):
        return fault.code
    if fault is not None:
        raise fault
    return f"{len(task.result())} made"


class Simulated(Adapter):
    """The world of the seed that runs, as a provider."""

    deadline_s = 180

    def __init__(self, world: World) -> None:
        super().__init__(Connection())
        self.world = world

    def capabilities(self, model: str) -> Capabilities:
        return Capabilities()

    async def make_pictures(self, order: Order) -> AsyncIterator[Happening]:
        if self.before_sending is not None:  # the line before a real provider does it
            await self.before_sending()
        async for happening in self.world.request(order):
            yield happening

    async def was_billed(self, request_id: str) -> bool | None:
        return self.world.was_billed(request_id)


@contextmanager
def in_(world: World) -> Iterator[None]:
    async def mortal(work: Any, *args: Any, **kwargs: Any) -> Any:
        """Any step may be the last: before it is done, or just after."""
        if world.dies():
            after = world.random.random() < 0.5
            if after:
                await in_db(work, *args, **kwargs)
            raise Killed
        return await in_db(work, *args, **kwargs)

    def adapter_for(_provider: Any) -> Simulated:
        return Simulated(world)

    async def passed(pictures: Any, meanwhile: Any) -> Passed[Any]:
        made = [(await meanwhile(place, each), each) for place, each in enumerate(pictures)]
        sound = tuple(file for file, each in made if each.content != BROKEN)
        unsound = tuple(each for each in pictures if each.content == BROKEN)
        return Passed(sound, unsound, looks=(None,) * len(sound))

    async def marked(content: bytes, **_facts: Any) -> Marked:
        return Marked(content, "none")

    with ExitStack() as stack:
        for patch in (
            mock.patch("django.utils.timezone.now", world.clock),
            mock.patch.object(clock, "heard"),  # the database has its own
            *(
                mock.patch.object(room, "adapter_for", adapter_for)
                for room in (registry, reconcile)
            ),
            mock.patch.object(gate, "pass_made", passed),
            mock.patch.object(provenance, "mark", marked),
            mock.patch.object(pulse, "RENEW_S", 3600),
            mock.patch.object(keeping, "tidy", world.tidy),
            *(mock.patch.object(room, "in_db", mortal) for room in MORTAL),
        ):
            stack.enter_context(patch)
        yield
