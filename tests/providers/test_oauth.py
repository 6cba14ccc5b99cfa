"""Profiles against a real authorization server: renewed in time, and signed in by a browser."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.utils import timezone

from accounts.models import AuditLine, Organisation, User
from providers import credentials, grants, oauth, renewal
from providers.errors import BadKey, Limited, NotBilled, ProviderFailed
from providers.models import Credential, Provider
from tests import upstream
from tests.people import actor_for
from tests.upstream.oauth import OAuth

SignIn = Callable[[User], Client]
Add = Callable[..., Credential]
CALLBACK = "/admin/providers/oauth/callback"


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


def failure(row: Credential) -> ProviderFailed:
    with pytest.raises(ProviderFailed) as failed:
        token(row)
    row.refresh_from_db()
    return failed.value


class TestRenewal:
    def test_it_works(self, add: Add, sim: OAuth) -> None:
        row = add()
        first = token(row)
        assert sim.is_valid(first)
        assert token(row) == first
        assert sim.refreshes == 1
        row.refresh_from_db()
        assert row.unseal("refresh_token") in sim.refresh_tokens, "the new one, it rotates"
        assert row.refreshing_until is None
        later = timezone.now() + timedelta(seconds=sim.expires_s - 299)
        second = token(row, later)
        assert (second != first, sim.refreshes) == (True, 2)

    def test_a_token_that_lasts_is_not_renewed(self, add: Add, sim: OAuth) -> None:
        assert token(add(lasts_s=301)) == "at-first"
        assert sim.refreshes == 0

    def test_client_credentials(self, add: Add, sim: OAuth) -> None:
        row = add("client_credentials", scopes="pictures")
        assert sim.is_valid(token(row))
        assert sim.requests[-1].form.fields["scope"] == "pictures"

    def test_a_server_that_keeps_the_refresh_token(self, add: Add, sim: OAuth) -> None:
        sim.rotates = False
        row = add()
        token(row)
        row.refresh_from_db()
        assert row.unseal("refresh_token") == "rt-first"

    def test_an_expired_profile_names_itself(
        self, add: Add, sim: OAuth, acme: Organisation
    ) -> None:
        row = add()
        sim.refresh_tokens.clear()
        failed = failure(row)
        assert isinstance(failed, BadKey)
        refusal = failed.as_refusal()
        assert refusal.code == "provider_auth"
        assert "Codex of Dana" in str(refusal.message)
        assert (row.health, row.last_error) == ("failing", "oauth_expired")
        asked = len(sim.requests)
        assert failure(row).code == "provider_auth"
        assert len(sim.requests) == asked, "it is known: nobody is asked again"
        credentials.report(row.pk, failed)
        assert [found.code for found in credentials.incidents(acme)] == ["oauth_expired"]

    def test_what_still_works_is_used_to_its_end(self, add: Add, sim: OAuth) -> None:
        row = add(lasts_s=120)
        sim.refresh_tokens.clear()
        assert token(row) == "at-first"
        row.refresh_from_db()
        assert row.last_error == "oauth_expired"
        assert token(row) == "at-first"

    def test_a_wrong_client_is_told_apart(self, add: Add) -> None:
        row = add(client_secret="another")
        assert isinstance(failure(row), BadKey)
        assert (row.health, row.last_error) == ("failing", "oauth_client")

    @pytest.mark.parametrize(
        ("fault", "kind", "code"),
        [
            ("unavailable", NotBilled, "provider_error"),
            ("bad_gateway", NotBilled, "provider_error"),
            ("rate_limited", Limited, "provider_rate_limited"),
            ("not_json", NotBilled, "provider_bad_reply"),
            ("empty", NotBilled, "provider_bad_reply"),
            ("garbage", NotBilled, "provider_bad_reply"),
            ("redirect_metadata", NotBilled, "provider_error"),
            ("reset", NotBilled, "provider_error"),
            ("huge", NotBilled, "provider_reply_too_large"),
        ],
    )
    def test_an_outage_is_not_expired(
        self, add: Add, sim: OAuth, fault: str, kind: type, code: str
    ) -> None:
        row = add()
        sim.faults.next(fault)
        failed = failure(row)
        assert type(failed) is kind
        assert failed.code == code
        assert (row.health, row.last_error, row.refreshing_until) == ("unknown", "", None)

    def test_after_an_outage_it_is_tried_again(self, add: Add, sim: OAuth) -> None:
        row = add()
        sim.faults.next("unavailable")
        failure(row)
        assert sim.is_valid(token(row))

    def test_an_outage_is_not_felt_while_the_token_works(self, add: Add, sim: OAuth) -> None:
        sim.faults.next("unavailable")
        assert token(add(lasts_s=120)) == "at-first"

    def test_a_hanging_server(self, add: Add, sim: OAuth, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(grants, "DEADLINE_S", 0.2)
        row = add()
        sim.faults.next("hang")
        assert failure(row).code == "provider_timeout"

    def test_who_died_asking_is_replaced(
        self, add: Add, sim: OAuth, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(renewal, "POLL_S", 0.02)
        row = add()
        row.refreshing_until = timezone.now() + timedelta(seconds=0.5)
        row.save()
        began = time.monotonic()
        assert sim.is_valid(token(row))
        assert time.monotonic() - began > 0.4

    def test_nobody_waits_for_ever(self, add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(renewal, "WAIT_S", 0.3)
        row = add()
        row.refreshing_until = timezone.now() + timedelta(minutes=1)
        row.save()
        assert failure(row).code == "provider_timeout"

    def test_a_token_address_is_judged_when_it_is_used_too(
        self, add: Add, provider: Provider, sim: OAuth
    ) -> None:
        row = add()
        provider.reaches_private = False
        provider.save()
        assert not isinstance(failure(row), BadKey)
        assert sim.requests == []

    def test_a_profile_copied_to_another_organisation_does_not_open(
        self, add: Add, rival: Organisation, sim: OAuth
    ) -> None:
        row = add()
        theirs = Provider.objects.create(
            organisation=rival, kind="openai", name="Theirs", base_url="https://api.example.com/v1"
        )
        Credential.unscoped.filter(pk=row.pk).update(organisation=rival, provider=theirs)
        assert isinstance(failure(row), BadKey)
        assert sim.requests == []

    def test_no_secret_is_shown(
        self, add: Add, sim: OAuth, acme: Organisation, capfd: pytest.CaptureFixture[str]
    ) -> None:
        row = add()
        first = token(row)
        sim.refresh_tokens.clear()
        Credential.objects.of(acme).update(expires_at=timezone.now())
        failed = failure(row)
        lines = AuditLine.objects.of(acme).select_related("detail")
        shown = [repr(failed), str(failed.message), repr(failed.__cause__), repr(row)]
        shown += [str(line.detail.data) for line in lines]
        shown += [repr(grants.Tokens(first, "rt-first")), *capfd.readouterr()]
        shown.append(repr(grants.Ask("https://x", {"refresh_token": "rt-first"})))
        for secret in (first, "rt-first", sim.client_secret):
            assert secret not in "\n".join(shown)


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


class TestSigningIn:
    @pytest.fixture
    def browser(self, dana: User, as_: SignIn) -> Browser:
        return Browser(as_(dana))

    @pytest.fixture
    def row(self, add: Add) -> Credential:
        return add("authorization_code", scopes="pictures offline_access")

    @staticmethod
    def outcomes(acme: Organisation) -> list[str]:
        lines = AuditLine.objects.of(acme).filter(action="credential.signed_in")
        return list(lines.order_by("seq").values_list("outcome", flat=True))

    def refused(self, answer: Any, row: Credential, acme: Organisation) -> str:
        """Nothing changed, and the audit knows."""
        before = (row.secret, row.revision)
        row.refresh_from_db()
        assert (row.secret, row.revision) == before
        code = str(answer.headers["X-Error-Code"])
        assert self.outcomes(acme)[-1] == code
        return code

    def test_it_works(
        self, browser: Browser, row: Credential, sim: OAuth, acme: Organisation
    ) -> None:
        address = browser.begin(row)
        asked = parse_qs(urlsplit(address).query)
        assert asked["code_challenge_method"] == ["S256"]
        assert asked["scope"] == ["pictures offline_access"]
        answer = browser.come_back(browser.agree(address))
        assert answer.status_code == 302
        assert row.provider_id in answer.headers["Location"]
        assert sim.is_valid(token(row))
        row.refresh_from_db()
        assert row.unseal("refresh_token") in sim.refresh_tokens
        assert self.outcomes(acme) == ["done"]
        assert browser.client.session.get(oauth.KEPT) is None

    def test_it_heals_an_expired_one(self, browser: Browser, row: Credential, sim: OAuth) -> None:
        browser.come_back(browser.agree(browser.begin(row)))
        sim.refresh_tokens.clear()
        Credential.objects.filter(provider=row.provider, pk=row.pk).update(
            expires_at=timezone.now()
        )
        assert failure(row).code == "provider_auth"
        browser.come_back(browser.agree(browser.begin(row)))
        assert sim.is_valid(token(row))

    def test_a_state_serves_once(
        self, browser: Browser, row: Credential, acme: Organisation
    ) -> None:
        said = browser.agree(browser.begin(row))
        browser.come_back(said)
        row.refresh_from_db()
        assert self.refused(browser.come_back(said), row, acme) == "invalid_relay_state"

    @pytest.mark.parametrize("state", ["", "x", "\x00", "Zm9v:1wFo:bar", "{}"])
    def test_a_state_that_is_none(
        self, browser: Browser, row: Credential, acme: Organisation, state: str
    ) -> None:
        said = browser.agree(browser.begin(row))
        answer = browser.come_back({**said, "state": state})
        assert self.refused(answer, row, acme) == "invalid_relay_state"
        assert browser.come_back(said).status_code == 302, "the real one is still welcome"

    def test_the_state_of_another_session(
        self, browser: Browser, row: Credential, acme: Organisation, alice: User, as_: SignIn
    ) -> None:
        said = browser.agree(browser.begin(row))
        other = Browser(as_(alice))
        assert self.refused(other.come_back(said), row, acme) == "invalid_relay_state"
        other.begin(row)
        assert self.refused(other.come_back(said), row, acme) == "invalid_relay_state"

    def test_after_ten_minutes(
        self, browser: Browser, row: Credential, acme: Organisation, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr(oauth, "VALID_FOR", timedelta(seconds=-1))
        said = browser.agree(browser.begin(row))
        assert self.refused(browser.come_back(said), row, acme) == "invalid_challenge"

    def test_who_says_no_comes_back_without_a_code(
        self, browser: Browser, row: Credential, acme: Organisation
    ) -> None:
        said = browser.agree(browser.begin(row))
        said = {"state": said["state"], "error": "access_denied"}
        assert self.refused(browser.come_back(said), row, acme) == "invalid_challenge"

    def test_a_code_of_somebody_else(
        self, browser: Browser, row: Credential, acme: Organisation, alice: User, as_: SignIn
    ) -> None:
        other = Browser(as_(alice))
        theirs = other.agree(other.begin(row))["code"]
        said = browser.agree(browser.begin(row)) | {"code": theirs}
        assert self.refused(browser.come_back(said), row, acme) == "provider_auth"

    def test_an_outage_of_the_service(
        self, browser: Browser, row: Credential, acme: Organisation, sim: OAuth
    ) -> None:
        said = browser.agree(browser.begin(row))
        sim.faults.next("unavailable")
        assert self.refused(browser.come_back(said), row, acme) == "provider_error"

    def test_changed_meanwhile(
        self, browser: Browser, row: Credential, sim: OAuth, dana: User
    ) -> None:
        """The code is for the former client: its tokens would not be renewed by this one."""
        said = browser.agree(browser.begin(row))
        change = {"client_id": "another", "client_secret": "of-another"}
        credentials.change(actor=actor_for(dana), credential=row, **change)
        assert browser.come_back(said).headers["X-Error-Code"] == "provider_auth"

    def test_removed_meanwhile(self, browser: Browser, row: Credential, dana: User) -> None:
        said = browser.agree(browser.begin(row))
        credentials.remove(actor=actor_for(dana), credential=row)
        assert browser.come_back(said).headers["X-Error-Code"] == "invalid_relay_state"

    def test_of_another_grant(self, browser: Browser, add: Add) -> None:
        answer = browser.client.get(f"/admin/providers/oauth/{add().pk}")
        assert answer.headers["X-Error-Code"] == "invalid_state"

    def test_a_member_may_not(self, row: Credential, bob: User, as_: SignIn) -> None:
        for path in (f"/admin/providers/oauth/{row.pk}", CALLBACK):
            assert as_(bob).get(path).status_code == 403

    def test_a_stranger_finds_nothing(self, row: Credential, charlie: User, as_: SignIn) -> None:
        assert as_(charlie).get(f"/admin/providers/oauth/{row.pk}").status_code == 404
