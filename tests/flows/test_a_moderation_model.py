"""A chat model judges prompts of pictures before any money is set aside for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import AuditDetail, AuditLine, Organisation, User
from policies import guardrails
from policies.models import Entry, Guardrail, Hold
from providers.errors import NotBilled
from providers.models import Model, Tag
from tests.people import actor_for
from tests.upstream.scripted import Script

SENT = {"prompt": "a secret fox"}


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


@pytest.fixture
def judge(office: Organisation, dana: User) -> Model:
    return next(model for model in Model.objects.of(office) if Tag.CHAT in model.tags)


def guard(user: User, judge: Model, **more: Any) -> Guardrail:
    rule = Guardrail(name="Judge", model=judge.pk, refuses="Foxes.", **more)
    return guardrails.save(actor=actor_for(user), rule=rule)


@pytest.fixture
def draw(bob: User, api: Any, key_for: Any) -> Callable[..., tuple[int, str]]:
    program = api(key_for(bob))

    def ask(**headers: str) -> tuple[int, str]:
        answer = program.post("/openai/v1/images/generations", SENT, headers=headers)
        return answer.status_code, (answer.json().get("error") or {}).get("code") or ""

    return ask


def test_it_allows_and_is_paid_for(
    office: Organisation, dana: User, judge: Model, draw: Any, script: Script
) -> None:
    rule = guard(dana, judge)
    script.says('```json\n{"verdict": ', '"allow"}\n```')
    assert draw(**{"Idempotency-Key": "once"}) == (200, "")
    assert draw(**{"Idempotency-Key": "once"}) == (200, "")  # not asked again
    [question] = script.asked
    assert "Foxes." in question.messages[0]["content"]
    assert question.messages[1] == {"role": "user", "content": "a secret fox"}
    holds = Hold.objects.of(office)
    asked = holds.get(capability="chat")
    assert (asked.surface, asked.reference) == ("moderation", f"moderation:{rule.pk}")
    assert {hold.state for hold in holds} == {Hold.State.SETTLED}
    assert Entry.objects.of(office).filter(surface="moderation", tokens_out__gt=0).count() == 1


@pytest.mark.parametrize("answer", ['{"verdict": "refuse", "category": "foxes"}', "I refuse."])
def test_what_it_refuses_is_not_drawn(
    office: Organisation, dana: User, judge: Model, draw: Any, script: Script, answer: str
) -> None:
    guard(dana, judge, lets_pass=True)
    script.says(answer)
    assert draw() == (400, "moderation_blocked")
    assert not script.bill
    assert not Hold.objects.of(office).filter(capability="image").exists()
    line = AuditLine.objects.of(office).filter(action="picture.asked").latest("seq")
    assert line.outcome == "content_policy"
    details = AuditDetail.objects.filter(line=line)
    assert "secret" not in str([*details.values()])


@pytest.mark.parametrize("lets_pass", [False, True])
@pytest.mark.parametrize("fault", ["unclear", "both", "down", "gone"])
def test_without_a_verdict_the_row_decides(
    office: Organisation,
    dana: User,
    judge: Model,
    draw: Any,
    script: Script,
    fault: str,
    lets_pass: bool,
) -> None:
    rule = guard(dana, judge, lets_pass=lets_pass)
    if fault == "down":
        script.broken[judge.remote_id] = NotBilled("provider_error")
    elif fault == "gone":
        Guardrail.objects.of(office).filter(pk=rule.pk).update(model="mod_gone")
    else:
        script.says("Well." if fault == "unclear" else "allow or refuse, who knows")
    status, _code = draw()
    assert (status == 200) is lets_pass
    assert bool(script.bill) is lets_pass


def test_what_costs_nothing_is_asked_first(
    office: Organisation, dana: User, judge: Model, draw: Any, script: Script
) -> None:
    guard(dana, judge, terms=["fox"])
    assert draw() == (400, "moderation_blocked")
    assert not script.asked
    assert not Hold.objects.of(office).exists()
