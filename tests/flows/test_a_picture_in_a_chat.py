"""The skeleton's story below the browser: a question, a picture, a cap, a card."""

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.utils import timezone
from guardian.shortcuts import assign_perm

from accounts.models import Organisation, User
from assistants.access import assistants_for
from assistants.models import Artifact, Assistant
from chats import answering, turns
from chats.models import Chat, Turn
from policies import rules
from policies.models import BudgetRule, Call, Entry, Hold, Window
from providers.errors import Declined
from tale.lib import clock
from tests.people import actor_for
from tests.upstream.scripted import Script

PROMPT = '{"prompt": "a fox in the snow", "n": 2}'


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


def ask(client: Client, text: str, token: str = "token-0001") -> Turn:
    answer = client.post("/chats", {"text": text, "client_token": token})
    assert answer.status_code == 302, answer.content
    chat = answer["Location"].rpartition("/")[2]
    return Turn.unscoped.get(chat_id=chat, number=1)


def work(turn: Turn) -> Turn:
    async_to_sync(answering.answer)(turn.pk)
    turn.refresh_from_db()
    return turn


def cap(dana: User, limit: int, **options: Any) -> BudgetRule:
    rule = BudgetRule(scope="organisation", capability="image", limit=limit, **options)
    return rules.save(actor=actor_for(dana), rule=rule, now=timezone.now())


def test_it_works(office: Organisation, bob: User, as_: Any, script: Script) -> None:
    client = as_(bob)
    script.calls(PROMPT)
    script.says("Here ", "they are.")
    turn = work(ask(client, "two foxes please"))
    assert turn.state == "done"
    page = client.get(f"/chats/{turn.chat_id}").content.decode()
    assert page.count('class="picture"') == 2
    assert "Here they are." in page
    assert [plan.n for plan in script.bill] == [2]
    pictures = Artifact.objects.of(office).filter(home=turn.chat_id)
    assert {(row.width, row.height, row.media_type) for row in pictures} == {
        (1024, 1024, "image/png")
    }
    shown = client.get(f"/pictures/{pictures[0].pk}")
    assert shown["Content-Type"] == "image/png"
    assert shown["Cache-Control"] == "private, no-cache"
    again = client.get(f"/pictures/{pictures[0].pk}", headers={"If-None-Match": shown["ETag"]})
    assert again.status_code == 304


def test_the_ledger_holds_what_was_billed(
    office: Organisation, bob: User, as_: Any, script: Script
) -> None:
    script.calls(PROMPT)
    script.says("Done.")
    work(ask(as_(bob), "two foxes please"))
    entries = Entry.objects.of(office)
    drawn = entries.filter(capability="image")
    assert [(entry.amount_micro, entry.pictures) for entry in drawn] == [(40_000, 1), (40_000, 1)]
    assert entries.filter(capability="chat").count() == 2
    assert not Hold.objects.of(office).filter(state__in=Hold.OPEN).exists()
    assert {hold.state for hold in Hold.objects.of(office)} == {"settled"}
    calls = Call.objects.of(office)
    assert [call.first_byte_at is None for call in calls] == [False] * 3


def test_a_cap_stops_it_before_the_provider_and_leaves_a_card(
    office: Organisation, bob: User, dana: User, as_: Any, script: Script
) -> None:
    cap(dana, 50_000)
    client = as_(bob)
    script.calls(PROMPT)
    script.says("The budget does not allow it.")
    turn = work(ask(client, "two foxes please"))
    page = client.get(f"/chats/{turn.chat_id}").content.decode()
    assert 'data-error-code="budget_exceeded"' in page
    assert "0.05 EUR" in page
    assert script.bill == []
    told = script.asked[1].messages[-1]
    assert '"budget_exceeded"' in told["content"]
    assert not Window.objects.of(office).exclude(settled=0, reserved=0).exists()
    assert not Hold.objects.of(office).filter(capability="image").exists()


def test_a_rule_counts_what_was_spent_before_it(
    office: Organisation, bob: User, dana: User, as_: Any, script: Script
) -> None:
    script.calls(PROMPT)
    script.says("Done.")
    work(ask(as_(bob), "two foxes please"))
    rule = cap(dana, 3, measure="pictures")
    assert [window.settled for window in Window.objects.filter(rule=rule)] == [2]
    script.calls(PROMPT.replace("fox", "heron"))
    script.says("Sorry.")
    turn = work(ask(as_(bob), "and two more", token="token-0002"))
    entry = turn.messages.get(turn=turn, role="tool").data["refusal"]
    assert (entry["code"], entry["used"], entry["limit"]) == ("budget_exceeded", 2, 3)


def test_a_picture_that_is_certainly_not_billed_gives_the_money_back(
    office: Organisation, bob: User, as_: Any, script: Script
) -> None:
    script.fails = Declined()
    script.calls(PROMPT)
    script.says("The provider refused.")
    work(ask(as_(bob), "something bad"))
    hold = Hold.objects.of(office).get(capability="image")
    assert hold.state == "released"


def test_a_double_click_asks_once(office: Organisation, bob: User, as_: Any) -> None:
    client = as_(bob)
    first, second = ask(client, "hello"), ask(client, "hello")
    assert first.pk == second.pk
    assert Chat.objects.of(office).count() == 1


