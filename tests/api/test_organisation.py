from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Organisation, User
from tests.api.conftest import Caller, refused
from tests.people import membership_of

Calls = Callable[..., Caller]
Actions = Callable[[], list[tuple[str, str]]]


def test_it_works(
    dana: User, alice: User, acme: Organisation, calls: Calls, actions: Actions
) -> None:
    danas = calls(dana, "admin")
    actions()
    shown = danas.get("/organisation").json()
    assert (shown["id"], shown["name"], shown["status"]) == (acme.pk, "Acme", "active")
    assert shown["owner"] == membership_of(alice).pk
    wanted = {"name": "Acme & Sons", "time_zone": "America/Lima", "language": "de"}
    changed = danas.patch("/organisation", wanted)
    assert changed.json() == shown | wanted == danas.get("/organisation").json()
    assert actions() == [("organisation.changed", "done")]


def test_a_change_of_nothing_leaves_no_line(dana: User, calls: Calls, actions: Actions) -> None:
    danas = calls(dana, "admin")
    actions()
    for body in ({}, {"name": "Acme"}):
        assert danas.patch("/organisation", body).status_code == 200
    assert actions() == []


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"name": ""}, 400, "blank", "name"),
        ({"name": "\u200b \u3164"}, 400, "blank", "name"),
        ({"name": "x" * 121}, 400, "too_long", "name"),
        ({"name": None}, 400, "null_not_allowed", "name"),
        ({"time_zone": "Mars/Olympus"}, 400, "invalid_timezone", "time_zone"),
        ({"time_zone": "europe/berlin"}, 400, "invalid_timezone", "time_zone"),
        ({"time_zone": 1}, 400, "invalid_type", "time_zone"),
        ({"language": "fr"}, 400, "invalid_choice", "language"),
        ({"language": ["de"]}, 400, "invalid_type", "language"),
        ({"currency": "USD"}, 403, "field_not_allowed", "currency"),
        ({"status": "suspended"}, 403, "field_not_allowed", "status"),
        ({"owner": "mem_1"}, 403, "field_not_allowed", "owner"),
        ({"id": "org_1"}, 403, "field_not_allowed", "id"),
        ({"created_at": "2020-01-01T00:00:00Z"}, 403, "field_not_allowed", "created_at"),
        ({"plan": "gold"}, 400, "unknown_field", "plan"),
    ],
)
def test_what_nobody_may_write(
    dana: User,
    acme: Organisation,
    calls: Calls,
    body: Any,
    status: int,
    code: str,
    field: str,
) -> None:
    danas = calls(dana, "admin")
    before = Organisation.objects.filter(pk=acme.pk).values().get()
    assert refused(danas.patch("/organisation", body)) == (status, code, field)
    assert refused(danas.patch("/organisation", {"name": "Hi", **body}))[1] == code
    assert Organisation.objects.filter(pk=acme.pk).values().get() == before


def test_every_fault_is_named(dana: User, calls: Calls) -> None:
    body = {"name": 5, "language": "fr", "currency": "USD", "plan": "gold"}
    error = calls(dana, "admin").patch("/organisation", body).json()["error"]
    assert {fault["field"]: fault["code"] for fault in error["details"]["fields"]} == {
        "name": "invalid_type",
        "language": "invalid_choice",
        "currency": "field_not_allowed",
        "plan": "unknown_field",
    }


def test_a_refused_field_is_witnessed(dana: User, calls: Calls, actions: Actions) -> None:
    danas = calls(dana, "admin")
    actions()
    danas.patch("/organisation", {"status": "suspended"})
    assert actions() == [("PATCH api:organisation", "field_not_allowed")]


def test_a_member_reads_it_and_no_more(bob: User, calls: Calls) -> None:
    bobs = calls(bob)
    assert bobs.get("/organisation").json()["name"] == "Acme"
    answer = bobs.patch("/organisation", {"name": "Bob's"})
    assert refused(answer) == (403, "insufficient_scope", None)
