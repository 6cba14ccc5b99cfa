"""Who waits for a provider, in which order: in the database, and in Redis where there is one."""

import asyncio
import contextvars
import os
import subprocess
import sys
import threading
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as django_settings
from django.db import connection

from accounts.models import Organisation, User
from providers import queueing
from providers.errors import Limited
from providers.models import Provider, Slot, Ticket
from providers.queueing.limits import Limits
from tests.people import actor_for
from tests.races.test_brokers import database_of_the_test

pytestmark = pytest.mark.django_db(transaction=True)
STORES = ["rows", pytest.param("script", marks=pytest.mark.redis)]


@pytest.fixture(params=STORES, autouse=True)
def store(request: pytest.FixtureRequest, settings: Any) -> str:
    if request.param == "rows":
        settings.REDIS_URL = ""
    return request.param


@pytest.fixture
def provider(acme: Organisation) -> Provider:
    return Provider.objects.create(organisation=acme, kind="studio", name="Slow")


async def may_go() -> None:
    """Nothing has changed while they waited."""


def admitted(
    limits: Limits, *, group: str = "", patience_s: float = 30
) -> AbstractAsyncContextManager[None]:
    return queueing.admitted(limits, patience_s=patience_s, may_go=may_go, group=group)


class Counter:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = self.most = 0
        self.began: list[float] = []

    def __enter__(self) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.began.append(time.time())

    def __exit__(self, *error: object) -> None:
        with self.lock:
            self.now -= 1


def test_it_works(provider: Provider) -> None:
    limits = Limits(provider.pk, at_once=1, per_minute=5)

    async def call() -> list[str]:
        seen = []
        for number in range(2):
            async with admitted(limits):
                seen.append(f"call {number}")
        return seen

    assert async_to_sync(call)() == ["call 0", "call 1"]
    assert not Ticket.objects.exists()
    assert not Slot.objects.filter(lane="at_once").exclude(ticket="").exists()


def test_without_limits_nothing_is_asked_or_written(
    provider: Provider, django_assert_num_queries: Any
) -> None:
    async def call() -> None:
        async with admitted(Limits(provider.pk)):
            pass

    with django_assert_num_queries(0):
        async_to_sync(call)()


