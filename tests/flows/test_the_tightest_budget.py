"""Of several budgets that refuse, every door tells the same one: the tightest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from accounts.models import AuditLine, Organisation, User
from chats import answering
from chats.models import Message, Turn
from policies import rules
from policies.models import BudgetRule
from tests.people import actor_for
from tests.upstream.scripted import Script

FOUR = {"prompt": "a fox", "n": 4}  # for 0.16 EUR
MONEY = {"capability": "image", "measure": "money"}
NUMBER = {"capability": "image", "measure": "pictures"}
EVERYBODY = {"scope": "organisation", **MONEY}
# Room for so much of the wish, in lock order; the tightest is named by its limit.
SEVERAL = [
    ([{"scope": "user", **MONEY, "limit": 80_000}, {**EVERYBODY, "limit": 120_000}], 80_000),
    ([{"scope": "user", **MONEY, "limit": 120_000}, {**EVERYBODY, "limit": 80_000}], 80_000),
    (
        [
            {"scope": "user", **MONEY, "limit": 120_000},
            {"scope": "key", **NUMBER, "limit": 1},
            {**EVERYBODY, "limit": 80_000},
        ],
        1,
    ),
    (
        [
            {"scope": "user", **NUMBER, "limit": 3},
            {"scope": "key", **MONEY, "limit": 10**6},
            {**EVERYBODY, "limit": 79_999},
        ],
        79_999,
    ),
    # Room for half of it in each: the one that lasts longer, then the first in lock order.
    (
        [
            {"scope": "user", **MONEY, "limit": 80_000, "period": "day"},
            {"scope": "key", **NUMBER, "limit": 2, "period": "total"},
        ],
        2,
    ),
    ([{"scope": "user", **NUMBER, "limit": 2}, {**EVERYBODY, "limit": 80_000}], 2),
]


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


def put(dana: User, several: list[dict[str, Any]]) -> None:
    for about in several:
        rules.save(actor=actor_for(dana), rule=BudgetRule(**about), now=timezone.now())


@pytest.mark.parametrize(("several", "limit"), SEVERAL)
def test_at_the_doors_of_programs(
    office: Organisation,
    bob: User,
    dana: User,
    api: Any,
    key_for: Any,
    script: Script,
    several: list[dict[str, Any]],
    limit: int,
) -> None:
    put(dana, several)
    program = api(key_for(bob, "read", "images"))
    no = program.post("/openai/v1/images/generations", FOUR)
    assert no.json()["error"]["code"] == "insufficient_quota"
    line = AuditLine.objects.of(office).filter(action="picture.asked").get()
    assert line.detail.data["after"]["limit"] == str(limit)
    check = program.post("/api/v1/picture-checks", FOUR).json()
    assert check["message"] == no.json()["error"]["message"]
    assert not script.bill


def test_in_the_chat(office: Organisation, bob: User, dana: User, as_: Any, script: Script) -> None:
    put(dana, SEVERAL[1][0])
    script.calls('{"prompt": "a fox", "n": 4}')
    script.says("Sorry.")
    where = as_(bob).post("/chats", {"text": "foxes", "client_token": "token-0001"})["Location"]
    turn = Turn.unscoped.get(chat_id=where.rpartition("/")[2])
    async_to_sync(answering.answer)(turn.pk)
    refusal = Message.objects.get(turn=turn, role="tool").data["refusal"]
    assert (refusal["scope"], refusal["limit"]) == ("organisation", 80_000)
    assert refusal["smaller_fits"]
