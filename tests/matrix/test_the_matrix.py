"""The matrix goes red when it should: a planted route, a planted hole of each kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_POST
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import people, permissions
from accounts import views as doors
from accounts.actor import Actor
from accounts.admin_base.scope import Scoped
from chats import views
from chats.access import chat_for
from chats.models import Chat
from tale.api import errors
from tale.edges import refusing
from tale.lib.refusals import NotFound
from tests.matrix import plan
from tests.matrix.judging import Judge
from tests.matrix.routes import every_route
from tests.matrix.test_ids import test_a_foreign_id_is_refused as the_ids
from tests.matrix.test_in_the_admin import test_a_choice_offers_nothing_foreign as the_choices
from tests.matrix.test_matrix import LINES, ROUTES

pytestmark = pytest.mark.django_db
PATCH = pytest.MonkeyPatch


def _view(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


class _Wire(APIView):
    def get(self, request: Request) -> Response:
        return Response()

    def delete(self, request: Request) -> Response:
        return Response()


@pytest.mark.parametrize(
    ("view", "lacking"),
    [
        (_view, ["planted  GET", "planted  POST"]),
        (require_POST(_view), ["planted  POST"]),
        (_Wire.as_view(), ["planted  DELETE", "planted  GET"]),
    ],
)
def test_a_route_without_a_line_is_named(view: Any, lacking: list[str]) -> None:
    found = plan.gaps([], every_route((path("planted", view, name="planted"),)))
    assert len(found) == len(lacking)
    assert all(line in gap for line, gap in zip(lacking, found, strict=True))


def test_a_line_without_a_route_is_named() -> None:
    (line,) = plan.read("gone GET - people 200 -")
    assert plan.gaps([line], {}) == [
        "tests/matrix/expectations.py speaks of gone GET: no such route"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "chats:chat GET chat people",
        "chats:chat GET chat peeple 200 -",
        "a GET - people 200 - x=y=z",
    ],
)
def test_a_line_that_cannot_be_read_is_shown(text: str) -> None:
    with pytest.raises(ValueError, match="cannot read"):
        plan.read(text)


def any_chat(actor: Actor, chat_id: str) -> Chat:
    return Chat.unscoped.get(pk=chat_id)


def no_chat(actor: Actor, chat_id: str) -> Chat:
    raise NotFound


def chat_named_in_refusal(actor: Actor, chat_id: str) -> Chat:
    try:
        return chat_for(actor, chat_id)
    except NotFound:
        there = Chat.unscoped.filter(pk=chat_id).exists()
        raise NotFound("", "not yours" if there else "not there") from None


def chat_that_is_counted_first(actor: Actor, chat_id: str) -> Chat:
    Chat.unscoped.filter(pk=chat_id).update(title="asked for")
    return chat_for(actor, chat_id)


def everyones_chats(actor: Actor) -> list[Chat]:
    return list(Chat.unscoped.all())


@pytest.mark.parametrize(
    ("name", "hole", "said"),
    [
        ("chat_for", any_chat, "bob (member) at foreign chat: 200, expected 404"),
        ("chat_for", any_chat, "bob (member) at mate chat: 200, expected 404"),
        ("chat_for", no_chat, "bob (member) at own chat: 404 not_found, expected 200"),
        ("chat_for", chat_named_in_refusal, "bob (member) at random chat: tells it from others"),
        ("chat_for", chat_that_is_counted_first, "yet changed chats_chat"),
        ("chats_of", everyones_chats, "which is another organisation's"),
        ("chats_of", everyones_chats, "shows a chat of a team mate"),
    ],
)
def test_a_hole_in_a_page(
    judge: Judge, monkeypatch: PATCH, name: str, hole: Callable[..., Any], said: str
) -> None:
    monkeypatch.setattr(views, name, hole)
    assert said in faults_of(judge, "chats:chat", "GET")


def test_a_yes_that_does_nothing(judge: Judge, monkeypatch: PATCH) -> None:
    monkeypatch.setattr(people, "delete_team", lambda **_asked: None)
    assert "at own team: let in, and changed nothing" in faults_of(judge, "api:team", "DELETE")


def test_a_right_that_nobody_asks_for(judge: Judge, monkeypatch: PATCH) -> None:
    monkeypatch.setattr(Actor, "require", lambda *_asked, **_more: None)
    found = faults_of(judge, "api:team", "DELETE")
    assert "bob (member) at own team: 204, expected 403" in found
    assert "alice's lesser key (unscoped) at own team: 204, expected 403" in found


def test_a_global_permission_that_counts(judge: Judge, monkeypatch: PATCH) -> None:
    def granted(user: Any, organisation: Any) -> set[str]:
        return {grant.codename for grant in user.user_permissions.all()}

    monkeypatch.setattr(permissions, "_granted", granted)
    assert "lena (lead) at the door: 200, expected 403" in faults_of(judge, "api:members", "GET")


@pytest.mark.parametrize(
    ("room", "route", "method"),
    [(refusing, "admin:index", "GET"), (errors, "api:members", "GET")],
)
def test_a_refusal_nobody_is_told_of(
    judge: Judge, monkeypatch: PATCH, room: Any, route: str, method: str
) -> None:
    monkeypatch.setattr(room, "witness", lambda *_asked: None)
    said = "bob (member) at the door: refused as forbidden, and the audit was told []"
    wire = said.replace("as forbidden", "as insufficient_scope")
    assert {said, wire} & {
        *faults_of(judge, route, method).replace(f"{route} {method}: ", "").splitlines()
    }


def test_a_list_of_every_organisation(judge: Judge, monkeypatch: PATCH) -> None:
    monkeypatch.setattr(Scoped, "rows_of", lambda self, organisation: self.every_row())
    found = faults_of(judge, "admin:accounts_team_changelist", "GET")
    assert "dana (admin) at the door: shows " in found
    with pytest.raises(AssertionError, match="fills accounts"):
        the_choices(judge, "accounts")


def test_an_id_that_is_taken_as_it_comes(judge: Judge, monkeypatch: PATCH) -> None:
    def enter(request: HttpRequest, organisation_id: str) -> None:
        request.session["organisation"] = organisation_id

    monkeypatch.setattr(doors, "enter", enter)
    with pytest.raises(AssertionError):
        the_ids(judge, "accounts:switch", "POST", "organisation", "accounts.organisation")


def faults_of(judge: Judge, route: str, method: str) -> str:
    line = next(line for line in LINES if (line.route, line.method) == (route, method))
    return "\n".join(judge.faults(line, ROUTES[route]))
