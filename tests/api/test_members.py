from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts import people
from accounts.models import ApiKey, Membership, Team, User
from tests.api.conftest import Caller, refused
from tests.people import Key, actor_for, join, membership_of

Calls = Callable[..., Caller]
Actions = Callable[[], list[tuple[str, str]]]


def test_it_works(dana: User, bob: User, design: Team, calls: Calls, actions: Actions) -> None:
    danas, pk = calls(dana, "admin"), membership_of(bob).pk
    actions()
    shown = danas.get(f"/members/{pk}").json()
    assert shown["email"] == "bob@acme.test"
    assert shown["primary_team"] == design.pk
    assert shown["teams"] == [{"team": design.pk, "is_lead": False}]
    assert pk in [member["id"] for member in danas.get("/members").json()["data"]]
    wanted = {"role": "auditor", "is_author": True, "primary_team": None}
    changed = danas.patch(f"/members/{pk}", wanted)
    assert changed.json() == shown | wanted == danas.get(f"/members/{pk}").json()
    assert actor_for(bob).may("view_audit")
    assert danas.patch(f"/members/{pk}", {"primary_team": design.pk}).status_code == 200
    assert actions() == [("member.changed", "done")] * 2


def test_switched_off_and_on(
    dana: User,
    bob: User,
    api: Callable[..., Caller],
    key_for: Callable[..., Key],
    calls: Calls,
    actions: Actions,
) -> None:
    danas, bobs, pk = calls(dana, "admin"), api(key_for(bob)), membership_of(bob).pk
    assert bobs.get("/me").status_code == 200
    actions()
    for _again in range(2):
        assert danas.post(f"/members/{pk}/deactivate").json()["is_active"] is False
    assert refused(bobs.get("/me")) == (401, "api_key_revoked", None)
    for _again in range(2):
        assert danas.post(f"/members/{pk}/reactivate").json()["deactivated_at"] is None
    assert refused(bobs.get("/me")) == (401, "api_key_revoked", None)  # revoked is for good
    done = [action for action, outcome in actions() if outcome == "done"]
    assert done == ["member.deactivated", "member.reactivated"]


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"role": "god"}, 400, "invalid_choice", "role"),
        ({"role": 1}, 400, "invalid_type", "role"),
        ({"role": None}, 400, "null_not_allowed", "role"),
        ({"role": "owner"}, 403, "forbidden", "role"),
        ({"is_author": "true"}, 400, "invalid_type", "is_author"),
        ({"is_author": 1}, 400, "invalid_type", "is_author"),
        ({"primary_team": "team_000000000000000000000000"}, 404, "not_found", "primary_team"),
        ({"primary_team": 7}, 400, "invalid_type", "primary_team"),
        ({"email": "owner@acme.test"}, 403, "field_not_allowed", "email"),
        ({"teams": []}, 403, "field_not_allowed", "teams"),
        ({"is_active": True}, 403, "field_not_allowed", "is_active"),
        ({"is_superuser": True}, 400, "unknown_field", "is_superuser"),
        ({"organisation": "org_1"}, 400, "unknown_field", "organisation"),
        ({"user": 1}, 400, "unknown_field", "user"),
    ],
)
def test_what_nobody_may_write(
    dana: User, bob: User, calls: Calls, body: Any, status: int, code: str, field: str
) -> None:
    danas, pk = calls(dana, "admin"), membership_of(bob).pk
    before = Membership.objects.filter(user=bob).values().get()
    assert refused(danas.patch(f"/members/{pk}", body)) == (status, code, field)
    assert refused(danas.patch(f"/members/{pk}", {"is_author": True, **body}))[1] == code
    assert Membership.objects.filter(user=bob).values().get() == before


def test_a_foreign_team_is_unknown(dana: User, bob: User, charlie: User, calls: Calls) -> None:
    theirs = people.save_team(actor=actor_for(charlie), name="Spies")
    danas, pk = calls(dana, "admin"), membership_of(bob).pk
    answers = [
        danas.patch(f"/members/{pk}", {"primary_team": team})
        for team in (theirs.pk, "team_000000000000000000000000")
    ]
    assert [refused(answer) for answer in answers] == [(404, "not_found", "primary_team")] * 2
    bodies = [answer.json()["error"] | {"request_id": ""} for answer in answers]
    assert bodies[0] == bodies[1]


def test_a_wrong_field_is_told_before_a_missing_team(dana: User, bob: User, calls: Calls) -> None:
    body = {"primary_team": "team_000000000000000000000000", "role": "god"}
    answer = calls(dana, "admin").patch(f"/members/{membership_of(bob).pk}", body)
    assert refused(answer) == (400, "invalid_choice", "role")


