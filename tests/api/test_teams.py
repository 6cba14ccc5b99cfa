from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import ApiKey, Team, TeamMember, User
from tests.api.conftest import Caller, refused
from tests.people import actor_for, join, membership_of

Calls = Callable[..., Caller]
Actions = Callable[[], list[tuple[str, str]]]


def test_it_works(dana: User, design: Team, calls: Calls, actions: Actions) -> None:
    danas = calls(dana, "admin")
    actions()
    made = danas.post("/teams", {"name": "  Brand "})
    assert made.status_code == 201
    brand = made.json()
    assert (brand["name"], brand["members"]) == ("Brand", [])
    assert made.headers["Location"] == f"/api/v1/teams/{brand['id']}"
    assert danas.get(f"/teams/{brand['id']}").json() == brand
    listed = danas.get("/teams").json()
    assert [team["id"] for team in listed["data"]] == [design.pk, brand["id"]]
    assert listed["next_cursor"] is None
    renamed = danas.patch(f"/teams/{brand['id']}", {"name": "Words"})
    assert renamed.json() == brand | {"name": "Words"}
    assert danas.delete(f"/teams/{brand['id']}").status_code == 204
    assert refused(danas.get(f"/teams/{brand['id']}")) == (404, "not_found", None)
    assert actions() == [
        ("team.created", "done"),
        ("team.changed", "done"),
        ("team.deleted", "done"),
    ]


def test_who_is_in_it(dana: User, lena: User, bob: User, design: Team, calls: Calls) -> None:
    danas = calls(dana, "admin")
    lead = {"member": membership_of(lena).pk, "is_lead": True}
    members = {"members": [lead, {"member": membership_of(dana).pk}]}
    shown = danas.put(f"/teams/{design.pk}/members", members).json()
    assert shown["members"] == [lead, {"member": membership_of(dana).pk, "is_lead": False}]
    left = membership_of(bob)
    assert left.primary_team is None
    assert not left.teams.filter(membership=left)
    assert danas.put(f"/teams/{design.pk}/members", {"members": []}).json()["members"] == []


def test_a_member_sees_their_own_teams(bob: User, dana: User, design: Team, calls: Calls) -> None:
    other = calls(dana, "admin").post("/teams", {"name": "Brand"}).json()
    bobs = calls(bob)
    assert [team["id"] for team in bobs.get("/teams").json()["data"]] == [design.pk]
    assert refused(bobs.get(f"/teams/{other['id']}")) == (404, "not_found", None)


def test_a_change_of_nothing_leaves_no_line(
    dana: User, design: Team, calls: Calls, actions: Actions
) -> None:
    danas = calls(dana, "admin")
    actions()
    for body in ({}, {"name": "Design"}):
        assert danas.patch(f"/teams/{design.pk}", body).json()["name"] == "Design"
    assert actions() == []


@pytest.mark.parametrize("name", ["Design", "DESIGN", " design "])
def test_a_name_is_taken_once(dana: User, design: Team, calls: Calls, name: str) -> None:
    danas = calls(dana, "admin")
    assert refused(danas.post("/teams", {"name": name})) == (409, "already_exists", "name")
    brand = danas.post("/teams", {"name": "Brand"}).json()
    taken = danas.patch(f"/teams/{brand['id']}", {"name": name})
    assert refused(taken) == (409, "already_exists", "name")
    assert Team.objects.filter(organisation=design.organisation).count() == 2


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, ("required", "members")),
        ({"members": None}, ("null_not_allowed", "members")),
        ({"members": {}}, ("invalid_type", "members")),
        ({"members": "mem_1"}, ("invalid_type", "members")),
        ({"members": ["mem_1"]}, ("invalid_type", "members[0]")),
        ({"members": [{}]}, ("required", "members[0].member")),
        ({"members": [{"member": "bob", "is_lead": 1}]}, ("invalid_type", "members[0].is_lead")),
        ({"members": [{"member": "bob", "lead": True}]}, ("unknown_field", "members[0].lead")),
        ({"members": [{"member": "bob"}, {"member": "bob"}]}, ("invalid_value", "members")),
        ({"members": [{"member": "bob"}] * 1001}, ("too_many_items", "members")),
    ],
)
def test_members_that_are_none(
    dana: User, bob: User, design: Team, calls: Calls, body: Any, fault: tuple[str, str]
) -> None:
    status, *found = refused(calls(dana, "admin").put(f"/teams/{design.pk}/members", body))
    assert (status, *found) == (400, *fault)
    assert TeamMember.objects.filter(team=design).count() == 1


def test_a_foreign_member_is_nobody(
    dana: User, bob: User, charlie: User, design: Team, calls: Calls
) -> None:
    danas = calls(dana, "admin")
    answers = []
    for stranger in (membership_of(charlie).pk, "mem_000000000000000000000000"):
        sent = {"members": [{"member": membership_of(bob).pk}, {"member": stranger}]}
        answer = danas.put(f"/teams/{design.pk}/members", sent)
        assert refused(answer) == (404, "not_found", "members")
        answers.append(answer.json()["error"] | {"request_id": ""})
    assert answers[0] == answers[1]
    assert TeamMember.objects.filter(team=design).count() == 1


def test_a_foreign_team_is_not_there(dana: User, charlie: User, calls: Calls) -> None:
    theirs = calls(charlie, "admin").post("/teams", {"name": "Spies"}).json()["id"]
    danas = calls(dana, "admin")
    for pk in (theirs, "team_000000000000000000000000"):
        for answer in (
            danas.get(f"/teams/{pk}"),
            danas.patch(f"/teams/{pk}", {"name": "Ours"}),
            danas.put(f"/teams/{pk}/members", {"members": []}),
            danas.delete(f"/teams/{pk}"),
        ):
            assert refused(answer) == (404, "not_found", None)
    assert Team.objects.filter(organisation=membership_of(charlie).organisation, name="Spies")


def test_a_team_that_goes_takes_its_bills_along(
    dana: User, bob: User, design: Team, calls: Calls, key_for: Callable[..., Any]
) -> None:
    key = key_for(bob, team=design).row
    assert calls(dana, "admin").delete(f"/teams/{design.pk}").status_code == 204
    assert membership_of(bob).primary_team is None
    assert ApiKey.objects.filter(owner=key.owner, team=None).count() == 1


def test_a_lead_is_no_administrator(lena: User, design: Team, calls: Calls) -> None:
    answer = calls(lena).patch(f"/teams/{design.pk}", {"name": "Mine"})
    assert refused(answer) == (403, "insufficient_scope", None)


def test_who_left_may_be_in_no_team(dana: User, acme: Any, design: Team, calls: Calls) -> None:
    gone = membership_of(join(acme, "gina", team=design))
    danas = calls(dana, "admin")
    danas.post(f"/members/{gone.pk}/deactivate")
    danas.put(f"/teams/{design.pk}/members", {"members": [{"member": gone.pk}]})
    assert not actor_for(gone.user).rights
