"""May this picture be made now, and what would it cost? Nothing is spent by asking."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.models import Organisation, User
from assistants.models import ImageJob
from policies import access, guardrails, rules
from policies.models import (
    BudgetRule,
    FeatureSwitch,
    Guardrail,
    Hold,
    ImagePolicy,
    ModelAccess,
    Window,
)
from providers.models import Model, Price
from tests.people import actor_for

WISH = {"prompt": "a fox in the snow", "n": 2, "size": "1024x1024", "quality": "medium"}


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


def ask(calls: Any, bob: User, **more: Any) -> dict[str, Any]:
    answer = calls(bob, "images").post("/picture-checks", WISH | more)
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    return body


def codes(body: dict[str, Any]) -> dict[str, str]:
    return {step["about"]: step["code"] for step in body["steps"]}


def test_it_works(office: Organisation, bob: User, dana: User, calls: Any) -> None:
    rule = BudgetRule(scope="organisation", capability="image", limit=100_000)
    rules.save(actor=actor_for(dana), rule=rule, now=timezone.now())
    body = ask(calls, bob)
    assert (body["allowed"], body["code"]) == (True, "")
    assert (body["n"], body["size"], body["amount"]) == (2, "1024x1024", "0.08")
    assert body["model"] == Model.objects.of(office).get(remote_id="studio-image").pk
    assert [step["about"] for step in body["steps"]] == [
        "feature",
        "model",
        "guardrail",
        "fit",
        "price",
        "budget",
    ]
    assert body["steps"][-1]["rule"] == rule.pk
    for row in (Hold, Window, ImageJob):
        assert not row.objects.of(office).exists()


def test_a_full_budget(office: Organisation, bob: User, dana: User, calls: Any) -> None:
    rule = BudgetRule(scope="organisation", capability="image", limit=50_000)
    rules.save(actor=actor_for(dana), rule=rule, now=timezone.now())
    body = ask(calls, bob)
    assert (body["allowed"], body["code"], body["amount"]) == (False, "budget_exceeded", "0.08")
    assert ask(calls, bob, n=1)["allowed"]


def test_a_budget_begins_anew_in_the_zone_of_the_organisation(
    office: Organisation, bob: User, dana: User, calls: Any
) -> None:
    Organisation.objects.filter(pk=office.pk).update(time_zone="Pacific/Auckland")
    rule = BudgetRule(scope="organisation", capability="image", limit=100_000)
    rules.save(actor=actor_for(dana), rule=rule, now=timezone.now())
    step = ask(calls, bob)["steps"][-1]
    resets_at = datetime.fromisoformat(step["resets_at"])
    assert (resets_at.day, resets_at.hour) == (1, 0)
    assert resets_at.utcoffset() == resets_at.astimezone(ZoneInfo("Pacific/Auckland")).utcoffset()
    assert "at 00:00 (UTC+1" in step["message"]
    assert step["message"].endswith(").")


def test_every_no_is_told_and_the_first_decides(
    office: Organisation, bob: User, dana: User, calls: Any
) -> None:
    actor = actor_for(dana)
    rule = Guardrail(name="No foxes", terms=["fox"])
    switch = FeatureSwitch(feature="image_generation")
    access.save(actor=actor, row=switch)
    access.save(actor=actor, row=ImagePolicy(most_pictures=1))
    guardrails.save(actor=actor, rule=rule)
    body = ask(calls, bob)
    assert body["code"] == "image_generation_off"
    assert codes(body) == {
        "feature": "image_generation_off",
        "model": "",
        "guardrail": "content_policy",
        "fit": "out_of_range",
    }
    assert body["steps"][0]["rule"] == switch.pk


def test_a_full_storage(office: Organisation, bob: User, calls: Any) -> None:
    Organisation.objects.filter(pk=office.pk).update(counts_generated=True)
    assert codes(ask(calls, bob))["storage"] == ""
    Organisation.objects.filter(pk=office.pk).update(storage_mib=0)
    body = ask(calls, bob)
    assert (body["allowed"], body["code"]) == (False, "storage_full")


def test_a_model_that_is_denied(office: Organisation, bob: User, dana: User, calls: Any) -> None:
    image = Model.objects.of(office).get(remote_id="studio-image")
    row = access.save(actor=actor_for(dana), row=ModelAccess(model=image.pk))
    body = ask(calls, bob, model="studio-image")
    assert body["code"] == "model_not_allowed"
    assert next(step for step in body["steps"] if step["code"])["rule"] == row.pk


def test_no_price(office: Organisation, bob: User, calls: Any) -> None:
    Price.objects.of(office).filter(model__remote_id="studio-image").delete()
    assert ask(calls, bob)["code"] == "price_unknown"


@pytest.mark.parametrize(
    ("sent", "status", "code", "field"),
    [
        ({"prompt": "x", "colour": "red"}, 400, "unknown_field", "colour"),
        ({"n": 1}, 400, "required", "prompt"),
        ({"prompt": "x", "n": "2"}, 400, "invalid_type", "n"),
        ({"prompt": "x", "assistant": "asst_none"}, 404, "not_found", "assistant"),
    ],
)
def test_what_is_no_question(
    office: Organisation,
    bob: User,
    calls: Any,
    sent: dict[str, Any],
    status: int,
    code: str,
    field: str,
) -> None:
    answer = calls(bob, "images").post("/picture-checks", sent)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["field"]) == (status, code, field)


def test_a_key_without_the_scope(office: Organisation, bob: User, calls: Any) -> None:
    answer = calls(bob).post("/picture-checks", WISH)
    assert answer.json()["error"]["code"] == "insufficient_scope"
