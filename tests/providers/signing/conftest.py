"""A provider, the server that signs people in to it, and profiles of that server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from accounts.models import Organisation, User
from providers import credentials
from providers.models import Credential, Provider
from tests import upstream
from tests.people import actor_for
from tests.upstream.oauth import OAuth

Add = Callable[..., Credential]


@pytest.fixture
def sim() -> Iterator[OAuth]:
    with upstream.serve("oauth") as server:
        yield server


@pytest.fixture
def provider(acme: Organisation) -> Provider:
    return Provider.objects.create(
        organisation=acme,
        kind="openai",
        name="OpenAI",
        base_url="https://api.example.com/v1",
        reaches_private=True,
    )


@pytest.fixture
def add(dana: User, provider: Provider, sim: OAuth) -> Add:
    def add(grant: str = "refresh_token", *, lasts_s: float = 0, **said: Any) -> Credential:
        """`lasts_s`: it has a token already, which works for so long."""
        said = {
            "grant": grant,
            "token_url": sim.token_url,
            "client_id": sim.client_id,
            "client_secret": sim.client_secret,
            **said,
        }
        if grant == "authorization_code":
            said["authorize_url"] = sim.authorize_url
        if grant == "refresh_token":
            sim.refresh_tokens.add("rt-first")
            said["refresh_token"] = "rt-first"
        row = credentials.add(
            actor=actor_for(dana), provider=provider, kind="oauth", name="Codex of Dana", **said
        )
        if lasts_s:
            row.seal("secret", "at-first")
            row.expires_at = timezone.now() + timedelta(seconds=lasts_s)
            row.save()
        return row

    return add


def token(row: Credential, now: datetime | None = None) -> str:
    return async_to_sync(credentials.token)(row.pk, now=now or timezone.now())