def test_never_more_at_once_than_allowed_in_threads_with_loops_of_their_own(
    provider: Provider,
) -> None:
    limits, counter = Limits(provider.pk, at_once=3), Counter()

    async def one() -> None:
        async with admitted(limits):
            with counter:
                await asyncio.sleep(0.03)

    async def many() -> None:
        await asyncio.gather(*(one() for _ in range(8)))

    threads = [threading.Thread(target=asyncio.run, args=(many(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(counter.began) == 32
    assert counter.most == 3


def test_never_more_in_any_minute_than_allowed(provider: Provider) -> None:
    limits, counter = Limits(provider.pk, per_minute=4, minute_s=1), Counter()

    async def one() -> None:
        async with admitted(limits):
            with counter:
                pass

    async def many() -> None:
        await asyncio.gather(*(one() for _ in range(11)))

    async_to_sync(many)()
    began = sorted(counter.began)
    assert len(began) == 11
    for first in began:
        assert sum(first <= other < first + 0.9 for other in began) <= 4


def test_a_large_number_a_minute_is_a_part_of_it_in_a_part_of_the_minute() -> None:
    assert Limits("p", per_minute=600).portion == (600, 61)
    assert Limits("p", per_minute=1201).portion == (400, 61 / 3)


def test_a_crowd_does_not_starve_a_person(provider: Provider) -> None:
    limits, order = Limits(provider.pk, at_once=1), []

    async def one(group: str) -> None:
        async with admitted(limits, group=group):
            order.append(group)
            await asyncio.sleep(0.02)

    async def everybody() -> None:
        crowd = [asyncio.create_task(one("schedule")) for _ in range(40)]
        while len(order) < 2:
            await asyncio.sleep(0.01)
        came = len(order)
        await one("person")
        assert order.index("person") - came <= 6  # not behind the forty
        came = len(order)
        await asyncio.gather(*(one("person") for _ in range(3)))
        assert order[came:].count("schedule") <= 6
        await asyncio.gather(*crowd)

    async_to_sync(everybody)()
    assert order.count("schedule") == 40


def test_a_schedule_is_called_by_turns_with_the_people(alice: User, bob: User) -> None:
    def stood_for(*actors: User, schedule: str = "") -> list[str]:
        if schedule:
            queueing.group.set(schedule)
        seen = []
        for actor in actors:
            queueing.stand_for(actor_for(actor))
            seen.append(queueing.standing_for())
        return seen

    people = contextvars.Context().run(stood_for, alice, bob)
    assert people == [str(alice.pk), str(bob.pk)]
    assert contextvars.Context().run(stood_for, alice, schedule="schedule:1") == ["schedule:1"]


def test_who_loses_patience_is_told_to_come_later_and_leaves_the_line(provider: Provider) -> None:
    limits = Limits(provider.pk, name="Slow", at_once=1)

    async def call() -> Limited:
        async with admitted(limits):
            with pytest.raises(Limited) as refused:
                async with admitted(limits, patience_s=0.3):
                    pass
        return refused.value

    refused = async_to_sync(call)()
    assert refused.code == "provider_rate_limited"
    assert "Slow" in str(refused.message)
    assert not Ticket.objects.exists()


def test_who_is_cancelled_leaves_the_line_and_the_slot(provider: Provider) -> None:
    limits = Limits(provider.pk, at_once=1)

    async def hold() -> None:
        async with admitted(limits):
            await asyncio.sleep(30)

    async def call() -> None:
        holds, waits = asyncio.create_task(hold()), asyncio.create_task(hold())
        await asyncio.sleep(0.3)
        for task in (waits, holds):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        async with admitted(limits, patience_s=1):
            pass

    async_to_sync(call)()
    assert not Ticket.objects.exists()


def test_the_slot_of_a_call_that_runs_is_not_taken_when_its_lease_would_have_ended(
    provider: Provider,
) -> None:
    limits = Limits(provider.pk, at_once=1, lease_s=0.6)

    async def call() -> None:
        async with admitted(limits):
            with pytest.raises(Limited):
                async with admitted(limits, patience_s=1.5):
                    pass

    async_to_sync(call)()


CHILD = """
import asyncio, os, sys
import django
django.setup()
from providers import queueing
from providers.queueing.limits import Limits

async def may_go(): pass

async def one(limits, hold_s):
    async with queueing.admitted(limits, patience_s=30, may_go=may_go):
        os.write(1, b"+")
        await asyncio.sleep(hold_s)
        os.write(1, b"-")

async def many(provider, count, hold_s):
    limits = Limits(provider, at_once=2, lease_s=1.5)
    await asyncio.gather(*(one(limits, hold_s) for _ in range(count)))

asyncio.run(many(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
"""


def child(provider: Provider, *, calls: int, hold_s: float, said: Any) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tale.settings",
        "DATABASE_URL": database_of_the_test(),
        "REDIS_URL": django_settings.REDIS_URL,
    }
    command = [sys.executable, "-c", CHILD, provider.pk, str(calls), str(hold_s)]
    return subprocess.Popen(command, cwd=django_settings.ROOT, env=environment, stdout=said)


def test_never_more_at_once_than_allowed_in_processes(provider: Provider, tmp_path: Path) -> None:
    """Each says + and - into one file, in the order in which it happened."""
    said = tmp_path / "said"
    with said.open("ab") as file:
        children = [child(provider, calls=8, hold_s=0.05, said=file) for _ in range(3)]
        assert [each.wait(60) for each in children] == [0, 0, 0]
    now = most = 0
    for sign in said.read_text():
        now += 1 if sign == "+" else -1
        most = max(most, now)
    assert said.read_text().count("+") == 24
    assert most == 2


def test_what_a_killed_process_held_is_free_after_its_lease(provider: Provider) -> None:
    with child(provider, calls=2, hold_s=60, said=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.read(2) == b"++"
        holder.kill()
    limits = Limits(provider.pk, at_once=2)

    async def call() -> float:
        began = time.monotonic()
        with pytest.raises(Limited):
            async with admitted(limits, patience_s=0.2):
                pass
        async with admitted(limits, patience_s=5):
            return time.monotonic() - began

    assert 0.2 <= async_to_sync(call)() < 3


def test_a_line_whose_store_is_gone_refuses_before_anything_is_sent(
    provider: Provider, store: str, settings: Any
) -> None:
    if store == "rows":
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE providers_slot RENAME TO providers_slot_gone")
    else:
        settings.REDIS_URL = "redis://127.0.0.1:1/2"
    try:
        with pytest.raises(queueing.NotBilled) as refused:
            async_to_sync(admitted(Limits(provider.pk, at_once=1)).__aenter__)()
        assert refused.value.code == "database_unavailable"
    finally:
        if store == "rows":
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE providers_slot_gone RENAME TO providers_slot")
        else:
            settings.REDIS_URL = ""
