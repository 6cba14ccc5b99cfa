"""A profile is renewed once, whoever asks: threads, processes, and a caller that goes away."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import connections
from django.utils import timezone

from accounts import sealed
from accounts.models import Organisation, User
from providers import credentials, renewal
from providers.models import Credential, Provider
from tale.lib.aio import in_db
from tests import upstream
from tests.people import actor_for
from tests.races.test_brokers import database_of_the_test
from tests.upstream.oauth import OAuth

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 8
ASK = """
import asyncio, sys, django
django.setup()
from django.utils import timezone
from providers import credentials
print("ready", flush=True)
sys.stdin.readline()
print(asyncio.run(credentials.token(sys.argv[1], now=timezone.now())), flush=True)
"""


@pytest.fixture
def sim() -> Iterator[OAuth]:
    with upstream.serve("oauth") as server:
        yield server


@pytest.fixture
def profile(acme: Organisation, alice: User, sim: OAuth) -> Credential:
    provider = Provider.objects.create(
        organisation=acme, kind="openai", name="OpenAI", reaches_private=True
    )
    sim.refresh_tokens.add("rt-first")
    return credentials.add(
        actor=actor_for(alice),
        provider=provider,
        kind="oauth",
        grant="refresh_token",
        token_url=sim.token_url,
        client_id=sim.client_id,
        client_secret=sim.client_secret,
        refresh_token="rt-first",
    )


def token(row: Credential) -> str:
    try:
        return async_to_sync(credentials.token)(row.pk, now=timezone.now())
    finally:
        connections.close_all()


def test_threads(profile: Credential, sim: OAuth) -> None:
    sim.faults.next("delay", delay_s=0.5)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = set(pool.map(token, [profile] * AT_ONCE))
    assert len(found) == 1
    assert sim.is_valid(found.pop())
    assert (sim.refreshes, len(sim.requests)) == (1, 1)


def test_processes(profile: Credential, sim: OAuth) -> None:
    sim.faults.next("delay", delay_s=0.5)
    env = {
        **os.environ,
        "DATABASE_URL": database_of_the_test(),
        "TALE_ENV": "test",
        "TALE_HOME": str(settings.TALE_HOME),
        "TALE_KEYS": ",".join(settings.TALE_KEYS),
        "DJANGO_SETTINGS_MODULE": "tale.settings",
    }
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", ASK, profile.pk],
            cwd=settings.ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _number in range(2)
    ]
    found = set()
    for process in asking:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in asking:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in asking:
        found.add(process.communicate(timeout=30)[0].strip())
        assert process.returncode == 0
    assert len(found) == 1
    assert (sim.refreshes, len(sim.requests)) == (1, 1)


def test_while_the_token_still_works_nobody_waits(profile: Credential, sim: OAuth) -> None:
    profile.seal("secret", "at-first")
    profile.expires_at = timezone.now() + timedelta(minutes=2)
    profile.save()
    sim.faults.next("delay", delay_s=1)
    with ThreadPoolExecutor(2) as pool:
        renewing = pool.submit(token, profile)
        while not sim.requests:
            time.sleep(0.01)
        began = time.monotonic()
        assert token(profile) == "at-first"
        assert time.monotonic() - began < 0.8
        assert renewing.result() != "at-first"


def test_who_asked_may_go_away(profile: Credential, sim: OAuth) -> None:
    """The server has forgotten the old refresh token: its answer must be kept."""
    sim.faults.next("delay", delay_s=0.3)

    async def gone() -> None:
        asked = asyncio.create_task(credentials.token(profile.pk, now=timezone.now()))
        while not sim.requests:
            await asyncio.sleep(0.01)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await asyncio.gather(*renewal._renewing)
        await in_db(profile.refresh_from_db)

    async_to_sync(gone)()
    assert profile.unseal("refresh_token") in sim.refresh_tokens
    assert sim.is_valid(token(profile))
    assert sim.refreshes == 1


def test_a_sign_in_meanwhile_wins(profile: Credential, sim: OAuth, alice: User) -> None:
    sim.faults.next("delay", delay_s=0.5)
    sim.refresh_tokens.add("rt-entered")
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(token, profile)
        while not sim.requests:
            time.sleep(0.01)
        change = {"actor": actor_for(alice), "credential": profile}
        credentials.change(**change, refresh_token="rt-entered")
        assert sim.is_valid(renewing.result())
    asked = [request.form.fields["refresh_token"] for request in sim.requests]
    assert asked == ["rt-first", "rt-entered"]
    profile.refresh_from_db()
    assert profile.unseal("refresh_token") in sim.refresh_tokens


def test_a_rotation_of_the_ring_meanwhile_loses_nothing(
    profile: Credential, sim: OAuth, settings: Any
) -> None:
    old = settings.TALE_KEYS[0]
    settings.TALE_KEYS = ["B" * 43 + "=", old]
    sim.faults.next("delay", delay_s=0.5)
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(token, profile)
        while not sim.requests:
            time.sleep(0.01)
        assert sum(column.moved for column in sealed.rotate()) > 0
        assert sim.is_valid(renewing.result())
    settings.TALE_KEYS = ["B" * 43 + "="]
    profile.refresh_from_db()
    assert profile.unseal("refresh_token") in sim.refresh_tokens
