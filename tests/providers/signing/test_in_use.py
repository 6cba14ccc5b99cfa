"""A profile and a key of one provider at work: who pays, and what people are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from accounts.models import Organisation, User
from providers import credentials
from providers.errors import ProviderFailed
from providers.models import Credential, Provider
from providers.registry import adapter_for
from tests import upstream
from tests.people import actor_for
from tests.providers.signing.conftest import Add
from tests.upstream.oauth import OAuth
from tests.upstream.openai import OpenAI


@pytest.fixture
def service(sim: OAuth) -> Iterator[OpenAI]:
    with upstream.serve("openai", accepts=sim.is_valid) as server:
        yield server


@pytest.fixture
def provider(acme: Organisation, service: OpenAI) -> Provider:
    return Provider.objects.create(
        organisation=acme,
        kind="openai",
        name="OpenAI",
        base_url=service.base_url,
        reaches_private=True,
    )


@pytest.fixture
def key(dana: User, provider: Provider, service: OpenAI) -> Credential:
    said: dict[str, Any] = {"provider": provider, "kind": "key", "secret": service.key}
    return credentials.add(actor=actor_for(dana), **said)


def used(provider: Provider, service: OpenAI) -> str:
    """The token that the last request came with."""
    async_to_sync(adapter_for(provider).models)()
    return service.requests[-1].headers["authorization"].removeprefix("Bearer ")


def test_it_works(provider: Provider, key: Credential, add: Add, sim: OAuth, service: Any) -> None:
    assert used(provider, service) == service.key
    add()
    assert sim.is_valid(used(provider, service)), "a healthy profile comes first"


def test_a_withdrawn_token_costs_one_call_of_the_key(
    provider: Provider, key: Credential, add: Add, sim: OAuth, service: OpenAI
) -> None:
    row = add()
    used(provider, service)
    sim.expire_all()
    assert used(provider, service) == service.key
    assert sim.is_valid(used(provider, service)), "renewed, though it had not run out"
    row.refresh_from_db()
    assert row.health != "failing"


def test_an_expired_profile_makes_room_for_the_key(
    provider: Provider, key: Credential, add: Add, sim: OAuth, service: OpenAI, acme: Organisation
) -> None:
    row = add()
    sim.refresh_tokens.clear()
    assert used(provider, service) == service.key
    [incident] = credentials.incidents(acme)
    assert (incident.credential, incident.code) == (row, "oauth_expired")
    assert incident.is_covered


def test_alone_it_names_itself(
    provider: Provider, add: Add, sim: OAuth, service: OpenAI, acme: Organisation
) -> None:
    add()
    sim.refresh_tokens.clear()
    with pytest.raises(ProviderFailed) as failed:
        used(provider, service)
    refusal = failed.value.as_refusal()
    assert refusal.code == "provider_auth"
    assert "Codex of Dana" in str(refusal.message)
    assert service.requests == [], "nothing is sent without a token"
