"""A profile against a real token server: renewed in time, and what the server may answer."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditLine, Organisation
from providers import credentials, grants, renewal
from providers.errors import BadKey, Limited, NotBilled, ProviderFailed
from providers.models import Credential, Provider
from tests.providers.signing.conftest import Add, token
from tests.upstream.oauth import OAuth


def failure(row: Credential) -> ProviderFailed:
    with pytest.raises(ProviderFailed) as failed:
        token(row)
    row.refresh_from_db()
    return failed.value


def test_it_works(add: Add, sim: OAuth) -> None:
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


def test_a_token_that_lasts_is_not_renewed(add: Add, sim: OAuth) -> None:
    assert token(add(lasts_s=301)) == "at-first"
    assert sim.refreshes == 0


def test_client_credentials(add: Add, sim: OAuth) -> None:
    row = add("client_credentials", scopes="pictures")
    assert sim.is_valid(token(row))
    assert sim.requests[-1].form.fields["scope"] == "pictures"


def test_a_server_that_keeps_the_refresh_token(add: Add, sim: OAuth) -> None:
    sim.rotates = False
    row = add()
    token(row)
    row.refresh_from_db()
    assert row.unseal("refresh_token") == "rt-first"


def test_an_expired_profile_names_itself(add: Add, sim: OAuth, acme: Organisation) -> None:
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


def test_what_still_works_is_used_to_its_end(add: Add, sim: OAuth) -> None:
    row = add(lasts_s=120)
    sim.refresh_tokens.clear()
    assert token(row) == "at-first"
    row.refresh_from_db()
    assert row.last_error == "oauth_expired"
    assert token(row) == "at-first"


def test_a_wrong_client_is_told_apart(add: Add) -> None:
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
def test_an_outage_is_not_expired(add: Add, sim: OAuth, fault: str, kind: type, code: str) -> None:
    row = add()
    sim.faults.next(fault)
    failed = failure(row)
    assert type(failed) is kind
    assert failed.code == code
    assert (row.health, row.last_error, row.refreshing_until) == ("unknown", "", None)


def test_after_an_outage_it_is_tried_again(add: Add, sim: OAuth) -> None:
    row = add()
    sim.faults.next("unavailable")
    failure(row)
    assert sim.is_valid(token(row))


def test_an_outage_is_not_felt_while_the_token_works(add: Add, sim: OAuth) -> None:
    sim.faults.next("unavailable")
    assert token(add(lasts_s=120)) == "at-first"


def test_a_hanging_server(add: Add, sim: OAuth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grants, "DEADLINE_S", 0.2)
    row = add()
    sim.faults.next("hang")
    assert failure(row).code == "provider_timeout"


def test_who_died_asking_is_replaced(add: Add, sim: OAuth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "POLL_S", 0.02)
    row = add()
    row.refreshing_until = timezone.now() + timedelta(seconds=0.5)
    row.save()
    began = time.monotonic()
    assert sim.is_valid(token(row))
    assert time.monotonic() - began > 0.4


def test_nobody_waits_for_ever(add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "WAIT_S", 0.3)
    row = add()
    row.refreshing_until = timezone.now() + timedelta(minutes=1)
    row.save()
    assert failure(row).code == "provider_timeout"


def test_a_token_address_is_judged_when_it_is_used_too(
    add: Add, provider: Provider, sim: OAuth
) -> None:
    row = add()
    provider.reaches_private = False
    provider.save()
    assert not isinstance(failure(row), BadKey)
    assert sim.requests == []


def test_a_profile_copied_to_another_organisation_does_not_open(
    add: Add, rival: Organisation, sim: OAuth
) -> None:
    row = add()
    theirs = Provider.objects.create(
        organisation=rival, kind="openai", name="Theirs", base_url="https://api.example.com/v1"
    )
    Credential.unscoped.filter(pk=row.pk).update(organisation=rival, provider=theirs)
    assert isinstance(failure(row), BadKey)
    assert sim.requests == []


def test_no_secret_is_shown(
    add: Add, sim: OAuth, acme: Organisation, capfd: pytest.CaptureFixture[str]
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
