from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import keys, people
from accounts.models import ApiKey, AuditDetail, Organisation, Team, User
from tests.api.conftest import Caller, refused
from tests.people import Key, actor_for, membership_of

Calls = Callable[..., Caller]
Api = Callable[..., Caller]
KeyFor = Callable[..., Key]
Actions = Callable[[], list[tuple[str, str]]]
UNKNOWN = "key_000000000000000000000000"


def test_it_works(dana: User, calls: Calls, api: Api, actions: Actions) -> None:
    danas = calls(dana, "admin")
    actions()
    made = danas.post("/keys", {"name": "Nightly", "scopes": ["read", "read"]})
    assert made.status_code == 201
    key = made.json()
    secret = key.pop("secret")
    assert key["scopes"] == ["read"]
    assert key["owner"] == membership_of(dana).pk
    assert secret.startswith(key["prefix"] + "_")
    assert made.headers["Location"] == f"/api/v1/keys/{key['id']}"
    assert api(secret).get("/me").json()["key"]["id"] == key["id"]
    shown = danas.get(f"/keys/{key['id']}").json()
    assert shown == key | {"last_used_at": shown["last_used_at"]}
    assert shown["last_used_at"]
    assert key["id"] in [row["id"] for row in danas.get("/keys").json()["data"]]
    for _again in range(2):
        assert danas.delete(f"/keys/{key['id']}").status_code == 204
    assert refused(api(secret).get("/me")) == (401, "api_key_revoked", None)
    assert actions()[:2] == [("key.created", "done"), ("key.revoked", "done")]


def test_the_secret_is_shown_once(dana: User, calls: Calls) -> None:
    danas = calls(dana, "admin")
    made = danas.post("/keys", {"name": "Nightly", "scopes": ["read"]}).json()
    rest = made["secret"].rpartition("_")[2]
    for path in (f"/keys/{made['id']}", "/keys", "/audit", "/audit/export", "/me"):
        assert rest not in danas.get(path).content.decode()
    kept = ApiKey.objects.filter(organisation=membership_of(dana).organisation).values()
    assert rest not in str([*kept, *AuditDetail.objects.values()])


def test_a_key_of_the_organisation(
    dana: User, acme: Organisation, design: Team, calls: Calls, api: Api
) -> None:
    wanted = {
        "name": "Website",
        "scopes": ["images"],
        "owner": None,
        "team": design.pk,
        "allowed_addresses": ["127.0.0.1", "10.1.2.3/8"],
        "expires_at": (timezone.now() + timedelta(days=3)).isoformat(),
    }
    made = calls(dana, "admin", "images").post("/keys", wanted).json()
    assert (made["owner"], made["team"]) == (None, design.pk)
    assert made["allowed_addresses"] == ["127.0.0.1/32", "10.0.0.0/8"]
    me = api(made["secret"]).get("/me").json()
    assert (me["member"], me["organisation"]["id"]) == (None, acme.pk)
    assert me["rights"] == ["use_workspace"]


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"name": "\u2800"}, 400, "blank", "name"),
        ({"name": "x" * 81}, 400, "too_long", "name"),
        ({"scopes": []}, 400, "required", "scopes"),
        ({"scopes": "read"}, 400, "invalid_type", "scopes"),
        ({"scopes": ["root"]}, 400, "invalid_choice", "scopes[0]"),
        ({"scopes": ["read"] * 6}, 400, "too_many_items", "scopes"),
        ({"scopes": ["read", "images"]}, 403, "scope_escalation", "scopes"),
        ({"owner": "mem_000000000000000000000000"}, 404, "not_found", "owner"),
        ({"owner": "bob"}, 403, "forbidden", None),
        ({"owner": "charlie"}, 404, "not_found", "owner"),
        ({"team": "team_000000000000000000000000"}, 404, "not_found", "team"),
        ({"team": "spies"}, 404, "not_found", "team"),
        ({"team": "design"}, 403, "forbidden", "team"),
        ({"allowed_addresses": ["office"]}, 400, "invalid_value", "allowed_addresses"),
        ({"allowed_addresses": ["١٠.0.0.1"]}, 400, "invalid_value", "allowed_addresses"),
        ({"allowed_addresses": [1]}, 400, "invalid_type", "allowed_addresses[0]"),
        ({"allowed_addresses": ["::1"] * 51}, 400, "too_many_items", "allowed_addresses"),
        ({"expires_at": "tomorrow"}, 400, "invalid_date", "expires_at"),
        ({"expires_at": 1_900_000_000}, 400, "invalid_type", "expires_at"),
        ({"expires_at": "2027-01-01"}, 400, "invalid_date", "expires_at"),
        ({"expires_at": "2027-01-01T00:00:00"}, 400, "invalid_date", "expires_at"),
        ({"expires_at": "2027-13-01T00:00:00Z"}, 400, "invalid_date", "expires_at"),
        ({"expires_at": "٢٠٢٧-01-01T00:00:00Z"}, 400, "invalid_date", "expires_at"),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, 400, "invalid_date", "expires_at"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 400, "out_of_range", "expires_at"),
        ({"expires_at": "2999-01-01T00:00:00Z"}, 400, "out_of_range", "expires_at"),
        ({"secret": "tale_x_y"}, 400, "unknown_field", "secret"),
        ({"prefix": "tale_x"}, 403, "field_not_allowed", "prefix"),
        ({"id": UNKNOWN}, 403, "field_not_allowed", "id"),
        ({"revoked_at": None}, 403, "field_not_allowed", "revoked_at"),
        ({"organisation": "org_1"}, 400, "unknown_field", "organisation"),
    ],
)
def test_what_is_no_key(
    dana: User,
    bob: User,
    charlie: User,
    design: Team,
    calls: Calls,
    change: dict[str, Any],
    status: int,
    code: str,
    field: str | None,
) -> None:
    names = {
        "bob": membership_of(bob).pk,
        "charlie": membership_of(charlie).pk,
        "spies": people.save_team(actor=actor_for(charlie), name="Spies").pk,
        "design": design.pk,
    }
    sent = {
        name: names.get(value, value) if isinstance(value, str) else value
        for name, value in change.items()
    }
    danas = calls(dana, "admin")
    answer = danas.post("/keys", {"name": "Nightly", "scopes": ["read"], **sent})
    assert refused(answer) == (status, code, field)
    assert not ApiKey.objects.filter(organisation=design.organisation, name="Nightly")


