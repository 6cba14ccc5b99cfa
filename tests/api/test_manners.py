"""What every address has in common: methods, pages, revisions, addresses that are none."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import people
from accounts.actor import Actor
from accounts.models import Organisation, Team, User
from tests.api.conftest import Caller, refused
from tests.people import actor_for, join, membership_of, owner_of

Calls = Callable[..., Caller]
ALLOWED = {
    "/me": "GET, HEAD, OPTIONS",
    "/organisation": "GET, PATCH, HEAD, OPTIONS",
    "/teams": "GET, POST, HEAD, OPTIONS",
    "/teams/x": "GET, PATCH, DELETE, HEAD, OPTIONS",
    "/teams/x/members": "PUT, OPTIONS",
    "/members": "GET, HEAD, OPTIONS",
    "/members/x": "GET, PATCH, HEAD, OPTIONS",
    "/members/x/deactivate": "POST, OPTIONS",
    "/members/x/reactivate": "POST, OPTIONS",
    "/invitations": "GET, POST, HEAD, OPTIONS",
    "/invitations/x": "GET, DELETE, HEAD, OPTIONS",
    "/keys": "GET, POST, HEAD, OPTIONS",
    "/keys/x": "GET, DELETE, HEAD, OPTIONS",
    "/audit": "GET, HEAD, OPTIONS",
    "/audit/export": "GET, HEAD, OPTIONS",
    "/budgets": "GET, HEAD, OPTIONS",
    "/budgets/x": "GET, HEAD, OPTIONS",
    "/entries": "GET, HEAD, OPTIONS",
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE")


@pytest.fixture
def danas(dana: User, calls: Calls) -> Caller:
    return calls(dana, "admin")


@pytest.mark.parametrize("path", ALLOWED)
def test_methods(danas: Caller, path: str) -> None:
    allowed = {name.strip() for name in ALLOWED[path].split(",")}
    said = danas.options(path)
    assert (said.status_code, said.content) == (204, b"")
    assert {name.strip() for name in said.headers["Allow"].split(",")} >= allowed - {"HEAD"}
    for method in METHODS:
        if method in allowed:
            continue
        answer = danas.generic(method, f"/api/v1{path}")
        assert answer.status_code == 405, method
        assert answer.headers["X-Error-Code"] == "method_not_allowed"
        assert {name.strip() for name in answer.headers["Allow"].split(",")} >= allowed - {"HEAD"}


def test_head_is_get_without_a_body(danas: Caller, design: Team) -> None:
    for path in ("/me", "/teams", f"/teams/{design.pk}", "/audit"):
        got, head = danas.get(path), danas.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers.get("ETag", "").startswith("W/") == ("ETag" in got.headers)


@pytest.mark.parametrize(
    "path",
    ["", "/", "/teams/", "//teams", "/Teams", "/team", "/teams/x/y", "/teams/x%2Fy", "/teams/%00"],
)
def test_no_such_address(danas: Caller, path: str) -> None:
    assert refused(danas.get(path)) == (404, "not_found", None)


def test_ids_of_another_kind(danas: Caller, dana: User, design: Team) -> None:
    for path in (
        f"/teams/{membership_of(dana).pk}",
        f"/members/{design.pk}",
        f"/keys/{design.pk}",
        f"/invitations/{design.pk}",
        f"/teams/{design.pk.upper()}",
        f"/teams/{design.pk}%20",
        "/teams/" + "x" * 3000,
    ):
        assert refused(danas.get(path)) == (404, "not_found", None)


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "text/csv"])
def test_it_speaks_json_alone(danas: Caller, accept: str) -> None:
    answer = danas.get("/teams", headers={"Accept": accept})
    assert refused(answer) == (406, "not_acceptable", None)


@pytest.mark.parametrize(
    "asked", ["?format=json", "?format=xml", "?page=2", "?expand=members", "?_method=DELETE"]
)
def test_unknown_parameters(danas: Caller, design: Team, asked: str) -> None:
    field = asked.partition("=")[0].strip("?")
    for answer in (
        danas.get(f"/teams{asked}"),
        danas.get(f"/teams/{design.pk}{asked}"),
        danas.post(f"/teams{asked}", {"name": "x"}),
        danas.delete(f"/teams/{design.pk}{asked}"),
    ):
        assert refused(answer) == (400, "unknown_parameter", field)
    assert Team.objects.of(design.organisation).count() == 1


# Pages


@pytest.fixture
def seven(alice: User) -> list[str]:
    actor = actor_for(alice)
    return sorted(people.save_team(actor=actor, name=f"Team {n}").pk for n in range(7))


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8, 100])
def test_pages_hold_each_row_once(danas: Caller, seven: list[str], limit: int) -> None:
    found, cursor = [], ""
    while cursor is not None:
        page = danas.get(f"/teams?limit={limit}{cursor and f'&cursor={cursor}'}").json()
        assert 0 < len(page["data"]) <= limit
        found += [team["id"] for team in page["data"]]
        cursor = page["next_cursor"]
    assert found == seven


def test_rows_may_come_and_go(danas: Caller, alice: User, seven: list[str]) -> None:
    first = danas.get("/teams?limit=3").json()
    danas.delete(f"/teams/{seven[0]}")
    danas.delete(f"/teams/{seven[2]}")  # the row the cursor points at
    people.save_team(actor=actor_for(alice), name="Late")
    rest = danas.get(f"/teams?cursor={first['next_cursor']}").json()
    assert [team["id"] for team in rest["data"]][:4] == seven[3:]
    assert len(rest["data"]) == 5


def test_a_page_is_25(danas: Caller, alice: User) -> None:
    for n in range(26):
        people.save_team(actor=actor_for(alice), name=f"Team {n}")
    page = danas.get("/teams").json()
    assert len(page["data"]) == 25
    assert page["next_cursor"]


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ("0", "out_of_range"),
        ("-1", "out_of_range"),
        ("101", "out_of_range"),
        ("999999999999999999", "out_of_range"),
        ("99999999999999999999999", "invalid_number"),
        ("", "invalid_number"),
        ("ten", "invalid_number"),
        ("1.0", "invalid_number"),
        ("1e1", "invalid_number"),
        ("%2B5", "invalid_number"),
        ("5%20", "invalid_number"),
        ("1_0", "invalid_number"),
        ("٣", "invalid_number"),
        ("true", "invalid_number"),
        ("5%00", "invalid_number"),
    ],
)
def test_limits_that_are_none(danas: Caller, limit: str, code: str) -> None:
    assert refused(danas.get(f"/teams?limit={limit}")) == (400, code, "limit")


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "!!!!",
        "né",
        encoded("mem_000000000000000000000000"),
        encoded("team_' OR 1=1 --"),
        encoded("team_\x00"),
        encoded("17"),
        encoded("team_" + "0" * 60),
        "A" * 200,
    ],
)
def test_cursors_that_are_none(danas: Caller, cursor: str) -> None:
    assert refused(danas.get(f"/teams?cursor={cursor}")) == (400, "invalid_cursor", "cursor")


@pytest.mark.parametrize("cursor", [encoded("team_1"), encoded("x"), encoded("9" * 30)])
def test_cursors_of_the_audit(danas: Caller, cursor: str) -> None:
    assert danas.get(f"/audit?cursor={encoded('3')}").json()["data"][0]["seq"] == 2
    assert refused(danas.get(f"/audit?cursor={cursor}")) == (400, "invalid_cursor", "cursor")


def test_a_cursor_shows_nothing_of_others(danas: Caller, seven: list[str], charlie: User) -> None:
    theirs = people.save_team(actor=actor_for(charlie), name="Spies").pk
    page = danas.get(f"/teams?cursor={encoded('team_0')}").json()
    assert theirs not in [team["id"] for team in page["data"]]


@pytest.mark.parametrize("path", ["/teams", "/members", "/keys", "/audit"])
def test_more_rows_ask_no_more_questions(
    danas: Caller, acme: Organisation, calls: Calls, path: str
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert danas.get(f"{path}?limit=100").json()["data"]
        return len(queries)

    team = people.save_team(actor=owners_actor(acme), name="First")
    calls(join(acme, "gina", team=team, leads=True))
    asked()  # what is remembered from now on
    few = asked()
    for name in ("hugo", "ines", "jack", "kate"):
        other = people.save_team(actor=owners_actor(acme), name=name)
        calls(join(acme, name, team=other, leads=True))
    assert asked() == few


def owners_actor(acme: Organisation) -> Actor:
    return actor_for(owner_of(acme))


# Revisions


def test_an_etag_is_the_content(danas: Caller, design: Team) -> None:
    path = f"/teams/{design.pk}"
    first = danas.get(path).headers["ETag"]
    assert danas.get(path).headers["ETag"] == first
    changed = danas.patch(path, {"name": "Brand"}).headers["ETag"]
    assert changed != first
    assert danas.get(path).headers["ETag"] == changed
    assert danas.patch(path, {"name": "Design"}).headers["ETag"] == first


@pytest.mark.parametrize("spelt", ["{tag}", '"other", {tag}', "*", "{strong}"])
def test_a_change_of_what_was_read(danas: Caller, design: Team, spelt: str) -> None:
    tag = danas.get(f"/teams/{design.pk}").headers["ETag"]
    header = spelt.format(tag=tag, strong=tag.removeprefix("W/"))
    answer = danas.patch(f"/teams/{design.pk}", {"name": "X"}, headers={"If-Match": header})
    assert answer.json()["name"] == "X"


def test_a_change_of_what_was_changed(
    danas: Caller, dana: User, bob: User, acme: Organisation, design: Team
) -> None:
    """Each change is against what was read, or it is none."""
    member = f"/members/{membership_of(bob).pk}"
    for path, change, attempt in (
        ("/organisation", {"name": "New"}, lambda h: danas.patch("/organisation", {}, headers=h)),
        (member, {"is_author": True}, lambda h: danas.patch(member, {"role": "admin"}, headers=h)),
        (member, {"is_author": False}, lambda h: danas.post(f"{member}/deactivate", headers=h)),
        (
            f"/teams/{design.pk}",
            {"name": "Brand"},
            lambda h: danas.put(f"/teams/{design.pk}/members", {"members": []}, headers=h),
        ),
        (
            f"/teams/{design.pk}",
            {"name": "Design"},
            lambda h: danas.delete(f"/teams/{design.pk}", headers=h),
        ),
    ):
        stale = {"If-Match": danas.get(path).headers["ETag"]}
        danas.patch(path, change)
        assert refused(attempt(stale)) == (412, "revision_conflict", None)
    mine = membership_of(bob)
    assert (mine.role, mine.deactivated_at) == ("member", None)
    assert mine.teams.filter(team=design).count() == 1


@pytest.mark.parametrize("header", ["", "abc", "W/", "W/abc", '"'])
def test_a_tag_that_is_none(danas: Caller, design: Team, header: str) -> None:
    sent: Any = {"If-Match": header}
    answer = danas.patch(f"/teams/{design.pk}", {"name": "X"}, headers=sent)
    assert refused(answer) == (400, "invalid_header", "If-Match")
    assert Team.objects.of(design.organisation).filter(name="Design").count() == 1


def test_a_row_that_is_not_there_matches_nothing(danas: Caller) -> None:
    answer = danas.patch("/teams/team_0", {"name": "X"}, headers={"If-Match": "*"})
    assert refused(answer) == (404, "not_found", None)
