"""What cannot be met is refused by name, before the provider hears of it and before any money."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
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
    assert refused(draw(api(key), same))[:2] == (409, "request_in_progress")
    first.join()
    assert answers[0].status_code == 200
    assert len(script.bill) == Hold.objects.of(office).count() == 1
