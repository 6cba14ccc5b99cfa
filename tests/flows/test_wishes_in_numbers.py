"""How long a wish may take, how many pictures it brings, and what asking for it twice brings."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from accounts.models import Organisation, Team, User
from assistants import images
from assistants.context import Context
from assistants.models import Artifact, ImageJob
from chats.models import Chat, Turn
from policies import access, rules
from policies.models import BudgetRule, Entry, Hold, ImagePolicy, Window
from providers.errors import Declined, Doubtful, NotBilled
from providers.models import Provider
from providers.shapes import Wish
from tale.lib.refusals import Refusal
from tests.admin.conftest import CONTROLS, at
from tests.flows.test_a_job_and_its_life import draw
from tests.flows.test_a_picture_in_a_chat import ask, work
from tests.people import actor_for
from tests.upstream.scripted import Script


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


@pytest.mark.parametrize(
    ("asked", "policy", "provider", "deadline_s"),
    [
        (None, None, None, 20),
        (None, None, 300, 300),
        (None, 200, 300, 200),
        (250, None, 300, 250),
        (250, 200, 300, 200),
        (900, None, None, 600),
    ],
)
def test_how_long_a_call_may_take(
    office: Organisation,
    bob: User,
    dana: User,
    asked: float | None,
    policy: int | None,
    provider: int | None,
    deadline_s: int,
) -> None:
    Provider.objects.of(office).update(timeout_s=provider)
    if policy:
        row = ImagePolicy(scope="organisation", deadline_s=policy)
        access.save(actor=actor_for(dana), row=row)
    async_to_sync(draw)(bob, deadline_s=asked)
    assert ImageJob.objects.of(office).get().plan["deadline_s"] == deadline_s


def test_a_call_that_takes_longer_is_ended(office: Organisation, bob: User, script: Script) -> None:
    script.takes_s = 30
    with pytest.raises(Refusal) as refused:
        async_to_sync(draw)(bob, deadline_s=0.2)
    assert refused.value.code == "provider_timeout"
    assert Hold.objects.of(office).get().state == "unknown"


def test_the_same_wish_brings_the_first_pictures_unpaid(
    office: Organisation, bob: User, script: Script, as_: Any, time_machine: Any
) -> None:
    wish = {"prompt": "a fox"}
    for more in ({}, {}, {"variation": True}):
        script.calls(json.dumps(wish | more))
        script.says("Here it is.")
    client = as_(bob)
    first = work(ask(client, "a fox"))
    said = {"text": "a fox again", "client_token": "token-0002"}
    client.post(f"/chats/{first.chat_id}/messages", said)
    second = work(first.chat.turns.get(organisation=office, number=2))
    page = client.get(f"/chats/{first.chat_id}").content.decode()
    assert page.count('class="picture"') == 2
    assert page.count("Made before") == 1
    assert len(script.bill) == 1
    assert "variation" in script.asked[-1].messages[-1]["content"]
    assert ImageJob.objects.of(office).count() == 1
    said = {"text": "another one", "client_token": "token-0003"}
    client.post(f"/chats/{first.chat_id}/messages", said)
    work(second.chat.turns.get(organisation=office, number=3))
    assert len(script.bill) == 2


def test_the_same_wish_in_another_chat_is_shown_from_the_first(
    office: Organisation, bob: User, lena: User, script: Script, as_: Any
) -> None:
    for _ in range(4):
        script.calls(json.dumps({"prompt": "a fox"}))
        script.says("Here it is.")
    client = as_(bob)
    first = work(ask(client, "a fox"))
    second = work(ask(client, "a fox", "token-0002"))
    page = client.get(f"/chats/{second.chat_id}").content.decode()
    assert "Made before" in page
    assert f'href="/chats/{first.chat_id}">To the chat' in page
    assert len(script.bill) == ImageJob.objects.of(office).count() == 1
    work(ask(as_(lena), "a fox", "token-0003"))
    assert len(script.bill) == 2  # somebody else pays for their own
    picture = Artifact.objects.of(office).get(home=first.chat_id)
    client.delete(f"/pictures/{picture.pk}")
    gaps = [client.get(f"/chats/{turn.chat_id}").content.decode() for turn in (first, second)]
    assert all('class="gap"' in gap for gap in gaps)
    work(ask(client, "a fox", "token-0004"))
    assert len(script.bill) == 3  # what is gone is no answer


def test_what_a_deleted_chat_keeps_is_no_answer(
    office: Organisation, bob: User, script: Script, as_: Any
) -> None:
    for _ in range(2):
        script.calls(json.dumps({"prompt": "a fox"}))
        script.says("Here it is.")
    client = as_(bob)
    first = work(ask(client, "a fox"))
    Chat.objects.of(office).filter(pk=first.chat_id).update(deleted_at=timezone.now())
    work(ask(client, "a fox", "token-0002"))
    assert len(script.bill) == 2


def test_ten_minutes_later_it_is_another_wish(
    office: Organisation, bob: User, script: Script
) -> None:
    context = Context(actor=actor_for(bob), reference="test", home="chat_1")

    def asked(key: str) -> list[Artifact]:
        made: list[Artifact] = async_to_sync(images.generate)(
            wish=Wish("a fox"), context=context, idempotency_key=key
        )
        return made

    first = asked("one")
    assert asked("two") == first
    ImageJob.objects.of(office).update(created_at=timezone.now() - timedelta(minutes=11))
    assert asked("three") != first


@pytest.mark.parametrize("n", [0, 11])
def test_ten_pictures_a_request(office: Organisation, bob: User, script: Script, n: int) -> None:
    script.able = {"most_pictures": 100, "pictures_per_call": 100}
    with pytest.raises(Refusal) as refused:
        async_to_sync(draw)(bob, n=n)
    assert (refused.value.code, refused.value.field) == ("out_of_range", "n")
    assert not Hold.objects.of(office).exists()


def test_ten_pictures_an_answer(office: Organisation, bob: User, script: Script, as_: Any) -> None:
    for number, n in enumerate((7, 4, 3)):
        script.calls(json.dumps({"prompt": f"fox {number}", "n": n}), id=f"call_{number}")
    script.says("Ten.")
    turn = work(ask(as_(bob), "many foxes"))
    assert [plan.n for plan in script.bill] == [7, 3]
    refusal = refusal_of(turn, "call_1")
    assert (refusal["code"], refusal["most"]) == ("out_of_range", 3)


@pytest.mark.parametrize(("scope", "where"), [("organisation", "in your"), ("team", "for your")])
def test_an_administrator_lets_an_answer_bring_fewer(
    office: Organisation,
    bob: User,
    dana: User,
    design: Team,
    script: Script,
    as_: Any,
    scope: str,
    where: str,
) -> None:
    """The tightest of several says so, and what it refuses holds no money."""
    limits = {"organisation": "4", "team": "4"} | {scope: "3"}
    for of, most in limits.items():
        fields = {"scope": of, "team": design.pk if of == "team" else "", "most_per_answer": most}
        answer = as_(dana).post(at("policies.imagepolicy", "add"), fields | CONTROLS)
        assert answer.status_code == 302, answer.content
    for number, n in enumerate((2, 2, 1, 1)):
        script.calls(json.dumps({"prompt": f"fox {number}", "n": n}), id=f"call_{number}")
    script.says("Three.")
    turn = work(ask(as_(bob), "many foxes"))
    assert [plan.n for plan in script.bill] == [2, 1]
    refused = [refusal_of(turn, f"call_{number}") for number in (1, 3)]
    assert [(no["code"], no["most"]) for no in refused] == [
        ("out_of_range", 1),
        ("out_of_range", 0),
    ]
    policy = ImagePolicy.objects.of(office).get(scope=scope)
    assert {no["rule"] for no in refused} == {policy.pk}
    assert f"at most 3 pictures {where}" in refused[0]["message"]
    assert "Left in this one: 1." in refused[0]["message"]
    holds = Hold.objects.of(office).filter(capability="image")
    assert [(hold.state, hold.pictures) for hold in holds.order_by("held_at")] == [
        ("settled", 2),
        ("settled", 1),
    ]


def refusal_of(turn: Turn, call: str) -> dict[str, Any]:
    refusal: dict[str, Any] = turn.messages.get(turn=turn, data__call_id=call).data["refusal"]
    return refusal


# One picture at a time.


@pytest.fixture
def one_by_one(script: Script) -> Script:
    script.able = {"pictures_per_call": 1}
    return script


def test_each_call_has_its_hold(office: Organisation, bob: User, one_by_one: Script) -> None:
    made = async_to_sync(draw)(bob, n=3)
    assert sorted(row.ordinal for row in made) == [0, 1, 2]
    assert [plan.n for plan in one_by_one.bill] == [1, 1, 1]
    assert len({plan.seed for plan in one_by_one.bill}) in (1, 3)
    holds = Hold.objects.of(office)
    assert [(hold.state, hold.attempt, hold.pictures) for hold in holds] == [("settled", 1, 1)] * 3
    assert Entry.objects.of(office).count() == 3


def test_all_are_held_or_none(
    office: Organisation, bob: User, dana: User, one_by_one: Script
) -> None:
    rule = BudgetRule(scope="organisation", capability="image", limit=100_000)
    rules.save(actor=actor_for(dana), rule=rule, now=timezone.now())
    with pytest.raises(Refusal) as refused:
        async_to_sync(draw)(bob, n=3)
    told = refused.value.details
    assert (told["asked"], told["used"], told["smaller_fits"]) == (120_000, 0, True)
    assert not Hold.objects.of(office).exists()
    assert not Window.objects.of(office).exclude(reserved=0).exists()
    assert one_by_one.bill == []


@pytest.mark.parametrize(
    ("failed", "state", "job"),
    [
        (Declined(), "released", "done"),
        (NotBilled(), "released", "done"),
        (Doubtful("provider_timeout"), "unknown", "done"),
    ],
)
def test_what_came_is_delivered_whatever_became_of_the_rest(
    office: Organisation,
    bob: User,
    one_by_one: Script,
    monkeypatch: Any,
    failed: Exception,
    state: str,
    job: str,
) -> None:
    asked = iter([None, failed, None])
    monkeypatch.setattr(Script, "failure_of", lambda self, model: next(asked))
    made = async_to_sync(draw)(bob, n=3)
    assert len(made) == Entry.objects.of(office).count() == 2
    states = sorted(Hold.objects.of(office).values_list("state", flat=True))
    assert states == sorted([state, "settled", "settled"])
    assert ImageJob.objects.of(office).get().state == job
