"""One thing that breaks keeps nothing else from its end, and no money from its line."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Organisation, User
from assistants import (
    answers,
    attempts,
    beginning,
    booking,
    images,
    jobs,
    keeping,
    reconcile,
    tasks,
)
from assistants.attempts import Attempt
from assistants.context import Context
from assistants.models import Artifact, ImageJob
from policies import budgets, drift, rules
from policies.models import BudgetRule, Call, Entry, Hold
from providers.errors import NotBilled
from providers.shapes import Usage
from tale.lib.aio import in_db
from tale.lib.refusals import Refusal
from tests.flows.test_a_job_and_its_life import draw, until
from tests.people import actor_for
from tests.upstream.scripted import Script


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


def left_in_doubt(user: User, *keys: str) -> None:
    """Their process died after it had sent them."""
    sent = Hold.unscoped.filter(state="sent")

    async def die() -> None:
        drawing = [asyncio.create_task(draw(user, key=key)) for key in keys]
        await until(lambda: sent.count() == len(keys))
        for task in list(images._unfinished):
            task.cancel()
        await asyncio.gather(*drawing, return_exceptions=True)

    async_to_sync(die)()
    long_ago = timezone.now() - timedelta(days=2)
    sent.update(state="unknown", held_at=long_ago, sent_at=long_ago, lease_until=long_ago)


def test_one_hold_that_cannot_be_decided_keeps_no_other_waiting(
    office: Organisation, bob: User, script: Script, monkeypatch: Any, caplog: Any
) -> None:
    script.is_held = True
    left_in_doubt(bob, "first", "second", "third")
    broken, *others = Hold.objects.of(office).order_by("held_at", "pk")
    presume = reconcile.presume

    def presumed(hold: Hold, **more: Any) -> bool:
        if hold.pk == broken.pk:
            raise ZeroDivisionError
        return presume(hold, **more)

    monkeypatch.setattr(reconcile, "presume", presumed)
    async_to_sync(reconcile.sweep)()
    states = dict(Hold.objects.of(office).values_list("pk", "state"))
    assert states == {broken.pk: "unknown"} | {other.pk: "settled" for other in others}
    assert "not_decided" in caplog.text


def test_one_hold_that_cannot_be_given_back_keeps_no_other_waiting(
    office: Organisation, bob: User, script: Script, monkeypatch: Any, caplog: Any
) -> None:
    script.is_held = True
    left_in_doubt(bob, "first", "second", "third")
    long_ago = timezone.now() - timedelta(days=1)
    Hold.objects.of(office).update(state="reserved", expires_at=long_ago)
    broken, *others = Hold.objects.of(office).order_by("held_at", "pk")
    release = budgets.release

    def released(*, hold: Hold, **more: Any) -> bool:
        if hold.pk == broken.pk:
            raise IntegrityError
        return release(hold=hold, **more)

    monkeypatch.setattr(budgets, "release", released)
    async_to_sync(reconcile.sweep)()
    states = dict(Hold.objects.of(office).values_list("pk", "state"))
    assert states == {broken.pk: "reserved"} | {other.pk: "released" for other in others}
    assert "not_given_back" in caplog.text


def test_what_its_process_left_open_ends_as_its_money_did(
    office: Organisation, bob: User, script: Script, monkeypatch: Any, caplog: Any
) -> None:
    script.is_held = True
    left_in_doubt(bob, "in doubt", "broken", "paid", "stopped", "given back")
    in_doubt, broken, *over = Hold.objects.of(office).order_by("held_at", "pk")
    long_ago = timezone.now() - timedelta(days=1)
    Call.objects.of(office).update(started_at=long_ago)
    for hold, state in zip(
        (broken, *over), ("settled", "settled", "released", "released"), strict=True
    ):
        Hold.objects.of(office).filter(pk=hold.pk).update(state=state, ended_at=long_ago)
    stopped = ImageJob.objects.of(office).filter(hold=over[1].pk)
    stopped.update(state="cancelled")
    tidy = keeping.tidy

    def tidied(hold: Hold) -> None:
        if hold.pk == broken.pk:
            raise OSError
        tidy(hold)

    monkeypatch.setattr(keeping, "tidy", tidied)
    monkeypatch.setattr(reconcile, "BATCH", 4)  # the one in doubt, the oldest, takes no place
    reconcile.clear(now=timezone.now())
    ends = Call.objects.of(office).values_list("hold", "outcome", "code")
    assert {hold: (outcome, code) for hold, outcome, code in ends} == {
        in_doubt.pk: ("started", ""),
        broken.pk: ("started", ""),
        over[0].pk: ("done", ""),
        over[1].pk: ("cancelled", "cancelled"),
        over[2].pk: ("failed", "provider_timeout"),
    }
    assert "not_cleared" in caplog.text


def test_one_broom_that_breaks_leaves_the_floor_to_the_others(
    monkeypatch: Any, caplog: Any, db: None
) -> None:
    swept = []

    async def breaks() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(reconcile, "sweep", breaks)
    monkeypatch.setattr(tasks.deletion, "sweep", lambda **_: swept.append("deletion"))
    monkeypatch.setattr(tasks.trials, "sweep", lambda **_: swept.append("trials"))
    monkeypatch.setattr(tasks.spool, "carry", lambda: swept.append("spool"))
    tasks.sweep()
    assert swept == ["deletion", "trials", "spool"]
    assert "not_swept" in caplog.text


def test_of_three_calls_one_breaks_and_the_others_are_booked(
    office: Organisation, bob: User, script: Script, monkeypatch: Any
) -> None:
    script.able = {"pictures_per_call": 1}
    complete = booking.complete
    seen: list[str] = []

    async def breaks_once(*, hold: Hold, **more: Any) -> list[Artifact]:
        seen.append(hold.pk)
        if len(seen) == 1:
            raise ZeroDivisionError
        return await complete(hold=hold, **more)

    with monkeypatch.context() as once:
        once.setattr(booking, "complete", breaks_once)
        with pytest.raises(ZeroDivisionError):
            async_to_sync(draw)(bob, n=3)
    assert Entry.objects.of(office).count() == 2
    assert ImageJob.objects.of(office).get().state == "running"
    Hold.objects.of(office).update(lease_until=timezone.now() - timedelta(seconds=1))
    async_to_sync(reconcile.sweep)()  # what came for the first lies there
    assert Entry.objects.of(office).count() == len(script.bill) == 3
    assert ImageJob.objects.of(office).get().state == "done"
    assert Artifact.objects.of(office).filter(state="ready").count() == 3


def test_what_comes_after_it_was_presumed_is_kept_and_not_booked_again(
    office: Organisation, bob: User, script: Script
) -> None:
    script.is_held = True

    def forget() -> None:
        long_ago = timezone.now() - timedelta(days=2)
        Hold.objects.of(office).update(state="unknown", sent_at=long_ago, lease_until=long_ago)

    async def scenario() -> None:
        drawing = asyncio.create_task(draw(bob))
        await until(lambda: script.bill)
        await in_db(forget)
        await reconcile.sweep()
        script.is_held = False
        await asyncio.gather(drawing, return_exceptions=True)

    async_to_sync(scenario)()
    entry = Entry.objects.of(office).get()
    assert (entry.kind, entry.amount_micro) == ("presumed", 40_000)
    assert Artifact.objects.of(office).get().state == "late"
    assert drift.found(organisation=office, now=timezone.now()) == []


def test_an_answer_whose_money_had_gone_back_is_booked_all_the_same(
    office: Organisation, bob: User, script: Script
) -> None:
    script.says("Good", " day.")
    context = Context(actor=actor_for(bob), reference="test")
    asked = [{"role": "user", "content": "Good day?"}]

    async def listen() -> None:
        async for _ in answers.stream(asked, [], context=context):
            await in_db(give_back)

    def give_back() -> None:
        for hold in Hold.objects.of(office).filter(state="sent").select_related("organisation"):
            budgets.release(hold=hold, now=timezone.now(), from_states=("sent",))

    async_to_sync(listen)()
    entry = Entry.objects.of(office).get()
    assert (entry.kind, entry.tokens_in, entry.tokens_out) == ("late", 50, 20)
    assert Hold.objects.of(office).get().state == "released"
    assert drift.found(organisation=office, now=timezone.now()) == []


RANKS = {  # whoever waits for one of these has none that comes after it
    "assistants_imagejob": 1,
    "policies_rulebook": 2,
    "policies_hold": 3,
    "policies_entryhead": 4,
    "policies_window": 5,
}
TOUCHES = re.compile(
    r"\s*(?P<verb>INSERT INTO|UPDATE|SELECT(?=.* FOR )[^;]*? FROM) \"?(?P<table>\w+)", re.DOTALL
)


class Watch:
    """Which rows each transaction locks, in its order. Nobody waits for a row that is new."""

    def __init__(self) -> None:
        self.wrong: list[list[str]] = []
        self.taken: list[str] = []
        self.new: set[str] = set()
        self.seen: set[str] = set()

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        table, is_new = self.touched_by(sql)
        if table in RANKS and is_new:
            self.new.add(table)
        elif table in RANKS and table not in self.new.union(self.taken):
            self.seen.add(table)
            self.taken.append(table)
            if self.taken != sorted(self.taken, key=RANKS.__getitem__):
                self.wrong.append(list(self.taken))
        return execute(sql, params, many, context)

    def touched_by(self, sql: str) -> tuple[str, bool]:
        if "policies_reserve(" in sql or "policies_move(" in sql:
            return "policies_window", False
        found = TOUCHES.match(sql)
        if not found:
            return "", False
        return found["table"], found["verb"] == "INSERT INTO"


@contextmanager
def each_alone(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A transaction of the product is a step here, within the one of the test."""
    rooms = [(jobs, "cancel"), (reconcile, "give_back"), (reconcile, "presume")]
    rooms += [(beginning, "begin"), (images, "_fail"), (booking, "finish"), (budgets, "claim")]
    for room, name in rooms:
        monkeypatch.setattr(room, name, afresh(watch, getattr(room, name)))
    with connection.execute_wrapper(watch):
        yield


