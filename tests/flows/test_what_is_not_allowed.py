"""Switched off, denied, too much or not to be said: at the web chat and at OpenAI's door alike,
before the provider hears of it and before any money is set aside."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.utils import timezone

from accounts import audit
from accounts.models import AuditLine, Membership, Organisation, Team, User
from assistants import artifacts, beginning, pulse
from assistants.context import Context
from assistants.models import Artifact
from chats import answering
from chats.models import Turn
from policies import access, budgets, guardrails
from policies.models import Entry, FeatureSwitch, Guardrail, Hold, ImagePolicy, ModelAccess
from providers.models import Model
from providers.shapes import Wish
from tale.lib.refusals import Refusal
from tests.people import actor_for
from tests.upstream.scripted import Script

PROMPT = '{"prompt": "a fox in the snow", "n": 2}'
SENT = {"prompt": "a fox in the snow", "n": 2}


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


@pytest.fixture
def put(dana: User) -> Callable[[Any], Any]:
    def save(row: Any) -> Any:
        if isinstance(row, Guardrail):
            return guardrails.save(actor=actor_for(dana), rule=row)
        return access.save(actor=actor_for(dana), row=row)

    return save


def answered(client: Client, text: str = "two foxes please") -> Turn:
    answer = client.post("/chats", {"text": text, "client_token": "token-0001"})
    assert answer.status_code == 302, answer.content
    turn = Turn.unscoped.get(chat_id=answer["Location"].rpartition("/")[2], number=1)
    async_to_sync(answering.answer)(turn.pk)
    turn.refresh_from_db()
    return turn


def draw(api: Any, key_for: Any, bob: User, **more: Any) -> tuple[int, str, str]:
    answer = api(key_for(bob)).post("/openai/v1/images/generations", SENT | more)
    error = answer.json().get("error") or {}
    return answer.status_code, error.get("code") or "", error.get("param") or ""


def refusals(turn: Turn) -> list[str]:
    told = turn.messages.filter(turn=turn, role="tool").order_by("position")
    return [row.data["refusal"]["code"] for row in told if row.data["refusal"]]


def untouched(office: Organisation, script: Script) -> bool:
    spent = Hold.objects.of(office).filter(capability="image").exists()
    return not spent and not script.bill and not Artifact.objects.of(office).exists()


def off(feature: str, **where: str) -> FeatureSwitch:
    return FeatureSwitch(feature=feature, **where)


NO = [
    (off("image_generation"), (403, "image_generation_disabled", "")),
    (off("surface:api"), (403, "forbidden", "")),
    (ImagePolicy(most_pictures=1), (400, "integer_above_max_value", "n")),
    (ImagePolicy(surfaces=["web"]), (403, "image_generation_disabled", "")),
    (Guardrail(name="No foxes", terms=["fox"]), (400, "moderation_blocked", "")),
    (Guardrail(name="Winter", patterns=[r"in.{0,9}snow"]), (400, "moderation_blocked", "")),
]


@pytest.mark.parametrize(("row", "no"), NO)
def test_at_the_door_of_openai(
    office: Organisation,
    bob: User,
    api: Any,
    key_for: Any,
    script: Script,
    put: Any,
    row: Any,
    no: tuple[int, str, str],
) -> None:
    row.pk = type(row)._meta.pk.get_default()
    put(row)
    assert draw(api, key_for, bob) == no
    assert untouched(office, script)


def test_it_works_where_nothing_forbids_it(
    office: Organisation, bob: User, lena: User, api: Any, key_for: Any, put: Any
) -> None:
    put(off("image_edit"))
    put(off("tool:image_generation"))
    put(ImagePolicy(most_pictures=2, most_side=1024, most_quality="medium"))
    put(Guardrail(name="No dragons", terms=["dragon"]))
    assert draw(api, key_for, bob)[0] == 200


def test_too_big_and_too_good(
    office: Organisation, bob: User, api: Any, key_for: Any, script: Script, put: Any
) -> None:
    put(ImagePolicy(most_side=1024, most_quality="low"))
    assert draw(api, key_for, bob, size="1536x1024")[::2] == (400, "size")
    assert draw(api, key_for, bob, quality="high")[::2] == (400, "quality")
    assert untouched(office, script)
    assert draw(api, key_for, bob)[0] == 200  # auto is the best that is allowed
    assert {plan.quality for plan in script.bill} == {"low"}


def test_a_denied_model(
    office: Organisation, bob: User, api: Any, key_for: Any, script: Script, put: Any
) -> None:
    image = Model.objects.of(office).get(remote_id="studio-image")
    put(ModelAccess(model=image.pk, capability="image"))
    assert draw(api, key_for, bob, model="studio-image")[:2] == (403, "model_not_allowed")
    assert draw(api, key_for, bob)[0] == 403
    assert untouched(office, script)


@pytest.mark.parametrize("pays", ["own", "team"])
@pytest.mark.parametrize("what", ["switch", "policy", "model"])
def test_a_team_is_governed_whoever_pays(
    office: Organisation,
    design: Team,
    bob: User,
    api: Any,
    key_for: Any,
    script: Script,
    put: Any,
    pays: str,
    what: str,
) -> None:
    """A key without a team leaves its owner's team's budget, and none of its rules."""
    rows = {
        "switch": FeatureSwitch(feature="image_generation"),
        "policy": ImagePolicy(most_pictures=1),
        "model": ModelAccess(
            model=Model.objects.of(office).get(remote_id="studio-image").pk, capability="image"
        ),
    }
    row = rows[what]
    row.scope, row.subject = "team", design.pk
    put(row)
    Membership.objects.of(office).filter(user=bob).update(primary_team=design)
    key = key_for(bob, team=design if pays == "team" else None)
    assert api(key).post("/openai/v1/images/generations", SENT).status_code in (400, 403)
    assert untouched(office, script)


def test_the_audit_tells_it_without_the_prompt(
    office: Organisation, bob: User, api: Any, key_for: Any, put: Any
) -> None:
    rule = put(Guardrail(name="No foxes", terms=["fox"]))
    draw(api, key_for, bob)
    line = AuditLine.objects.of(office).get(action="picture.asked")
    assert line.outcome == "content_policy"
    assert line.detail.data["after"]["rule"] == rule.pk
    assert "snow" not in str(line.detail.data)


@pytest.mark.parametrize("feature", ["image_generation", "tool:image_generation"])
def test_a_tool_that_is_off_is_not_offered_and_says_why(
    office: Organisation, bob: User, as_: Any, script: Script, put: Any, feature: str
) -> None:
    put(FeatureSwitch(feature=feature, reason="Until July."))
    script.calls(PROMPT)
    script.says("I cannot.")
    turn = answered(as_(bob))
    assert turn.state == "done"
    assert script.asked[0].tools == ()
    assert "Until July." in script.asked[0].messages[0]["content"]
    assert untouched(office, script)


def test_what_the_model_asks_for_is_judged_too(
    office: Organisation, bob: User, as_: Any, script: Script, put: Any
) -> None:
    put(Guardrail(name="Winter", terms=["snow"]))
    script.calls(PROMPT)
    script.says("I may not.")
    turn = answered(as_(bob), "two foxes please")
    assert refusals(turn) == ["content_policy"]
    assert untouched(office, script)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (Guardrail(name="No foxes", terms=["foxes"]), "content_policy"),
        (off("surface:web"), "forbidden"),
    ],
)
def test_what_a_person_says(
    office: Organisation, bob: User, as_: Any, script: Script, put: Any, row: Any, code: str
) -> None:
    row.pk = type(row)._meta.pk.get_default()
    put(row)
    assert refusals(answered(as_(bob))) == [code]
    assert script.asked == []
    assert not Entry.objects.of(office).exists()
    assert not Hold.objects.of(office).exists()
    assert AuditLine.objects.of(office).get(action="answer.asked").outcome == code


def test_a_denied_chat_model(
    office: Organisation, bob: User, as_: Any, script: Script, put: Any
) -> None:
    for model in Model.objects.of(office):
        put(ModelAccess(model=model.pk, capability="chat"))
    assert refusals(answered(as_(bob))) == ["model_not_allowed"]
    assert script.asked == []


def test_another_person_is_not_met(
    office: Organisation, bob: User, dana: User, api: Any, key_for: Any, put: Any
) -> None:
    put(off("image_generation", scope="user", subject=audit.who(office.pk, bob)))
    assert draw(api, key_for, bob)[0] == 403
    assert draw(api, key_for, dana)[0] == 200


def suspended(office: Organisation, *, is_so: bool = True) -> None:
    office.status = "suspended" if is_so else "active"
    office.save(update_fields=["status"])


def test_a_turn_that_waits_when_its_organisation_is_suspended_asks_nobody(
    office: Organisation, bob: User, as_: Any, script: Script
) -> None:
    client = as_(bob)
    client.post("/chats", {"text": "two foxes please", "client_token": "token-0001"})
    suspended(office)
    turn = Turn.unscoped.get()
    async_to_sync(answering.answer)(turn.pk)
    told = turn.messages.filter(turn=turn).order_by("position").last()
    assert told.data["refusal"]["code"] == "organization_suspended"
    assert script.asked == []
    assert not Hold.objects.of(office).exists()


def test_a_picture_that_waits_when_its_organisation_is_suspended_is_not_sent(
    office: Organisation, bob: User, script: Script
) -> None:
    context = Context(actor=actor_for(bob), reference="test")
    none, now = artifacts.Named(), timezone.now()

    def begin(key: str) -> Any:
        return beginning.begin(Wish("a fox"), context, none, idempotency_key=key, now=now)

    hold = begin("once").attempts[0].hold
    claim = partial(budgets.claim, hold=hold, lease=pulse.LEASE, now=now)
    suspended(office)
    assert not claim()
    with pytest.raises(Refusal) as refused:
        begin("twice")
    assert refused.value.code == "organization_suspended"
    assert Hold.objects.of(office).get().state == "reserved"
    suspended(office, is_so=False)
    assert claim()