def test_a_stranger_finds_nothing(
    office: Organisation, bob: User, charlie: User, as_: Any, script: Script
) -> None:
    script.calls(PROMPT)
    script.says("Done.")
    turn = work(ask(as_(bob), "two foxes please"))
    picture = Artifact.objects.of(office).first()
    assert picture is not None
    stranger = as_(charlie)
    paths = [
        f"/chats/{turn.chat_id}",
        f"/chats/{turn.chat_id}/turns/{turn.pk}/events",
        f"/pictures/{picture.pk}",
    ]
    assert [stranger.get(path).status_code for path in paths] == [404] * 3
    assert as_(bob).get(paths[2]).status_code == 200


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"text": "  ", "client_token": "token-0009"}, "blank"),
        ({"text": "x" * 32_001, "client_token": "token-0009"}, "too_long"),
        ({"text": "hello", "client_token": "short"}, "invalid_value"),
    ],
)
def test_bad_input_is_refused(
    office: Organisation, bob: User, as_: Any, fields: dict[str, str], code: str
) -> None:
    answer = as_(bob).post("/chats", fields, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["X-Error-Code"]) == (400, code)
    assert not Chat.objects.of(office).exists()


def test_an_assistant_is_seen_by_whom_it_was_granted_to(
    office: Organisation, bob: User, charlie: User, dana: User, as_: Any
) -> None:
    shown = Assistant.objects.create(organisation=office, name="Illustrator")
    Assistant.objects.create(organisation=office, name="Secret one")
    assign_perm("assistants.use_assistant", bob, shown)
    names = [row.name for row in assistants_for(actor_for(bob))]
    assert names == ["Auto", "Illustrator"]
    assert len(assistants_for(actor_for(dana))) == 3
    assert not assistants_for(actor_for(charlie)).exists()
    fields = {"text": "hi", "client_token": "token-0003", "assistant": shown.pk}
    assert as_(charlie).post("/chats", fields).status_code == 404


def test_a_global_permission_opens_nothing(office: Organisation, bob: User) -> None:
    Assistant.objects.create(organisation=office, name="Secret one")
    assign_perm("assistants.use_assistant", bob)
    assert [row.name for row in assistants_for(actor_for(bob))] == ["Auto"]


def test_a_continued_turn_asks_and_buys_nothing_twice(
    office: Organisation, bob: User, as_: Any, script: Script
) -> None:
    """The first worker died after the model had asked for pictures."""
    turn = ask(as_(bob), "two foxes please")
    first = turns.claim(turn_id=turn.pk, now=timezone.now() - turns.LEASE * 2)
    assert first is not None
    call = {"id": "call_1", "name": "image_generation", "arguments": PROMPT}
    turns.record(turn=first, role="assistant", content="One moment.", data={"calls": [call]})
    script.says("Here they are.")
    assert work(turn).state == "done"
    assert len(script.asked) == 1
    assert [plan.n for plan in script.bill] == [2]
    said = list(turn.messages.filter(turn=turn).values_list("role", flat=True))
    assert said == ["user", "assistant", "tool", "assistant"]
    assert turns.record(turn=first, role="assistant", content="late", data={}) is None


def test_a_live_turn_is_not_taken_over(office: Organisation, bob: User, as_: Any) -> None:
    turn = ask(as_(bob), "hello")
    assert turns.claim(turn_id=turn.pk, now=timezone.now()) is not None
    assert turns.claim(turn_id=turn.pk, now=timezone.now()) is None


def test_a_reset_is_told_in_the_time_of_the_organisation(
    office: Organisation,
    bob: User,
    dana: User,
    as_: Any,
    script: Script,
    time_machine: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time_machine.move_to("2036-11-21T12:00:00Z")
    monkeypatch.setattr(clock, "heard", lambda *_said, **_more: None)  # the database agrees
    cap(dana, 0, period="day")
    client = as_(bob)
    script.calls(PROMPT)
    script.says("No.")
    turn = work(ask(client, "two foxes please"))
    page = client.get(f"/chats/{turn.chat_id}").content.decode()
    assert "Starts again on Nov. 22, 2036, midnight" in page  # 23:00 in UTC


def test_a_toast_pops_up_once_even_when_the_worker_was_faster_than_the_page(
    office: Organisation, bob: User, dana: User, as_: Any, script: Script
) -> None:
    cap(dana, 0)
    client = as_(bob)
    script.calls(PROMPT)
    script.says("No.")
    turn = work(ask(client, "two foxes please"))
    toast = 'role="alert"'
    first, second = (client.get(f"/chats/{turn.chat_id}").content.decode() for _ in range(2))
    assert first.count(toast) - second.count(toast) == 1
    assert 'data-error-code="budget_exceeded"' in second


def test_a_stream_that_comes_late_still_brings_the_toast(
    office: Organisation, bob: User, dana: User, as_: Any, script: Script
) -> None:
    cap(dana, 0)
    client = as_(bob)
    script.calls(PROMPT)
    script.says("No.")
    turn = work(ask(client, "two foxes please"))
    path = f"/chats/{turn.chat_id}/turns/{turn.pk}/events"

    def events() -> list[str]:
        body = async_to_sync(read)(client.get(path).streaming_content)
        return [line for line in body.splitlines() if line.startswith("event:")]

    assert events() == ["event: answer", "event: toasts", "event: done"]
    assert events() == ["event: answer", "event: done"]


async def read(parts: Any) -> str:
    return b"".join([part async for part in parts]).decode()


def test_the_answer_is_in_the_language_of_who_asked(
    office: Organisation, bob: User, dana: User, as_: Any, script: Script
) -> None:
    cap(dana, 0)
    script.calls(PROMPT)
    script.says("Nein.")
    answer = as_(bob).post(
        "/chats", {"text": "hallo", "client_token": "token-0001"}, headers={"Accept-Language": "de"}
    )
    turn = work(Turn.unscoped.get(chat_id=answer["Location"].rpartition("/")[2]))
    assert turn.language == "de"
    told = turn.messages.get(turn=turn, role="tool").data["refusal"]["message"]
    assert "übrig" in told or "noch" in told