def afresh(watch: Watch, work: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **more: Any) -> Any:
        before = watch.taken, watch.new
        watch.taken, watch.new = [], set()
        try:
            return work(*args, **more)
        finally:
            watch.taken, watch.new = before

    return run


@pytest.mark.postgres
def test_everybody_locks_in_one_order(
    office: Organisation, bob: User, dana: User, script: Script, monkeypatch: Any
) -> None:
    """Or two of them wait for each other, and the database ends one."""
    for scope, limit in (("organisation", 10**7), ("user", 10**6)):
        rule = BudgetRule(scope=scope, capability="any", limit=limit)
        rules.save(actor=actor_for(dana), rule=rule, now=timezone.now())
    watch = Watch()
    with each_alone(watch, monkeypatch):
        async_to_sync(draw)(bob, key="made")
        script.is_held = True
        left_in_doubt(bob, "presumed", "given back")
        first, second = Hold.objects.of(office).filter(state="unknown")
        reconcile.presume(first, now=timezone.now())
        reconcile.give_back(second, now=timezone.now())
    assert watch.wrong == []
    assert watch.seen == set(RANKS)


@pytest.mark.postgres
def test_of_several_calls_that_fail_the_billed_ones_end_first(
    office: Organisation, bob: User, dana: User, script: Script, monkeypatch: Any
) -> None:
    """The ledger is locked before any window."""
    rule = BudgetRule(scope="organisation", capability="any", limit=10**7)
    rules.save(actor=actor_for(dana), rule=rule, now=timezone.now())
    script.able = {"pictures_per_call": 1}
    ends = [NotBilled(), NotBilled("provider_bad_image", usage=Usage(pictures=1))]

    async def run(attempt: Attempt, *_others: Any) -> list[Artifact]:
        end = ends.pop(0)
        await attempt.claim()
        raise end

    watch, fail = Watch(), images._fail

    def watched(*args: Any, **more: Any) -> Any:
        with connection.execute_wrapper(watch):
            return afresh(watch, fail)(*args, **more)

    monkeypatch.setattr(attempts, "run", run)
    monkeypatch.setattr(images, "_fail", watched)
    with pytest.raises(Refusal):
        async_to_sync(draw)(bob, n=2)
    assert watch.wrong == []
    assert watch.seen == set(RANKS)
    assert sorted(Hold.objects.of(office).values_list("state", flat=True)) == [
        "released",
        "settled",
    ]


@pytest.mark.postgres
def test_holds_that_died_are_locked_in_one_order(
    office: Organisation, bob: User, script: Script
) -> None:
    script.is_held = True
    left_in_doubt(bob, "first")
    Hold.objects.of(office).update(state="sent")
    with CaptureQueriesContext(connection) as asked:
        budgets.doubt_the_dead(now=timezone.now(), most=9)
    assert Hold.objects.of(office).get().state == "unknown"
    locking = [each["sql"] for each in asked if "FOR UPDATE" in each["sql"]]
    assert [sql.partition("ORDER BY ")[2] for sql in locking] == ["1 ASC FOR UPDATE SKIP LOCKED"]
    assert locking[0].startswith('SELECT "policies_hold"."id" AS')
