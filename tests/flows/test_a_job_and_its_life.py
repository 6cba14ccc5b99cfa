"""A wish for pictures, from the asking to its end: stopped, late, taken up again, asked twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone
from redis import Redis

from accounts.models import AuditLine, Organisation, User
from assistants import arrivals, artifacts, attempts, beginning, images, reconcile, running
from assistants.context import Context
from assistants.models import Artifact, ImageJob
from chats import answering, cards
from policies import rules
from policies.models import BudgetRule, Entry, Hold, Window
from providers.errors import Doubtful, NotBilled
from providers.models import Provider
from providers.shapes import Finished, Picture, Progressed, Queued, Usage, Wish
from tale.lib.aio import in_db
from tale.lib.models import LiveState
from tale.lib.refusals import Refusal
from tests.flows.test_a_picture_in_a_chat import ask, work
from tests.people import Program, actor_for
from tests.upstream.scripted import Script, png

Jobs = Callable[[], Any]


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "LOOK_S", 0.01)
    monkeypatch.setattr(images, "STOPS_S", 0.2)


async def until(seen: Callable[[], Any]) -> None:
    async with asyncio.timeout(5):
        while not await in_db(seen):
            await asyncio.sleep(0.01)


def test_what_is_tried_again_has_not_ended(office: Organisation, bob: User, script: Script) -> None:
    script.fails = NotBilled()
    with pytest.raises(Refusal):
        async_to_sync(draw)(bob)
    assert ImageJob.objects.of(office).get().refusal == {"code": "provider_error"}
    context = Context(actor=actor_for(bob, surface="api"), reference="test")
    none = artifacts.Named()
    now = timezone.now()
    assert beginning.begin(Wish("a fox"), context, none, idempotency_key="key-1", now=now)
    job = ImageJob.objects.of(office).get()
    assert (job.state, job.ended_at, job.refusal) == ("running", None, {})


async def draw(user: User, *, key: str = "key-1", n: int = 1, **options: Any) -> list[Artifact]:
    actor = await in_db(actor_for, user, surface="api")
    context = Context(actor=actor, reference="test", **options)
    return await images.generate(wish=Wish("a fox", n=n), context=context, idempotency_key=key)


def handles_of(office: Organisation) -> Any:
    return any(ImageJob.objects.of(office).values_list("handles", flat=True))


def stop(program: Program, office: Organisation) -> dict[str, Any]:
    job = ImageJob.objects.of(office).get()
    answer = program.post(f"/api/v1/image-jobs/{job.pk}/cancel", {})
    assert answer.status_code == 200, answer.content
    told: dict[str, Any] = answer.json()
    return told


def stopped_while(
    program: Program, office: Organisation, user: User, script: Script, seen: Jobs
) -> Refusal:
    """What the one who waits is told."""

    async def scenario() -> Refusal:
        drawing = asyncio.create_task(draw(user))
        await until(seen)
        told = await in_db(stop, program, office)
        assert told["state"] == "cancelled"
        try:
            await drawing
        except Refusal as refusal:
            script.is_held = False
            await asyncio.gather(*images._unfinished, return_exceptions=True)
            return refusal
        raise AssertionError("it was not stopped")

    return async_to_sync(scenario)()


@pytest.fixture
def program(bob: User, key_for: Any, api: Any) -> Program:
    made: Program = api(key_for(bob, "images"))
    return made


def test_what_waits_for_its_turn_is_stopped_and_costs_nothing(
    office: Organisation, bob: User, script: Script, program: Program, monkeypatch: Any
) -> None:
    """Its provider takes one at a time, and has one."""
    Provider.objects.of(office).update(most_at_once=1)
    script.is_held = True

    async def scenario() -> tuple[Any, Any]:
        first = asyncio.create_task(draw(bob, key="first"))
        await until(lambda: script.bill)
        second = asyncio.create_task(draw(bob, key="second"))
        second_one = ImageJob.objects.of(office).filter(idempotency_key="second")
        await until(second_one.exists)
        job = await in_db(ImageJob.objects.of(office).get, idempotency_key="second")
        await in_db(program.post, f"/api/v1/image-jobs/{job.pk}/cancel", {})
        script.is_held = False
        return await asyncio.gather(first, second, return_exceptions=True)

    made, refused = async_to_sync(scenario)()
    assert len(made) == 1
    assert (refused.code, str(refused)) == ("cancelled", "Stopped. Nothing was billed.")
    assert len(script.bill) == Entry.objects.of(office).count() == 1
    assert set(Hold.objects.of(office).values_list("state", flat=True)) == {"settled", "released"}
    assert AuditLine.objects.of(office).filter(action="picture.stopped").count() == 1


def test_what_cannot_be_stopped_any_more_is_paid_and_kept(
    office: Organisation, bob: User, charlie: User, script: Script, program: Program, as_: Any
) -> None:
    script.is_held = True
    refused = stopped_while(program, office, bob, script, lambda: script.bill)
    assert "up to" in str(refused)
    job = ImageJob.objects.of(office).get()
    shown = program.get(f"/api/v1/image-jobs/{job.pk}").json()
    assert (shown["state"], shown["billed"], shown["held"]) == ("cancelled", "0.04", "0.00")
    (picture,) = shown["pictures"]
    assert picture["is_late"]
    assert program.get(picture["content"]).status_code == 200
    assert program.get("/api/v1/pictures").json()["data"] == []
    assert "came all the same: 0.04 EUR was billed" in shown["message"]
    assert as_(charlie).get(f"/pictures/{picture['id']}").status_code == 404


@pytest.mark.parametrize(("billed", "state"), [(False, "released"), (None, "unknown")])
def test_a_provider_that_can_be_hung_up_on_is(
    office: Organisation,
    bob: User,
    script: Script,
    program: Program,
    billed: bool | None,
    state: str,
) -> None:
    script.able, script.takes_s, script.was_billed = {"cancel": True}, 30, billed
    refused = stopped_while(program, office, bob, script, lambda: script.bill)
    assert ("Nothing" in str(refused)) == (state == "released")
    assert Hold.objects.of(office).get().state == state
    assert ImageJob.objects.of(office).get().state == "cancelled"
    Hold.objects.of(office).update(lease_until=timezone.now() - timedelta(seconds=1))
    async_to_sync(reconcile.sweep)()
    assert ImageJob.objects.of(office).get().state == "cancelled"


def test_a_provider_that_listens_is_told(
    office: Organisation, bob: User, script: Script, program: Program
) -> None:
    script.able, script.is_held = {"cancel": True}, True
    script.tells = [Queued({"id": "job-7"})]
    stopped_while(program, office, bob, script, lambda: handles_of(office))
    assert script.cancelled == [{"id": "job-7"}]
    assert Entry.objects.of(office).get().amount_micro == 40_000  # it had drawn it all the same
    assert Artifact.objects.of(office).get().state == "late"


def test_what_is_over_stays_over(
    office: Organisation, bob: User, script: Script, program: Program
) -> None:
    async_to_sync(draw)(bob)
    told = stop(program, office)
    assert (told["state"], told["progress"], told["message"]) == ("done", 1.0, "")
    assert Artifact.objects.of(office).get().state == "ready"


def test_a_job_is_its_owners_and_who_governs(
    office: Organisation, bob: User, lena: User, dana: User, charlie: User, key_for: Any, api: Any
) -> None:
    async_to_sync(draw)(bob)
    path = f"/api/v1/image-jobs/{ImageJob.objects.of(office).get().pk}"
    programs = [
        api(key_for(user, "images", *more))
        for user, more in ((bob, ()), (lena, ()), (dana, ("admin",)), (charlie, ()))
    ]
    assert [each.get(path).status_code for each in programs] == [200, 404, 200, 404]
    assert [each.post(f"{path}/cancel", {}).status_code for each in programs[1:]] == [404, 200, 404]
    assert len(programs[0].get("/api/v1/image-jobs?state=done").json()["data"]) == 1


def test_a_button_in_the_chat_stops_it(
    office: Organisation, bob: User, script: Script, as_: Any
) -> None:
    client: Client = as_(bob)
    script.takes_s = 30
    script.able, script.was_billed = {"cancel": True}, False
    script.tells = [Progressed(0.4)]
    script.calls('{"prompt": "a fox", "n": 2}')
    script.says("Stopped it.")
    turn = ask(client, "two foxes please")
    body = ""

    def frame() -> bool:
        nonlocal body
        body = shown(client, turn)
        return 'value="40"' in body

    async def scenario() -> None:
        working = asyncio.create_task(answering.answer(turn.pk))
        await until(frame)
        job = await in_db(ImageJob.objects.of(office).get)
        assert f"/image-jobs/{job.pk}/stop" in body
        answer = await in_db(client.post, f"/image-jobs/{job.pk}/stop")
        assert answer.status_code == 204
        await working

    async_to_sync(scenario)()
    page = client.get(f"/chats/{turn.chat_id}").content.decode()
    assert "Stopped. Nothing was billed." in page
    again = client.get(f"/chats/{turn.chat_id}").content.decode()
    assert page.count('role="alert"') == again.count('role="alert"')  # nothing pops up
    assert '"cancelled"' in script.asked[1].messages[-1]["content"]
    assert not Entry.objects.of(office).filter(capability="image").exists()


def test_what_came_after_its_stop_is_told_in_the_chat(
    office: Organisation, bob: User, script: Script, as_: Any
) -> None:
    client: Client = as_(bob)
    script.is_held = True
    script.calls('{"prompt": "a fox"}')
    script.says("Stopped it.")
    turn = ask(client, "a fox please")
    path = f"/chats/{turn.chat_id}"

    async def scenario() -> str:
        working = asyncio.create_task(answering.answer(turn.pk))
        await until(lambda: script.bill)
        job = await in_db(ImageJob.objects.of(office).get)
        await in_db(client.post, f"/image-jobs/{job.pk}/stop")
        await working
        before: str = (await in_db(client.get, path)).content.decode()
        script.is_held = False
        await asyncio.gather(*images._unfinished, return_exceptions=True)
        return before

    before = async_to_sync(scenario)()
    assert "up to 0.04 EUR may still be billed" in before
    page = client.get(path).content.decode()
    picture = Artifact.objects.of(office).get()
    assert "came all the same: 0.04 EUR was billed" in page
    assert f'href="/pictures/{picture.pk}"' in page
    assert "after you had stopped it" in client.get("/pictures").content.decode()


def live_body(key: str) -> str | bytes | None:
    if settings.REDIS_URL:
        with Redis.from_url(settings.REDIS_URL) as redis:
            body: bytes | None = redis.get(f"tale:live:{key}")
        return body
    return LiveState.objects.filter(key=key).values_list("body", flat=True).first()


def shown(client: Client, turn: Any) -> str:
    """What the page shows now, by what is put live."""
    body = live_body(f"turn:{turn.pk}")
    state = json.loads(body) if body else cards.states_of([turn])[0][1]
    return render_to_string("chats/_answer.html", {"turn": cards.show(turn, state)})


# A process that dies, or sleeps.


def test_one_that_slept_in_the_line_sends_nothing(
    office: Organisation, bob: User, script: Script, monkeypatch: Any
) -> None:
    """The sweeper gave its money back meanwhile."""
    claim = attempts.Attempt.claim

    async def sleepy(self: attempts.Attempt) -> None:
        past = timezone.now() - timedelta(seconds=1)
        await in_db(Hold.objects.of(office).update, expires_at=past)
        await reconcile.sweep()
        await claim(self)

    monkeypatch.setattr(attempts.Attempt, "claim", sleepy)
    with pytest.raises(Refusal) as refused:
        async_to_sync(draw)(bob)
    assert refused.value.code == "provider_timeout"
    assert script.bill == []
    assert ImageJob.objects.of(office).get().state == "failed"
    monkeypatch.setattr(attempts.Attempt, "claim", claim)
    assert len(async_to_sync(draw)(bob)) == 1


def test_what_comes_after_its_money_went_back_is_booked_late(
    office: Organisation,
    bob: User,
    dana: User,
    script: Script,
    caplog: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:
    rule = BudgetRule(scope="organisation", capability="image", limit=100_000)
    rules.save(actor=actor_for(dana), rule=rule, now=timezone.now())
    script.is_held = True

    def give_back() -> None:
        past = timezone.now() - timedelta(hours=1)
        Hold.objects.of(office).update(state="unknown", sent_at=past, lease_until=past)

    async def scenario() -> Any:
        drawing = asyncio.create_task(draw(bob))
        await until(lambda: script.bill)
        script.was_billed = False
        await in_db(give_back)
        await reconcile.sweep()
        assert (await in_db(Hold.objects.of(office).get)).state == "released"
        script.is_held = False
        return await asyncio.gather(drawing, return_exceptions=True)

    with django_capture_on_commit_callbacks(execute=True):
        (refused,) = async_to_sync(scenario)()
    assert isinstance(refused, Refusal)
    entry = Entry.objects.of(office).get()
    assert (entry.kind, entry.amount_micro, entry.pictures) == ("late", 40_000, 1)
    window = Window.objects.of(office).get()
    assert (window.settled, window.reserved) == (40_000, 0)
    assert Hold.objects.of(office).get().state == "released"
    assert Artifact.objects.of(office).get().state == "late"
    assert "billed_after_release" in caplog.text


def test_what_a_dead_process_had_ordered_is_fetched(
    office: Organisation, bob: User, script: Script
) -> None:
    script.takes_s = 30
    script.tells = [Queued({"id": "job-7"})]

    async def dies() -> None:
        drawing = asyncio.create_task(draw(bob))
        await until(lambda: handles_of(office))
        for task in (*images._unfinished, drawing):
            task.cancel()

    async_to_sync(dies)()
    past = timezone.now() - timedelta(seconds=1)
    Hold.objects.of(office).update(lease_until=past)
    async_to_sync(reconcile.sweep)()  # it is not ready yet
    assert ImageJob.objects.of(office).get().state == "running"
    script.keeps = Finished((Picture(png(64, 64)),), Usage(pictures=1, request_id="req_7"))
    Hold.objects.of(office).update(lease_until=past)
    async_to_sync(reconcile.sweep)()
    assert ImageJob.objects.of(office).get().state == "done"
    assert len(script.bill) == 1
    assert Entry.objects.of(office).get().provider_request_id == "req_7"
    assert len(async_to_sync(draw)(bob)) == 1


def test_what_comes_after_its_card_said_no_is_shown_in_its_place(
    office: Organisation, bob: User, script: Script, as_: Any
) -> None:
    client = as_(bob)
    script.fails = Doubtful("provider_timeout")
    script.calls('{"prompt": "a fox", "n": 1}')
    script.says("It did not come.")
    turn = work(ask(client, "a fox please"))
    said_no = client.get(f"/chats/{turn.chat_id}").content.decode()
    assert 'data-error-code="provider_timeout"' in said_no
    hold = Hold.objects.of(office).get(capability="image")
    assert hold.state == "unknown"
    arrivals.write(hold.pk, Finished((Picture(png(64, 64)),), Usage(pictures=1)))
    Hold.objects.of(office).update(lease_until=timezone.now() - timedelta(seconds=1))
    async_to_sync(reconcile.sweep)()
    page = client.get(f"/chats/{turn.chat_id}").content.decode()
    assert page.count('class="picture"') == 1
    assert 'data-error-code="provider_timeout"' not in page