def test_a_team_they_are_not_in_does_not_pay(dana: User, bob: User, calls: Calls) -> None:
    danas = calls(dana, "admin")
    brand = danas.post("/teams", {"name": "Brand"}).json()["id"]
    answer = danas.patch(f"/members/{membership_of(bob).pk}", {"primary_team": brand})
    assert refused(answer) == (400, "invalid_value", "primary_team")


@pytest.mark.parametrize("who", ["dana", "alice"])
def test_the_owner_stays(
    request: pytest.FixtureRequest, alice: User, calls: Calls, actions: Actions, who: str
) -> None:
    """Neither another nor the owner takes the last owner away."""
    program, pk = calls(request.getfixturevalue(who), "admin"), membership_of(alice).pk
    actions()
    for answer in (
        program.patch(f"/members/{pk}", {"role": "member"}),
        program.post(f"/members/{pk}/deactivate"),
    ):
        assert refused(answer)[:2] == (403, "forbidden")
    mine = membership_of(alice)
    assert (mine.role, mine.deactivated_at) == ("owner", None)
    assert actions() == [
        ("PATCH api:member", "forbidden"),
        ("POST api:member-deactivate", "forbidden"),
    ]


@pytest.mark.parametrize("who", ["bob", "lena", "erin"])
def test_nobody_raises_themselves(
    request: pytest.FixtureRequest, calls: Calls, actions: Actions, who: str
) -> None:
    user = request.getfixturevalue(who)
    program, mine = calls(user), membership_of(user)
    actions()
    answer = program.patch(f"/members/{mine.pk}", {"role": "admin"})
    assert refused(answer) == (403, "insufficient_scope", None)
    assert membership_of(user).role == mine.role
    assert actions() == [("PATCH api:member", "insufficient_scope")]


def test_a_key_falls_with_the_role(
    dana: User, alice: User, bob: User, calls: Calls, actions: Actions
) -> None:
    """Dana's old key still has the scope, and no longer the right."""
    danas = calls(dana, "admin")
    calls(alice, "admin").patch(f"/members/{membership_of(dana).pk}", {"role": "member"})
    actions()
    answer = danas.patch(f"/members/{membership_of(dana).pk}", {"role": "admin"})
    assert refused(answer) == (403, "forbidden", None)
    assert refused(danas.get("/members")) == (403, "forbidden", None)
    assert actions() == [("PATCH api:member", "forbidden"), ("GET api:members", "forbidden")]


def test_an_auditor_reads(erin: User, bob: User, calls: Calls) -> None:
    erins = calls(erin)
    assert erins.get(f"/members/{membership_of(bob).pk}").json()["name"] == "Bob"
    for verb in ("deactivate", "reactivate"):
        answer = erins.post(f"/members/{membership_of(bob).pk}/{verb}")
        assert refused(answer) == (403, "insufficient_scope", None)


def test_a_member_does_not_list_the_others(bob: User, dana: User, calls: Calls) -> None:
    bobs = calls(bob)
    for path in ("/members", f"/members/{membership_of(dana).pk}"):
        assert refused(bobs.get(path)) == (403, "forbidden", None)


def test_a_foreign_member_is_not_there(dana: User, charlie: User, calls: Calls) -> None:
    danas = calls(dana, "admin")
    for pk in (membership_of(charlie).pk, "mem_000000000000000000000000"):
        for answer in (
            danas.get(f"/members/{pk}"),
            danas.patch(f"/members/{pk}", {"role": "admin"}),
            danas.post(f"/members/{pk}/deactivate"),
            danas.post(f"/members/{pk}/reactivate"),
        ):
            assert refused(answer) == (404, "not_found", None)


def test_an_action_takes_no_body(dana: User, bob: User, calls: Calls) -> None:
    pk = membership_of(bob).pk
    answer = calls(dana, "admin").post(f"/members/{pk}/deactivate", {"reason": "left"})
    assert refused(answer) == (400, "unknown_field", "reason")
    assert membership_of(bob).is_active


def test_who_comes_back_is_as_before(dana: User, alice: User, calls: Calls) -> None:
    """An administrator may not bring back what they could not have given."""
    acme = membership_of(alice).organisation
    gone = membership_of(join(acme, "gina"))
    people.deactivate(actor=actor_for(alice), membership=gone, now=timezone.now())
    shown = calls(dana, "admin").post(f"/members/{gone.pk}/reactivate").json()
    assert (shown["is_active"], shown["role"]) == (True, "member")
    assert ApiKey.objects.filter(owner=gone, revoked_at=None).count() == 0
