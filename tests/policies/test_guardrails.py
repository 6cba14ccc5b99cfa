from __future__ import annotations

import time
from typing import Any

import pytest

from accounts.models import AuditLine, Organisation, User
from policies import guardrails
from policies.models import Guardrail
from policies.spender import Spender
from tale.lib.refusals import Refusal
from tests.people import actor_for


def put(dana: User, **fields: Any) -> Guardrail:
    rule = Guardrail(**{"name": "House style", **fields})
    return guardrails.save(actor=actor_for(dana), rule=rule)


def met(acme: Organisation, text: str, capability: str = "image") -> str:
    return guardrails.check([text], spender=Spender(acme), capability=capability).code


def test_it_works(acme: Organisation, dana: User) -> None:
    rule = put(dana, terms=["dragon fire"], patterns=[r"\bsk-[a-z0-9]{8,40}"])
    verdict = guardrails.check(["a DRAGON  fire"], spender=Spender(acme), capability="image")
    assert (verdict.code, verdict.by) == ("content_policy", rule)
    assert "dragon" not in verdict.reason
    assert met(acme, "my key is sk-abcdefgh1") == "content_policy"
    assert met(acme, "a fox in the snow") == ""
    assert AuditLine.objects.of(acme).filter(action="guardrail.created").exists()


@pytest.mark.parametrize(
    "text",
    ["dra\u00adgon", "ＤＲＡＧＯＮ", "d\u200brag\u2060on", "dragon!", "d\u0338ragon", "“Dragon”"],
)
def test_a_decorated_word_is_the_word(acme: Organisation, dana: User, text: str) -> None:
    put(dana, terms=["Dragon"])
    assert met(acme, text) == "content_policy"


def test_a_part_of_a_word_and_another_letter_are_not(acme: Organisation, dana: User) -> None:
    put(dana, terms=["dragon", "schon"])
    assert met(acme, "a snapdragonfly, schön") == ""


def test_it_guards_what_it_says(acme: Organisation, rival: Organisation, dana: User) -> None:
    put(dana, terms=["dragon"], capability="chat")
    assert met(acme, "dragon", "chat") == "content_policy"
    assert met(acme, "dragon", "image") == ""
    assert met(rival, "dragon", "chat") == ""
    Guardrail.objects.of(acme).update(is_enabled=False)
    assert met(acme, "dragon", "chat") == ""


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+b",
        "a*a*b",
        ".*x",
        "(a|a)*b",
        "(a|aa){0,20}c",
        "(a{0,9}){0,9}",
        r"(a)\1",
        "(",
        "a{0,9999}",
        "",
        "x{0,3}",
        "a" * 201,
    ],
)
def test_a_pattern_that_could_run_away_is_not_kept(
    acme: Organisation, dana: User, pattern: str
) -> None:
    with pytest.raises(Refusal) as no:
        put(dana, patterns=[pattern])
    assert no.value.field == "patterns"
    assert not Guardrail.objects.of(acme).exists()


@pytest.mark.parametrize(
    "pattern", ["a{0,198}b", "(?:a|aa){7}b", "(?:a|b){7}c", "a{0,13}a{0,13}b", ".{0,190}!"]
)
def test_the_worst_that_is_kept_ends_soon(acme: Organisation, dana: User, pattern: str) -> None:
    put(dana, patterns=[pattern])
    text = "a" * guardrails.LONGEST_TEXT
    began = time.process_time()
    assert met(acme, text) == ""
    assert time.process_time() - began < 3
    assert met(acme, text + "a") == "too_long"


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({}, "required", "terms"),
        ({"terms": ["x" * 101]}, "too_long", "terms"),
        ({"terms": ["\u200b"]}, "blank", "terms"),
        ({"terms": ["x"] * 501}, "too_many_items", "terms"),
    ],
)
def test_what_makes_no_guardrail(dana: User, fields: Any, code: str, field: str) -> None:
    with pytest.raises(Refusal) as no:
        put(dana, **fields)
    assert (no.value.code, no.value.field) == (code, field)
