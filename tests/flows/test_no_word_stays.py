"""A picture is deleted, and no table holds a word of what it was drawn with: wherever its call
stands, whatever its answer shows, and whoever deletes another one at the same moment."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import AuditLine, Organisation, User
from assistants import images, inspection
from assistants.context import Context
from assistants.models import Artifact, ImageJob, Trial
from chats import answering, forgetting, pictures, turns
from chats.models import Message, Turn
from policies import access
from policies.models import Entry, ImagePolicy
from providers.shapes import Wish
from tale.lib.aio import in_db
from tale.lib.models import LiveState
from tests.flows.test_a_job_and_its_life import until
from tests.flows.test_a_picture_in_a_chat import ask, work
from tests.flows.test_a_price_is_confirmed import say_yes
from tests.flows.test_what_stays_and_what_goes import every_table
from tests.people import actor_for
from tests.upstream.scripted import Script, png

SECRET, SHOWS, STYLE = "a heron nobody may hear of", "what a heron shows", "the style of a heron"
CALL = json.dumps({"prompt": SECRET, "n": 2, "alt": SHOWS, "style": STYLE})
ONE = json.dumps({"prompt": SECRET, "alt": SHOWS})


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


def drawn(client: Client, script: Script, arguments: str = CALL, token: str = "token-0001") -> Turn:
    script.sends = [png(64, 64)] * json.loads(arguments).get("n", 1)
    script.calls(arguments)
    script.says(f"Here is {SECRET}.")
    return work(ask(client, "draw please", token))


def made_by(office: Organisation) -> list[Artifact]:
    return list(Artifact.objects.of(office).order_by("created_at", "ordinal"))


def delete_all(client: Client, office: Organisation) -> None:
    for picture in made_by(office):
        assert client.delete(f"/pictures/{picture.pk}").status_code == 200


def require_no_word() -> None:
    told = [row for row in every_table().splitlines() if "heron" in row]
    assert told == []


def test_the_line_that_repeats_them_is_renewed_with_the_deletion(
    office: Organisation, bob: User, dana: User, as_: Any, script: Script
) -> None:
    client = as_(bob)
    for number in (1, 2):
        script.sends = [png(64, 64)]
        script.calls(ONE.replace("nobody", f"nobody{number}"))
        script.says(f"Here is your picture: {SECRET.replace('nobody', f'nobody{number}')}.")
        work(ask(client, "draw please", f"token-000{number}"))
    first, second = made_by(office)
    line = Message.objects.of(office).get(content__contains="nobody1")
    assert f'id="text-{line.pk}"' in client.get(f"/chats/{line.turn.chat_id}").content.decode()
    said = client.delete(f"/pictures/{first.pk}").content.decode()
    assert f'<div id="text-{line.pk}" class="prose" hx-swap-oob="true"' in said
    assert "<p>Here is your picture.</p>" in said
    assert said.count("hx-swap-oob") == 1
    assert "hx-swap-oob" not in as_(dana).delete(f"/pictures/{second.pk}").content.decode()
    require_no_word()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("other", ["delete", "describe"])
def test_of_two_at_once_one_waits_for_the_other(
    office: Organisation, bob: User, as_: Any, script: Script, monkeypatch: Any, other: str
) -> None:
    monkeypatch.setattr(turns, "announce", str)
    drawn(as_(bob), script)
    first, second = made_by(office)
    actor, both, save = actor_for(bob), Barrier(2), forgetting.Said.save

    def together(said: forgetting.Said) -> set[str]:
        with suppress(BrokenBarrierError):  # here both have read, where nothing holds one back
            both.wait(timeout=0.5)
        return save(said)

    def apart(work: Callable[[], Any]) -> None:
        try:
            work()
        finally:
            connection.close()

    LiveState.objects.all().delete()  # goes after the transaction, and this is about it
    monkeypatch.setattr(forgetting.Said, "save", together)
    ways = {
        "delete": partial(pictures._begin, actor, second.pk, now=timezone.now()),
        "describe": partial(pictures.describe, actor=actor, artifact_id=second.pk, alt="a crane"),
    }
    with ThreadPoolExecutor(2) as pool:
        begin = partial(pictures._begin, actor, first.pk, now=timezone.now())
        list(pool.map(apart, (begin, ways[other])))
    shown = Message.objects.of(office).get(role="tool").data["pictures"]
    if other == "delete":
        require_no_word()
        assert [entry.get("gone") for entry in shown] == [True, True]
    else:
        assert [entry.get("alt") for entry in shown] == [None, "a crane"]
    assert AuditLine.objects.of(office).filter(action__startswith="picture.").count() == 2


def test_the_call_a_yes_was_copied_from_forgets_it_too(
    office: Organisation, bob: User, dana: User, as_: Any, script: Script
) -> None:
    access.save(actor=actor_for(dana), row=ImagePolicy(confirm_above_micro=40_000))
    script.able = {"styles": ("vivid",)}  # so the answer says which style was asked for
    client, refused = as_(bob), drawn(as_(bob), script)
    script.says(f"There: {SHOWS}.")
    work(say_yes(client, refused))
    assert every_table().count(STYLE) > 3
    delete_all(client, office)
    require_no_word()


def stopped(client: Client, office: Organisation, script: Script, turn: Turn) -> None:
    """Stopped on its way; it comes all the same, after its answer was told that it was."""

    async def scenario() -> None:
        working = asyncio.create_task(answering.answer(turn.pk))
        await until(lambda: script.bill)
        job = await in_db(ImageJob.objects.of(office).get)
        await in_db(client.post, f"/image-jobs/{job.pk}/stop")
        await working
        script.is_held = False
        await asyncio.gather(*images._unfinished, return_exceptions=True)

    async_to_sync(scenario)()


def test_what_came_after_its_stop_forgets_its_call(
    office: Organisation, bob: User, as_: Any, script: Script, monkeypatch: Any
) -> None:
    monkeypatch.setattr(images, "STOPS_S", 0.1)
    client, script.is_held = as_(bob), True
    script.calls(ONE, id="call:1")
    script.says(f"I stopped {SECRET}.")
    stopped(client, office, script, ask(client, "draw please"))
    assert [picture.state for picture in made_by(office)] == ["late"]
    delete_all(client, office)
    require_no_word()


def test_what_was_set_aside_forgets_its_call(
    office: Organisation, dana: User, as_: Any, script: Script, monkeypatch: Any
) -> None:
    async def refused(_file: Any, _organisation: Organisation) -> str:
        return "content_policy"

    monkeypatch.setattr(inspection, "CHECKS", [refused])
    client = as_(dana)
    drawn(client, script, ONE)
    assert [picture.state for picture in made_by(office)] == ["aside"]
    delete_all(client, office)
    require_no_word()


def test_one_deleted_before_it_is_told_of_leaves_a_gap(
    office: Organisation, bob: User, as_: Any, script: Script, monkeypatch: Any
) -> None:
    client, use = as_(bob), answering.Telling._use

    async def late(telling: answering.Telling, used: Any) -> None:
        await in_db(delete_all, client, office)
        await use(telling, used)

    monkeypatch.setattr(answering.Telling, "_use", late)
    script.sends = [png(64, 64)] * 2
    script.calls(CALL)
    script.says(f"Here is {SECRET}.")  # it was told nothing of the end of them
    turn = work(ask(client, "draw please"))
    require_no_word()  # nor in what is live
    assert client.get(f"/chats/{turn.chat_id}").content.decode().count('class="gap"') == 2


def test_a_stopped_trial_forgets_it_too(
    office: Organisation, dana: User, as_: Any, script: Script
) -> None:
    drawn(as_(dana), script, ONE)
    job = ImageJob.objects.of(office).get()
    trial = Trial.objects.create(
        organisation=office,
        token="token-0001",
        by=dana,
        model_id=job.plan["model_id"],
        prompt=SECRET,
        state="refused",
        created_at=timezone.now(),
    )
    ImageJob.objects.of(office).update(reference=f"trial:{trial.pk}")
    delete_all(as_(dana), office)
    trial.refresh_from_db()
    assert trial.prompt == ""


def test_one_shown_again_in_a_chat_is_described_there_too(
    office: Organisation, bob: User, as_: Any, api: Any, key_for: Any, script: Script
) -> None:
    context = Context(actor=actor_for(bob, surface="api"), reference="request:1")
    wish = Wish(SECRET, alt=SHOWS)
    async_to_sync(images.generate)(wish=wish, context=context, idempotency_key="key-1")
    turn = drawn(as_(bob), script, ONE)
    picture = Artifact.objects.of(office).get()
    assert (picture.home, len(script.bill)) == ("", 1)
    program = api(key_for(bob))
    program.patch(f"/api/v1/pictures/{picture.pk}", {"alt": "a crane"}, "application/json")
    assert 'alt="a crane"' in as_(bob).get(f"/chats/{turn.chat_id}").content.decode()
    delete_all(as_(bob), office)
    assert SECRET not in Message.objects.of(office).get(position=1).data["calls"][0]["arguments"]


def test_the_same_wish_brings_the_first_that_is_all_there(
    office: Organisation, bob: User, as_: Any, script: Script
) -> None:
    client = as_(bob)
    drawn(client, script)
    assert client.delete(f"/pictures/{made_by(office)[0].pk}").status_code == 200
    for number in (2, 3):  # one is gone, so it is drawn anew; once
        turn = drawn(client, script, token=f"token-000{number}")
        page = client.get(f"/chats/{turn.chat_id}").content.decode()
        assert page.count('class="picture"') == 2
    assert Entry.objects.of(office).filter(capability="image").count() == 4
