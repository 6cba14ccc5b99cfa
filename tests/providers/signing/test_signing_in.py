"""A profile signed in by a browser, and everything that may come back in its place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.utils import timezone

from accounts.models import AuditLine, Organisation, User
from providers import credentials, oauth
from providers.errors import BadKey
from providers.models import Credential
from tale.lib.refusals import Refusal
from tests.people import actor_for
from tests.providers.signing.conftest import Add, token
from tests.upstream.oauth import OAuth

SignIn = Callable[[User], Client]
CALLBACK = "/admin/providers/oauth/callback"


class Browser:
    """Signed in to Tale, it goes where it is sent."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def begin(self, row: Credential) -> str:
        answer = self.client.get(f"/admin/providers/oauth/{row.pk}")
        assert answer.status_code == 302, answer.headers
        return str(answer.headers["Location"])

    def agree(self, address: str) -> dict[str, str]:
        """With what the service sends the person back."""
        back = httpx2.get(address, trust_env=False).headers["location"]
        assert urlsplit(back).path == CALLBACK
        return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}

    def come_back(self, said: dict[str, str]) -> Any:
        return self.client.get(CALLBACK, said)


@pytest.fixture
def there(dana: User, as_: SignIn) -> Browser:
    return Browser(as_(dana))


@pytest.fixture
def row(add: Add) -> Credential:
    return add("authorization_code", scopes="pictures offline_access")


def outcomes(acme: Organisation) -> list[str]:
    lines = AuditLine.objects.of(acme).filter(action="credential.signed_in")
    return list(lines.order_by("seq").values_list("outcome", flat=True))


def refused(answer: Any, row: Credential, acme: Organisation) -> str:
    """Nothing changed, and the audit knows."""
    before = (row.secret, row.revision)
    row.refresh_from_db()
    assert (row.secret, row.revision) == before
    code = str(answer.headers["X-Error-Code"])
    assert outcomes(acme)[-1] == code
    return code


def test_it_works(there: Browser, row: Credential, sim: OAuth, acme: Organisation) -> None:
    address = there.begin(row)
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["scope"] == ["pictures offline_access"]
    answer = there.come_back(there.agree(address))
    assert answer.status_code == 302
    assert row.provider_id in answer.headers["Location"]
    assert sim.is_valid(token(row))
    row.refresh_from_db()
    assert row.unseal("refresh_token") in sim.refresh_tokens
    assert outcomes(acme) == ["done"]
    assert there.client.session.get(oauth.KEPT) is None


def test_it_heals_an_expired_one(there: Browser, row: Credential, sim: OAuth) -> None:
    there.come_back(there.agree(there.begin(row)))
    sim.refresh_tokens.clear()
    Credential.objects.filter(provider=row.provider, pk=row.pk).update(expires_at=timezone.now())
    with pytest.raises(BadKey):
        token(row)
    there.come_back(there.agree(there.begin(row)))
    assert sim.is_valid(token(row))


def test_a_state_serves_once(there: Browser, row: Credential, acme: Organisation) -> None:
    said = there.agree(there.begin(row))
    there.come_back(said)
    row.refresh_from_db()
    assert refused(there.come_back(said), row, acme) == "invalid_relay_state"


@pytest.mark.parametrize("state", ["", "x", "\x00", "Zm9v:1wFo:bar", "{}"])
def test_a_state_that_is_none(
    there: Browser, row: Credential, acme: Organisation, state: str
) -> None:
    said = there.agree(there.begin(row))
    answer = there.come_back({**said, "state": state})
    assert refused(answer, row, acme) == "invalid_relay_state"
    assert there.come_back(said).status_code == 302, "the real one is still welcome"


def test_the_state_of_another_session(
    there: Browser, row: Credential, acme: Organisation, alice: User, as_: SignIn
) -> None:
    said = there.agree(there.begin(row))
    other = Browser(as_(alice))
    assert refused(other.come_back(said), row, acme) == "invalid_relay_state"
    other.begin(row)
    assert refused(other.come_back(said), row, acme) == "invalid_relay_state"


def test_the_state_of_another_session_of_the_same_person(
    there: Browser, row: Credential, acme: Organisation, dana: User, as_: SignIn
) -> None:
    said = there.agree(there.begin(row))
    other = Browser(as_(dana))
    other.begin(row)
    assert refused(other.come_back(said), row, acme) == "invalid_relay_state"


def test_a_session_that_somebody_else_goes_on_with(
    row: Credential, dana: User, alice: User
) -> None:
    session: dict[str, Any] = {}
    said: dict[str, Any] = {"session": session, "now": timezone.now()}
    uri = "https://tale.example.com/back"
    begun = oauth.begin(actor=actor_for(dana), credential=row, redirect_uri=uri, **said)
    state = parse_qs(urlsplit(begun).query)["state"][0]
    with pytest.raises(Refusal) as refused:
        async_to_sync(oauth.finish)(actor=actor_for(alice), state=state, code="c", **said)
    assert refused.value.code == "invalid_relay_state"


def test_after_ten_minutes(
    there: Browser, row: Credential, acme: Organisation, monkeypatch: Any
) -> None:
    monkeypatch.setattr(oauth, "VALID_FOR", timedelta(seconds=-1))
    said = there.agree(there.begin(row))
    assert refused(there.come_back(said), row, acme) == "invalid_challenge"


def test_who_says_no_comes_back_without_a_code(
    there: Browser, row: Credential, acme: Organisation
) -> None:
    said = there.agree(there.begin(row))
    said = {"state": said["state"], "error": "access_denied"}
    assert refused(there.come_back(said), row, acme) == "invalid_challenge"


def test_a_code_of_somebody_else(
    there: Browser, row: Credential, acme: Organisation, alice: User, as_: SignIn
) -> None:
    other = Browser(as_(alice))
    theirs = other.agree(other.begin(row))["code"]
    said = there.agree(there.begin(row)) | {"code": theirs}
    assert refused(there.come_back(said), row, acme) == "provider_auth"


def test_an_outage_of_the_service(
    there: Browser, row: Credential, acme: Organisation, sim: OAuth
) -> None:
    said = there.agree(there.begin(row))
    sim.faults.next("unavailable")
    assert refused(there.come_back(said), row, acme) == "provider_error"


def test_changed_meanwhile(there: Browser, row: Credential, sim: OAuth, dana: User) -> None:
    """The code is for the former client: its tokens would not be renewed by this one."""
    said = there.agree(there.begin(row))
    change = {"client_id": "another", "client_secret": "of-another"}
    credentials.change(actor=actor_for(dana), credential=row, **change)
    assert there.come_back(said).headers["X-Error-Code"] == "provider_auth"


def test_removed_meanwhile(there: Browser, row: Credential, dana: User) -> None:
    said = there.agree(there.begin(row))
    credentials.remove(actor=actor_for(dana), credential=row)
    assert there.come_back(said).headers["X-Error-Code"] == "invalid_relay_state"


def test_of_another_grant(there: Browser, add: Add) -> None:
    answer = there.client.get(f"/admin/providers/oauth/{add().pk}")
    assert answer.headers["X-Error-Code"] == "invalid_state"


def test_a_member_may_not(row: Credential, bob: User, as_: SignIn) -> None:
    for path in (f"/admin/providers/oauth/{row.pk}", CALLBACK):
        assert as_(bob).get(path).status_code == 403


def test_a_stranger_finds_nothing(row: Credential, charlie: User, as_: SignIn) -> None:
    assert as_(charlie).get(f"/admin/providers/oauth/{row.pk}").status_code == 404