def test_a_key_makes_nothing_greater_than_itself(
    dana: User, calls: Calls, actions: Actions
) -> None:
    until = timezone.now() + timedelta(days=2)
    home = "127.0.0.0/8"
    danas = calls(dana, "admin", expires_at=until, allowed_addresses=[home])
    actions()
    later = (until + timedelta(days=1)).isoformat()
    body = {"name": "Child", "scopes": ["read"], "allowed_addresses": ["127.0.0.1"]}
    for change, field in (
        ({"scopes": ["read", "chat"]}, "scopes"),
        ({"expires_at": later}, "expires_at"),
        ({"allowed_addresses": []}, "allowed_addresses"),
        ({"allowed_addresses": ["0.0.0.0/0"]}, "allowed_addresses"),
    ):
        answer = danas.post("/keys", {**body, **change})
        assert refused(answer) == (403, "scope_escalation", field)
    assert actions() == [("POST api:keys", "scope_escalation")] * 4
    child = danas.post("/keys", body).json()
    assert child["expires_at"] == until.isoformat().replace("+00:00", "Z")


def test_a_service_key_makes_no_personal_one(dana: User, bob: User, calls: Calls, api: Api) -> None:
    body = {"name": "Robot", "scopes": ["read", "admin"], "owner": None}
    robot = api(calls(dana, "admin").post("/keys", body).json()["secret"])
    mine = {"name": "Bob's", "scopes": ["read"], "owner": membership_of(bob).pk}
    assert refused(robot.post("/keys", mine)) == (403, "forbidden", None)
    assert robot.post("/keys", {"name": "Child", "scopes": ["read"]}).json()["owner"] is None


def test_everybody_sees_their_own_keys(
    bob: User, erin: User, dana: User, calls: Calls, key_for: KeyFor
) -> None:
    danas = key_for(dana).row
    bobs, erins = calls(bob), calls(erin)
    assert {row["owner"] for row in bobs.get("/keys").json()["data"]} == {membership_of(bob).pk}
    assert refused(bobs.get(f"/keys/{danas.pk}")) == (404, "not_found", None)
    assert erins.get(f"/keys/{danas.pk}").json()["owner"] == membership_of(dana).pk


@pytest.mark.parametrize("verb", ["get", "delete"])
def test_a_foreign_key_is_not_there(
    dana: User, charlie: User, calls: Calls, key_for: KeyFor, verb: str
) -> None:
    danas, theirs = calls(dana, "admin"), key_for(charlie).row
    for pk in (theirs.pk, UNKNOWN):
        assert refused(getattr(danas, verb)(f"/keys/{pk}")) == (404, "not_found", None)
    assert ApiKey.objects.filter(owner=theirs.owner, revoked_at=None).count() == 1


def test_a_key_without_the_scope_makes_and_ends_none(
    bob: User, calls: Calls, key_for: KeyFor, actions: Actions
) -> None:
    bobs, other = calls(bob), key_for(bob).row
    actions()
    body = {"name": "Nightly", "scopes": ["read"]}
    assert refused(bobs.post("/keys", body)) == (403, "insufficient_scope", None)
    assert refused(bobs.delete(f"/keys/{other.pk}")) == (403, "insufficient_scope", None)
    mine = ApiKey.objects.filter(owner=membership_of(bob))
    assert mine.filter(revoked_at=None).count() == mine.count() == 2
    assert [outcome for _action, outcome in actions()] == ["insufficient_scope"] * 2


def test_an_administrator_ends_anybodys_key(
    dana: User, bob: User, calls: Calls, api: Api, key_for: KeyFor
) -> None:
    key = key_for(bob)
    assert calls(dana, "admin").delete(f"/keys/{key.row.pk}").status_code == 204
    assert refused(api(key).get("/me")) == (401, "api_key_revoked", None)


def test_a_key_may_end_itself(dana: User, api: Api, key_for: KeyFor) -> None:
    key = key_for(dana, "admin")
    danas = api(key)
    assert danas.delete(f"/keys/{key.row.pk}").status_code == 204
    assert refused(danas.get("/me")) == (401, "api_key_revoked", None)


def test_me_knows_any_key(bob: User, acme: Organisation, api: Api, key_for: KeyFor) -> None:
    me = api(key_for(bob, "images")).get("/me").json()
    assert me["member"]["email"] == "bob@acme.test"
    assert me["organisation"]["id"] == acme.pk
    assert me["key"]["scopes"] == ["images"]
    assert me["rights"] == ["use_workspace"]


def test_rights_follow_the_scopes(dana: User, calls: Calls) -> None:
    assert "manage_teams" not in calls(dana).get("/me").json()["rights"]
    assert "manage_teams" in calls(dana, "admin").get("/me").json()["rights"]
    assert timedelta(days=90) == keys.LIFE
