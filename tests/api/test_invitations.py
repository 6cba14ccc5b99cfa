from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail

from accounts import people
from accounts.models import Invitation, Organisation, Team, User
from tests.api.conftest import Caller, refused
from tests.people import actor_for, membership_of

Calls = Callable[..., Caller]
Actions = Callable[[], list[tuple[str, str]]]
UNKNOWN = "inv_000000000000000000000000"


def test_it_works(
    dana: User,
    design: Team,
    calls: Calls,
    actions: Actions,
    django_capture_on_commit_callbacks: Any,
) -> None:
    danas = calls(dana, "admin")
    actions()
    body = {"email": "Nora@Acme.Test", "role": "member", "team": design.pk}
    with django_capture_on_commit_callbacks(execute=True):
        made = danas.post("/invitations", body)
    assert made.status_code == 201
    shown = danas.get(f"/invitations/{made.json()['id']}").json()
    assert (shown["email"], shown["role"], shown["team"]) == ("nora@acme.test", "member", design.pk)
    assert [letter.to for letter in mail.outbox] == [["nora@acme.test"]]
    assert shown["mailed_at"]
    assert danas.get("/invitations").json()["data"] == [shown]
    for _again in range(2):
        assert danas.delete(f"/invitations/{shown['id']}").status_code == 204
    assert danas.get(f"/invitations/{shown['id']}").json()["revoked_at"]
    assert actions() == [("invitation.sent", "done"), ("invitation.revoked", "done")]


def test_the_link_is_in_the_mail_alone(
    dana: User, calls: Calls, django_capture_on_commit_callbacks: Any
) -> None:
    danas = calls(dana, "admin")
    with django_capture_on_commit_callbacks(execute=True):
        made = danas.post("/invitations", {"email": "nora@acme.test", "role": "member"})
    secret = mail.outbox[0].body.partition("/invitations/")[2].split()[0]
    assert len(secret) > 30
    for answer in (made, danas.get("/invitations"), danas.get("/audit")):
        assert secret not in answer.content.decode()


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"role": "member"}, 400, "required", "email"),
        ({"email": "nora@acme.test"}, 400, "required", "role"),
        ({"email": "nora", "role": "member"}, 400, "invalid_value", "email"),
        ({"email": "nora@acme.test\n", "role": 1}, 400, "invalid_type", "role"),
        ({"email": ["nora@acme.test"], "role": "member"}, 400, "invalid_type", "email"),
        ({"email": "x" * 250 + "@acme.test", "role": "member"}, 400, "too_long", "email"),
        ({"email": "nora@acme.test", "role": "root"}, 400, "invalid_choice", "role"),
        ({"email": "nora@acme.test", "role": "owner"}, 403, "forbidden", "role"),
        ({"email": "bob@acme.test", "role": "member"}, 409, "already_exists", "email"),
        ({"email": "BOB@ACME.TEST", "role": "member"}, 409, "already_exists", "email"),
        ({"email": "bób@acme.test", "role": "member"}, 400, "invalid_value", "email"),
        ({"email": "nora@acme.test", "role": "member", "expires_at": "2099-01-01T00:00:00Z"}, 403,
         "field_not_allowed", "expires_at"),
        ({"email": "nora@acme.test", "role": "member", "team": UNKNOWN}, 404, "not_found", "team"),
    ],
)  # fmt: skip
def test_what_is_no_invitation(
    dana: User,
    bob: User,
    acme: Organisation,
    calls: Calls,
    body: Any,
    status: int,
    code: str,
    field: str,
) -> None:
    assert refused(calls(dana, "admin").post("/invitations", body)) == (status, code, field)
    assert not Invitation.objects.of(acme).exists()
    assert not mail.outbox


def test_a_foreign_team_is_unknown(dana: User, charlie: User, calls: Calls) -> None:
    theirs = people.save_team(actor=actor_for(charlie), name="Spies").pk
    body = {"email": "nora@acme.test", "role": "member", "team": theirs}
    answer = calls(dana, "admin").post("/invitations", body)
    assert refused(answer) == (404, "not_found", "team")


def test_one_open_invitation_each(dana: User, calls: Calls) -> None:
    danas = calls(dana, "admin")
    body = {"email": "nora@acme.test", "role": "member"}
    first = danas.post("/invitations", body).json()
    assert refused(danas.post("/invitations", body)) == (409, "already_exists", "email")
    danas.delete(f"/invitations/{first['id']}")
    assert danas.post("/invitations", body).status_code == 201


def test_a_foreign_invitation_is_not_there(dana: User, charlie: User, calls: Calls) -> None:
    body = {"email": "nora@rival.test", "role": "member"}
    theirs = calls(charlie, "admin").post("/invitations", body).json()["id"]
    danas = calls(dana, "admin")
    for pk in (theirs, UNKNOWN):
        for answer in (danas.get(f"/invitations/{pk}"), danas.delete(f"/invitations/{pk}")):
            assert refused(answer) == (404, "not_found", None)
    rival = membership_of(charlie).organisation
    assert Invitation.objects.of(rival).filter(revoked_at=None).count() == 1


def test_who_may_see_them(bob: User, erin: User, dana: User, calls: Calls) -> None:
    body = {"email": "nora@acme.test", "role": "member"}
    calls(dana, "admin").post("/invitations", body)
    assert len(calls(erin).get("/invitations").json()["data"]) == 1
    assert refused(calls(bob).get("/invitations")) == (403, "forbidden", None)
    assert refused(calls(erin).post("/invitations", body)) == (403, "insufficient_scope", None)
