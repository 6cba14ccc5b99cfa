"""Whoever asks what became of a picture that did not come reads why, and what it cost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from accounts.models import Organisation, User
from assistants import images, reconcile
from assistants.models import ImageJob
from policies.models import Hold
from providers.errors import NotBilled
from tale.lib.refusals import Refusal
from tests.flows.test_a_job_and_its_life import draw, until
from tests.people import Program
from tests.upstream.scripted import Script


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


@pytest.fixture
def program(bob: User, key_for: Any, api: Any) -> Program:
    made: Program = api(key_for(bob, "images"))
    return made


@pytest.mark.parametrize(
    ("was_billed", "state", "words"),
    [
        (False, "failed", "Nothing was billed. Ask again, with the same key"),
        (None, "unknown", "Up to 0.04 EUR may still be billed"),
    ],
)
def test_what_a_dead_process_left_says_that_it_was_interrupted(
    office: Organisation,
    bob: User,
    script: Script,
    program: Program,
    was_billed: bool | None,
    state: str,
    words: str,
) -> None:
    script.takes_s, script.was_billed = 30, was_billed

    async def dies() -> None:
        drawing = asyncio.create_task(draw(bob))
        await until(lambda: script.bill)
        for task in (*images._unfinished, drawing):
            task.cancel()

    async_to_sync(dies)()
    past = timezone.now() - timedelta(hours=1)
    Hold.objects.of(office).update(lease_until=past, sent_at=past)
    async_to_sync(reconcile.sweep)()  # it is in doubt
    Hold.objects.of(office).update(lease_until=past)
    async_to_sync(reconcile.sweep)()
    shown = program.get(f"/api/v1/image-jobs/{ImageJob.objects.of(office).get().pk}").json()
    assert (shown["state"], shown["code"]) == (state, "provider_timeout")
    assert "was interrupted here" in shown["message"]
    assert words in shown["message"]
    script.takes_s = 0
    if state == "failed":
        assert len(async_to_sync(draw)(bob)) == 1


def test_one_that_failed_says_why(
    office: Organisation, bob: User, script: Script, program: Program
) -> None:
    script.fails = NotBilled()
    with pytest.raises(Refusal):
        async_to_sync(draw)(bob)
    shown = program.get(f"/api/v1/image-jobs/{ImageJob.objects.of(office).get().pk}").json()
    assert (shown["state"], shown["code"]) == ("failed", "provider_error")
    assert shown["message"] == "The provider could not answer. Try again later."
