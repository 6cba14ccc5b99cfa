"""OpenAI's own client, unmodified, against a running server."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from openai import (
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    OpenAI,
    PermissionDeniedError,
    RateLimitError,
    UnprocessableEntityError,
)

from accounts.models import Organisation, User
from policies import rules
from policies.models import BudgetRule, Call, Hold
from providers.models import Price
from tests.people import actor_for
from tests.upstream.scripted import Script

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


@pytest.fixture
def client_for(live_server: Any) -> Callable[[str], OpenAI]:
    def make(secret: str) -> OpenAI:
        return OpenAI(base_url=f"{live_server.url}/openai/v1", api_key=secret, timeout=20)

    return make


def test_it_works(
    office: Organisation, bob: User, key_for: Any, client_for: Any, script: Script
) -> None:
    client = client_for(key_for(bob).secret)
    made = client.images.generate(
        model="studio-image", prompt="a fox", n=2, size="1536x1024", quality="high"
    )
    assert made.data is not None
    assert len(made.data) == 2
    assert base64.b64decode(made.data[0].b64_json or "").startswith(b"\x89PNG")
    assert (made.size, made.quality, made.output_format) == ("1536x1024", "high", "png")
    assert [hold.amount_micro for hold in Hold.objects.of(office)] == [160_000]


def test_a_cap_is_an_insufficient_quota_and_is_not_retried(
    office: Organisation, alice: User, bob: User, key_for: Any, client_for: Any, script: Script
) -> None:
    rule = BudgetRule(scope="key", capability="image", measure="pictures", limit=1)
    rules.save(actor=actor_for(alice), rule=rule, now=timezone.now())
    client = client_for(key_for(bob).secret)
    client.images.generate(prompt="a fox")
    with pytest.raises(RateLimitError) as refused:
        client.images.generate(prompt="a fox")
    assert refused.value.code == "insufficient_quota"
    assert refused.value.response.headers["x-should-retry"] == "false"
    assert len(script.bill) == 1
    outcomes = Call.objects.of(office).order_by("started_at").values_list("outcome", "code")
    assert list(outcomes) == [("done", ""), ("refused", "budget_exceeded")]


@pytest.mark.parametrize(
    ("fields", "error", "code", "param"),
    [
        ({"n": 11}, BadRequestError, "integer_above_max_value", "n"),
        ({"n": 0}, BadRequestError, "integer_below_min_value", "n"),
        ({"size": "huge"}, BadRequestError, "invalid_value", "size"),
        ({"quality": "divine"}, BadRequestError, "invalid_value", "quality"),
        ({"prompt": "  "}, BadRequestError, "blank", "prompt"),
        ({"model": "gpt-none"}, NotFoundError, "model_not_found", "model"),
        ({"extra_body": {"n": "3"}}, BadRequestError, "invalid_type", "n"),
        ({"extra_body": {"wish": 1}}, BadRequestError, "unknown_parameter", "wish"),
    ],
)
def test_it_says_no_well(
    office: Organisation,
    bob: User,
    key_for: Any,
    client_for: Any,
    script: Script,
    fields: dict[str, Any],
    error: type[BadRequestError],
    code: str,
    param: str,
) -> None:
    client = client_for(key_for(bob).secret)
    with pytest.raises(error) as refused:
        client.images.generate(**{"prompt": "a fox", **fields})
    assert (refused.value.code, refused.value.param) == (code, param)
    assert script.bill == []
    assert not Hold.objects.of(office).exists()


def test_a_wrong_key(office: Organisation, client_for: Any) -> None:
    with pytest.raises(AuthenticationError) as refused:
        client_for("tale_0000000000_wrong").images.generate(prompt="a fox")
    assert refused.value.code == "invalid_api_key"


def test_a_key_without_the_scope(
    office: Organisation, bob: User, key_for: Any, client_for: Any
) -> None:
    with pytest.raises(PermissionDeniedError) as refused:
        client_for(key_for(bob, "read").secret).images.generate(prompt="a fox")
    assert refused.value.code == "insufficient_scope"


def test_an_unknown_price_spends_nothing(
    office: Organisation, bob: User, key_for: Any, client_for: Any, script: Script
) -> None:
    Price.objects.of(office).delete()
    with pytest.raises(UnprocessableEntityError) as refused:
        client_for(key_for(bob).secret).images.generate(prompt="a fox")
    assert refused.value.code == "price_unknown"
    assert script.bill == []


def test_the_same_idempotency_key_brings_the_same_picture(
    office: Organisation, bob: User, key_for: Any, client_for: Any, script: Script
) -> None:
    client = client_for(key_for(bob).secret)
    headers = {"Idempotency-Key": "card-for-anna"}
    first, second = (
        client.images.with_raw_response.generate(prompt="a fox", extra_headers=headers)
        for _ in range(2)
    )
    assert first.parse().data == second.parse().data
    replayed = [answer.headers.get("Idempotent-Replayed") for answer in (first, second)]
    assert replayed == [None, "true"]
    assert len(script.bill) == 1
