"""A no says what is so, whose it is and what its reader can do: on its card, in its toast, in what
the assistant says beside it, and to programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organisation, User
from chats import cards
from policies import access, rules
from policies.models import BudgetRule, FeatureSwitch, ImagePolicy
from policies.spender import Spender
from tests.flows.test_a_picture_in_a_chat import PROMPT, ask, work
from tests.people import actor_for
from tests.upstream.scripted import Script

SAID_NO = "No."
WAIT = "Wait until it starts again"
CONFIRM = "you have to confirm the price yourself: so it is set"


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


@pytest.fixture
def cap(dana: User) -> Callable[..., BudgetRule]:
    def save(limit: int, **about: Any) -> BudgetRule:
        about = {"scope": "organisation", "capability": "image", **about}
        rule = BudgetRule(limit=limit, **about)
        return rules.save(actor=actor_for(dana), rule=rule, now=timezone.now())

    return save


def refused(client: Client, script: Script, *, at_once: bool = False) -> tuple[str, str]:
    """The page with the card, and what its toast says."""
    if not at_once:
        script.calls(PROMPT)
        script.says(SAID_NO)
    turn = work(ask(client, "two foxes please"))
    told = turn.messages.filter(turn=turn, role="tool").get().data["refusal"]
    page = client.get(f"/chats/{turn.chat_id}").content.decode().replace("&#x27;", "'")
    return page[page.index('class="refused"') :], cards.toast(told)


def test_a_budget_in_total_never_starts_again(
    office: Organisation, bob: User, as_: Any, script: Script, cap: Any
) -> None:
    cap(0, period="total")
    for told in refused(as_(bob), script):
        assert WAIT not in told
        assert "Ask an administrator for more." in told


def test_one_of_a_month_does(
    office: Organisation, bob: User, as_: Any, script: Script, cap: Any
) -> None:
    cap(0)
    assert all(WAIT in told for told in refused(as_(bob), script))


def test_a_members_share_is_called_one(
    office: Organisation, bob: User, as_: Any, api: Any, key_for: Any, script: Script, cap: Any
) -> None:
    cap(20_000, is_per_member=True)
    no = api(key_for(bob)).post("/openai/v1/images/generations", {"prompt": "a fox"})
    whose = "your share of the budget of your organisation has 0.02 EUR of 0.02 EUR left"
    assert whose in no.json()["error"]["message"]
    for told in refused(as_(bob), script):
        assert "Your share of your organisation's budget for this month" in told


def test_a_refused_answer_is_no_refused_picture(
    office: Organisation, bob: User, as_: Any, script: Script, cap: Any
) -> None:
    cap(0, capability="chat")
    card, toast = refused(as_(bob), script, at_once=True)
    assert "Not answered: a budget is used up" in card
    assert "#no-picture" not in card
    assert "pictures, or" not in card + toast
    assert WAIT in toast


def test_no_money_beside_fractions_of_a_cent_does_not_read_as_rounded(
    office: Organisation, bob: User, as_: Any, script: Script, cap: Any
) -> None:
    cap(0, capability="any")
    _card, toast = refused(as_(bob), script, at_once=True)
    assert "0.00 EUR" not in toast
    assert "0 EUR of 0 EUR used" in toast
    assert "and 0 EUR is left" in toast


def test_it_is_the_reader_who_says_yes(
    office: Organisation, bob: User, dana: User, as_: Any, script: Script
) -> None:
    access.save(actor=actor_for(dana), row=ImagePolicy(confirm_above_micro=40_000))
    card, _toast = refused(as_(bob), script)
    assert f"Above 0.04 EUR {CONFIRM} in your organisation." in card
    assert "somebody" not in card
    assert "ask them for their yes" in script.asked[1].messages[-1]["content"]


@pytest.mark.parametrize(
    ("scope", "where"), [("team", "for your team"), ("assistant", "for this assistant")]
)
def test_and_whose_limit_it_is(acme: Organisation, dana: User, scope: str, where: str) -> None:
    row = ImagePolicy(scope=scope, subject="one", confirm_above_micro=40_000)
    access.save(actor=actor_for(dana), row=row)
    limits = access.image_policy(Spender(acme, team="one", assistant="one"))
    told = limits.confirmation(80_000, said_yes_to=0, currency="EUR")
    assert f"{CONFIRM} {where}." in told.reason


def test_an_administrators_reason_ends_before_ours_goes_on(
    office: Organisation, bob: User, dana: User, api: Any, key_for: Any
) -> None:
    for reason, said in (("until July", "until July. Ask"), ("Why? Cost!", "Cost! Ask")):
        row = FeatureSwitch(feature="image_generation", reason=reason)
        access.save(actor=actor_for(dana), row=row)
        no = api(key_for(bob)).post("/openai/v1/images/generations", {"prompt": "a fox"})
        assert said in no.json()["error"]["message"]
        access.delete(actor=actor_for(dana), row=row)
