"""Ids inside of bodies and of questions: where another organisation's things are reached for."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from rest_framework.serializers import BaseSerializer, ListSerializer

from tale.lib.resource import OneOf, Resource
from tests.matrix import plan
from tests.matrix.asking import Answer, ask
from tests.matrix.cast import Actor
from tests.matrix.expectations import IDS, TABLE
from tests.matrix.judging import Judge
from tests.matrix.plan import HERE, Line
from tests.matrix.routes import Route, every_route
from tests.matrix.sent import SENT
from tests.matrix.world import like

pytestmark = pytest.mark.django_db
LINES = {(line.route, line.method): line for line in plan.read(TABLE)}
ROUTES = every_route()
LISTED = [tuple(line) for line in map(str.split, IDS.splitlines()) if line and line[0] != "#"]
OURS = ("accounts.", "chats.", "assistants.", "policies.", "providers.", "analytics.", "tale.")
PAGES = {"accounts.forms.KeyForm": ("accounts:keys", "POST")}  # the route that reads a form


def test_every_id_has_a_line() -> None:
    real = {*_of_programs(), *_of_pages()}
    lacking = [
        f"{HERE} lacks an id; say what it names:  {' '.join(each)}"
        for each in sorted(real - {line[:3] for line in LISTED})
    ]
    assert not lacking, "\n".join(["", *lacking])
    assert {line[:2] for line in LISTED} <= LINES.keys()


@pytest.mark.parametrize(("route", "method", "field", "kind"), LISTED, ids=lambda word: word)
def test_a_foreign_id_is_refused(
    judge: Judge, route: str, method: str, field: str, kind: str
) -> None:
    line = LINES[route, method]
    own, foreign = (judge.world.objects[kind][home]["pk"] for home in ("acme", "rival"))
    taken = _send(judge, line, field, own)
    assert taken.status == line.status, f"one's own: {taken}"
    refused = [_send(judge, line, field, value) for value in (foreign, like(foreign))]
    for answer in refused:
        assert answer.status in (400, 403, 404), answer
        assert answer.code
        assert not answer.changed
        assert "done" not in answer.told
    assert len({answer.without(own) for answer in refused}) == 1
    assert not list(judge.leaks(_alice(line), refused[0], asked=foreign))


@pytest.mark.parametrize("name", [name for name in ROUTES if name.startswith("api:")])
def test_a_question_finds_nothing_foreign(judge: Judge, name: str) -> None:
    line = LINES.get((name, "GET"))
    if line is None or line.kind != "-" or not issubclass(_resource(ROUTES[name]), Resource):
        return
    alice = _alice(line)
    for field in _resource(ROUTES[name]).operations()["GET"].query().fields:
        for value in _one_of_each(judge.world.marks["rival"]):
            answer = _ask(judge, line, ROUTES[name].path({}), {field: value})
            assert answer.status in (200, 400), f"?{field}={value}: {answer}"
            assert not list(judge.leaks(alice, answer, asked=value)), f"?{field}={value}"
            if answer.status == 400:
                break  # no text is taken here, so neither are the others


def _one_of_each(marks: frozenset[str]) -> list[str]:
    return list({mark.partition("_")[0]: mark for mark in sorted(marks)}.values())


def _send(judge: Judge, line: Line, field: str, value: Any) -> Answer:
    alice = _alice(line)
    sender = SENT.get(str(line))
    sent = copy.deepcopy(sender(judge.world, alice)) if sender else {}
    _put(sent, field, value)
    ids = judge.world.ids(line.kind, alice, "own")
    assert ids is not None
    return _ask(judge, line, ROUTES[line.route].path(ids), sent)


def _ask(judge: Judge, line: Line, path: str, sent: Any) -> Answer:
    known = judge.world.programs if line.is_wire else judge.world.browsers
    json = line.is_wire and line.method != "GET"
    return ask(
        judge.tables, known["alice"], line.method, path, sent, as_json=json, after=judge.after
    )


def _put(sent: dict[str, Any], field: str, value: Any) -> None:
    """`members.member`: of the first of the members."""
    first, _, rest = field.partition(".")
    if rest:
        _put(sent[first][0], rest, value)
    else:
        sent[first] = value


def _alice(line: Line) -> Actor:
    return next(actor for actor in line.cast if actor.name == "alice")


def _of_programs() -> Iterator[tuple[str, str, str]]:
    for name, route in ROUTES.items():
        if issubclass(_resource(route), Resource):
            for method, operation in _resource(route).operations().items():
                for field in _relations(operation.takes()):
                    yield name, method, field


def _resource(route: Route) -> type:
    return getattr(route.view, "cls", object)


def _relations(body: BaseSerializer[Any], before: str = "") -> Iterator[str]:
    """What is looked up among the rows of somebody, however deep it is written."""
    for name, field in getattr(body, "fields", {}).items():
        if field.read_only:
            continue
        inner = getattr(field, "child", field)
        if isinstance(inner, BaseSerializer):
            inner = inner.child if isinstance(inner, ListSerializer) else inner
            yield from _relations(inner, f"{before}{name}.")
        elif isinstance(field, OneOf) or _names_a_row(str(field.source)):
            yield f"{before}{name}"


def _names_a_row(column: str) -> bool:
    return column.endswith("_id") and column != "remote_id"  # the provider's own name of a model


def _of_pages() -> Iterator[tuple[str, str, str]]:
    for form in _forms(forms.Form):
        if form.__module__.startswith(OURS) and "admin" not in form.__module__:
            for name, field in form.base_fields.items():
                if isinstance(field, forms.ModelChoiceField):
                    at = PAGES.get(f"{form.__module__}.{form.__name__}", (str(form), "?"))
                    yield (*at, name)


def _forms(kind: type) -> Iterator[Any]:
    for each in kind.__subclasses__():
        yield each
        yield from _forms(each)
