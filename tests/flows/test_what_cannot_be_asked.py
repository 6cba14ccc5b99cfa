"""What cannot be met is refused by name, before the provider hears of it and before any money."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test.client import MULTIPART_CONTENT
from django.utils import timezone

from accounts.models import Organisation, User
from assistants.models import ImageJob
from policies.models import Entry, Hold
from providers.models import Model, Price
from tests.upstream.scripted import Script

SENT = {"prompt": "a fox in the snow"}


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


def draw(program: Any, headers: dict[str, str] | None = None, **wish: Any) -> Any:
    return program.post("/openai/v1/images/generations", SENT | wish, headers=headers or {})


def refused(answer: Any) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["param"] or ""


def prices(office: Organisation) -> Any:
    draws = [each.pk for each in Model.objects.of(office) if "image-generation" in each.tags]
    return Price.objects.of(office).filter(model__in=draws)


def nothing_moved(office: Organisation, script: Script) -> bool:
    return not (
        script.bill or Hold.objects.of(office).exists() or Entry.objects.of(office).exists()
    )


@pytest.mark.parametrize(
    ("wish", "no"),
    [
        ({"n": 11}, (400, "integer_above_max_value", "n")),
        ({"n": 0}, (400, "integer_below_min_value", "n")),
        ({"size": "4096x4096"}, (400, "out_of_range", "size")),
        ({"size": "huge"}, (400, "invalid_value", "size")),
        ({"quality": "holy"}, (400, "invalid_value", "quality")),
        ({"model": "no-such-model"}, (404, "model_not_found", "model")),
        ({"prompt": " \u200b "}, (400, "blank", "prompt")),
        ({"user": 5}, (400, "invalid_type", "user")),
        ({"user": {"a": 1}}, (400, "invalid_type", "user")),
        ({"user": [1]}, (400, "invalid_type", "user")),
        ({"user": True}, (400, "invalid_type", "user")),
        ({"user": None}, (400, "null_not_allowed", "user")),
        ({"user": "x" * 65}, (400, "too_long", "user")),
        ({"safety_identifier": 5}, (400, "invalid_type", "safety_identifier")),
        ({"safety_identifier": "x" * 65}, (400, "too_long", "safety_identifier")),
    ],
)
def test_a_wish_that_no_model_meets(
    office: Organisation,
    bob: User,
    api: Any,
    key_for: Any,
    script: Script,
    wish: dict[str, Any],
    no: tuple[int, str, str],
) -> None:
    assert refused(draw(api(key_for(bob)), **wish)) == no
    assert nothing_moved(office, script)


@pytest.mark.parametrize(
    ("wish", "named"),
    [
        ({"n": 11}, "1 to 10"),
        ({"n": "3"}, "whole number here"),
        ({"prompt": 5}, "Send text"),
        ({"size": "huge"}, "1024x1024"),
        ({"quality": "holy"}, "low, medium, high"),
        ({"background": "red"}, "auto, opaque, transparent"),
        ({"stream": "yes"}, "true or false"),
        ({"stream": True}, "Only false"),
        ({"moderation": None}, "Leave it out"),
        ({"prompt": "x" * 32_001}, "32000 characters"),
    ],
)
def test_the_no_names_what_would_do(
    office: Organisation, bob: User, api: Any, key_for: Any, wish: dict[str, Any], named: str
) -> None:
    assert named in draw(api(key_for(bob)), **wish).json()["error"]["message"]


def test_too_long_a_key_and_too_many_pictures_name_their_bounds(
    office: Organisation, bob: User, api: Any, key_for: Any
) -> None:
    program = api(key_for(bob))
    answer = draw(program, {"Idempotency-Key": "k" * 81})
    assert refused(answer) == (400, "invalid_idempotency_key", "Idempotency-Key")
    assert "80 characters" in answer.json()["error"]["message"]
    form = {"prompt": "a fox", "image[]": [f"art_{place}" for place in range(17)]}
    answer = program.post("/openai/v1/images/edits", form, MULTIPART_CONTENT)
    assert refused(answer) == (400, "too_many_files", "image")
    assert "no more than 16" in answer.json()["error"]["message"]


def spend(program: Any, door: str, headers: dict[str, str] | None = None, **wish: Any) -> Any:
    """At the door for new pictures, or the one for edits, where every field is a text."""
    is_edit = door.startswith("edits")
    wish = SENT | ({"image": "art_none"} if is_edit else {}) | wish
    kind = MULTIPART_CONTENT if is_edit else ""
    return program.post(f"/openai/v1/images/{door}", wish, kind, headers=headers or {})


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e400", "9" * 10_000])
def test_what_is_no_number_is_named_where_it_stands(
    office: Organisation, bob: User, api: Any, key_for: Any, script: Script, number: str
) -> None:
    program, address = api(key_for(bob)), "/openai/v1/images/generations"
    sent = f'{{"prompt": "a fox", "n": {number}}}'
    answer = program.generic("POST", address, sent, "application/json")
    assert refused(answer) == (400, "invalid_number", "n")
    assert nothing_moved(office, script)


@pytest.mark.parametrize("door", ["generations?foo=1", "edits?foo=1"])
def test_what_stands_behind_the_question_mark_is_not_passed_over(
    office: Organisation, bob: User, api: Any, key_for: Any, script: Script, door: str
) -> None:
    assert refused(spend(api(key_for(bob)), door)) == (400, "unknown_parameter", "foo")
    assert nothing_moved(office, script)


def test_who_it_is_for_is_a_short_text(
    office: Organisation, bob: User, api: Any, key_for: Any, script: Script
) -> None:
    program = api(key_for(bob))
    answer = spend(program, "edits", user="x" * 65)
    assert refused(answer) == (400, "too_long", "user")
    assert nothing_moved(office, script)
    assert draw(program, user="x" * 64, safety_identifier=None).status_code == 200


@pytest.mark.parametrize("door", ["generations", "edits"])
@pytest.mark.parametrize("key", ["", "   ", "\t"])
def test_a_key_that_is_none_is_not_taken_for_no_key(
    office: Organisation, bob: User, api: Any, key_for: Any, script: Script, door: str, key: str
) -> None:
    answer = spend(api(key_for(bob)), door, {"Idempotency-Key": key})
    assert refused(answer) == (400, "invalid_idempotency_key", "Idempotency-Key")
    assert "leave the header out" in answer.json()["error"]["message"]
    assert nothing_moved(office, script)


def test_each_door_says_how_it_is_sent_to(
    office: Organisation, bob: User, api: Any, key_for: Any
) -> None:
    program = api(key_for(bob))
    for path, wrong, named in (
        ("/api/v1/pictures", "application/json", "multipart/form-data"),
        ("/api/v1/picture-origins", "application/json", "multipart/form-data"),
        ("/api/v1/picture-checks", MULTIPART_CONTENT, "application/json"),
        ("/openai/v1/images/edits", "application/json", "multipart/form-data"),
        ("/openai/v1/images/generations", MULTIPART_CONTENT, "application/json"),
    ):
        answer = program.post(path, {"prompt": "x"}, wrong)
        assert refused_type(answer) == (415, f"Send this as {named}."), path


def refused_type(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["message"]


def test_where_a_price_is_set(office: Organisation, bob: User, api: Any, key_for: Any) -> None:
    program = api(key_for(bob))
    prices(office).delete()
    assert "Providers & models, Prices" in draw(program).json()["error"]["message"]


def test_without_a_price(
    office: Organisation, bob: User, api: Any, key_for: Any, script: Script
) -> None:
    program = api(key_for(bob))
    prices(office).delete()
    assert refused(draw(program))[:2] == (422, "price_unknown")
    assert nothing_moved(office, script)


def test_with_a_price_that_has_run_out(
    office: Organisation, bob: User, api: Any, key_for: Any, script: Script
) -> None:
    prices(office).update(valid_to=timezone.now() - timedelta(seconds=1))
    assert refused(draw(api(key_for(bob))))[:2] == (422, "price_unknown")
    assert nothing_moved(office, script)


def test_a_key_of_another_wish_and_a_failed_try(
    office: Organisation, bob: User, api: Any, key_for: Any, script: Script
) -> None:
    program, same = api(key_for(bob)), {"Idempotency-Key": "one"}
    assert draw(program, same).status_code == 200
    assert refused(draw(program, same, n=2))[:2] == (422, "idempotency_key_reused")
    again = draw(program, same)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(script.bill) == Entry.objects.of(office).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_second_one_while_the_first_is_on_its_way(
    office: Organisation, bob: User, api: Any, key_for: Any, script: Script
) -> None:
    script.takes_s = 1.5
    key, same = key_for(bob), {"Idempotency-Key": "one"}
    answers: list[Any] = []
    first = threading.Thread(target=lambda: answers.append(draw(api(key), same)))
    first.start()
    while not ImageJob.objects.of(office).filter(state="running").exists():
        assert first.is_alive()
    second = draw(api(key), same)
    assert refused(second)[:2] == (409, "request_in_progress")
    assert second.headers["Retry-After"] == "2"
    first.join()
    assert answers[0].status_code == 200
    assert len(script.bill) == Hold.objects.of(office).count() == 1
