"""Who calls: every way in, and every way it is closed."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts import keys, people
from accounts.models import ApiKey, AuditLine, Organisation, User
from tests.api.conftest import Caller, refused
from tests.people import Key, actor_for, membership_of

Api = Callable[..., Caller]
KeyFor = Callable[..., Key]
Actions = Callable[[], list[tuple[str, str]]]


def test_both_headers_work(bob: User, api: Api, key_for: KeyFor) -> None:
    secret = key_for(bob).secret
    for headers in (
        {"X-API-Key": secret},
        {"Authorization": f"Bearer {secret}"},
        {"Authorization": f"bearer  {secret}"},
    ):
        assert api().get("/me", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "unauthenticated"),
        ({"Authorization": "Basic Ym9iOmJvYg=="}, 401, "unauthenticated"),
        ({"Authorization": "Bearer nonsense"}, 401, "invalid_api_key"),
        ({"Authorization": "Bearer tale_0000000000_"}, 401, "invalid_api_key"),
        ({"X-API-Key": ""}, 401, "invalid_api_key"),
        ({"X-API-Key": "tale_%s_%s"}, 401, "invalid_api_key"),
        ({"X-API-Key": "BOBS+"}, 401, "invalid_api_key"),
        ({"X-API-Key": "BOBS", "Authorization": "Bearer BOBS"}, 400, "ambiguous_credentials"),
        ({"X-API-Key": "BOBS", "Authorization": "Bearer x"}, 400, "ambiguous_credentials"),
    ],
)
def test_no_way_in(
    bob: User, api: Api, key_for: KeyFor, headers: dict[str, str], status: int, code: str
) -> None:
    secret = key_for(bob).secret
    sent = {name: value.replace("BOBS", secret) for name, value in headers.items()}
    answer = api().get("/me", headers=sent)
    assert refused(answer) == (status, code, None)
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)
    assert secret not in answer.content.decode()


def test_a_session_is_no_key(bob: User, as_: Callable[..., Client]) -> None:
    """No other site can make a browser call the API: it takes nothing that a browser adds."""
    answer = as_(bob).get("/api/v1/me")
    assert refused(answer) == (401, "unauthenticated", None)


def test_expired(bob: User, api: Api, key_for: KeyFor, actions: Actions) -> None:
    key = key_for(bob)
    ApiKey.objects.filter(owner=key.row.owner).update(expires_at=timezone.now())
    actions()
    assert refused(api(key).get("/me")) == (401, "api_key_expired", None)
    assert actions() == [("key.used", "api_key_expired")]


def test_revoked(bob: User, api: Api, key_for: KeyFor, actions: Actions) -> None:
    key = key_for(bob)
    keys.revoke(actor=actor_for(bob), key=key.row, now=timezone.now())
    actions()
    assert refused(api(key).get("/me")) == (401, "api_key_revoked", None)
    assert actions() == [("key.used", "api_key_revoked")]


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.1", "::1", "not an address"])
def test_from_elsewhere(
    bob: User, api: Api, key_for: KeyFor, actions: Actions, address: str
) -> None:
    key = key_for(bob, allowed_addresses=["127.0.0.1", "2001:db8::/32"])
    actions()
    assert api(key).get("/me", REMOTE_ADDR="2001:db8::7").status_code == 200
    answer = api(key).get("/me", REMOTE_ADDR=address)
    assert refused(answer) == (403, "ip_not_allowed", None)
    assert actions() == [("key.used", "ip_not_allowed")]


def test_a_forged_address_opens_nothing(bob: User, api: Api, key_for: KeyFor) -> None:
    key = key_for(bob, allowed_addresses=["192.0.2.7"])
    answer = api(key).get("/me", headers={"X-Forwarded-For": "192.0.2.7"})
    assert refused(answer) == (403, "ip_not_allowed", None)


def test_a_person_switched_off(bob: User, alice: User, api: Api, key_for: KeyFor) -> None:
    key = key_for(bob)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert refused(api(key).get("/me")) == (401, "account_disabled", None)


def test_a_member_who_left(bob: User, alice: User, api: Api, key_for: KeyFor) -> None:
    key = key_for(bob)
    now = timezone.now()
    people.deactivate(actor=actor_for(alice), membership=membership_of(bob), now=now)
    assert refused(api(key).get("/me")) == (401, "api_key_revoked", None)


def test_an_organisation_at_rest(
    bob: User, acme: Organisation, api: Api, key_for: KeyFor, actions: Actions
) -> None:
    key = key_for(bob)
    Organisation.objects.filter(pk=acme.pk).update(status="suspended")
    actions()
    assert refused(api(key).get("/me")) == (403, "organization_suspended", None)
    assert actions() == [("key.used", "organization_suspended")]


@pytest.mark.parametrize("scope", ["chat", "images", "assistants"])
def test_other_scopes_do_not_read(
    alice: User, api: Api, key_for: KeyFor, actions: Actions, scope: str
) -> None:
    alices = api(key_for(alice, scope))
    actions()
    for path in ("/organisation", "/teams", "/members", "/invitations", "/keys", "/audit"):
        assert refused(alices.get(path)) == (403, "insufficient_scope", None)
    assert [outcome for _action, outcome in actions()] == ["insufficient_scope"] * 6
    assert alices.get("/me").status_code == 200


def test_rights_before_the_body(bob: User, api: Api, key_for: KeyFor) -> None:
    """What a key may not do at all, it need not learn to say."""
    answer = api(key_for(bob)).post("/teams", "{", content_type="text/plain")
    assert refused(answer) == (403, "insufficient_scope", None)


def test_nothing_is_open(api: Api, db: None) -> None:
    """But the description, which holds no data."""
    anybody = api()
    for path in ("/me", "/organisation", "/teams", "/members", "/invitations", "/keys", "/audit"):
        for verb in ("get", "head", "options", "delete"):
            answer = getattr(anybody, verb)(path)
            assert (answer.status_code, answer.headers["X-Error-Code"]) == (401, "unauthenticated")
    assert anybody.get("/openapi.json").status_code == 200


def test_too_often(bob: User, api: Api, key_for: KeyFor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tale.api.limits.READS", 2)
    bobs = api(key_for(bob))
    for _left in range(2):
        assert bobs.get("/me").headers["RateLimit-Limit"] == "2"
    answer = bobs.get("/me")
    assert refused(answer) == (429, "rate_limited", None)
    assert 0 < int(answer.headers["Retry-After"]) <= 60


def test_a_flood_of_refusals_is_limited_too(
    bob: User, api: Api, key_for: KeyFor, actions: Actions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is a line of the audit, so they are counted before they are written."""
    monkeypatch.setattr("tale.api.limits.WRITES", 2)
    bobs = api(key_for(bob))
    actions()
    codes = [refused(bobs.post("/teams", {"name": "x"}))[1] for _again in range(4)]
    assert codes == ["insufficient_scope"] * 2 + ["rate_limited"] * 2
    assert len(actions()) == 2


def test_where_it_came_from_is_noted(
    bob: User, acme: Organisation, api: Api, key_for: KeyFor
) -> None:
    key = key_for(bob)
    api(key).patch("/organisation", {}, headers={"X-Request-Id": "req-of-bob-1"})
    line = AuditLine.objects.of(acme).filter(outcome="insufficient_scope").get()
    assert (line.action, line.key) == ("PATCH api:organisation", key.row.pk)
    assert (line.request_id, line.surface) == ("req-of-bob-1", "api")
