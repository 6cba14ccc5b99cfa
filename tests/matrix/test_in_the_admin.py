"""What the admin does besides showing pages: actions on chosen rows, choices that fill themselves,
filters, searches, and the ids inside its forms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.forms import ModelChoiceField

from accounts.tenancy import Tenant
from tale.admin import site
from tests.matrix.asking import Answer, ask
from tests.matrix.cast import BROWSERS, PEOPLE, Actor, states
from tests.matrix.expectations import ACTIONS
from tests.matrix.forms import changed, filled
from tests.matrix.judging import Judge
from tests.matrix.plan import AT_A_PAGE, HERE
from tests.matrix.world import like, other, stranger_of

pytestmark = pytest.mark.django_db
LISTS = {model._meta.label_lower: found for model, found in site._registry.items()}
OUTSIDERS = [actor for actor in BROWSERS if actor.name in ("bob", "nobody")]
SEEKERS = [actor for actor in BROWSERS if actor.name in ("erin", "operator")]
LISTED = [tuple(line) for line in map(str.split, ACTIONS.splitlines()) if line and line[0] != "#"]


def test_every_action_has_a_line() -> None:
    real = {(name, each[1]) for name, found in LISTS.items() for each in found._get_base_actions()}
    listed = {line[:2] for line in LISTED}
    missing = [
        f"{HERE} lacks an action; say who may:  {' '.join(each)}  governors"
        for each in real - listed
    ]
    assert not missing, "\n".join(["", *sorted(missing)])
    assert listed <= real


@pytest.mark.parametrize(("kind", "action", "who"), LISTED, ids=lambda word: word)
def test_an_action(judge: Judge, kind: str, action: str, who: str) -> None:
    faults = list(_faults_of_action(judge, kind, action, states(who)))
    assert not faults, "\n".join(["", *faults])


def _faults_of_action(judge: Judge, kind: str, action: str, may: frozenset[str]) -> Iterator[str]:
    for actor in BROWSERS:
        own, foreign = _own(judge, kind, action, actor), _foreign(judge, kind, actor)
        for name, chosen in {
            "own": [own],
            "foreign": [foreign],
            "random": [like(foreign)],
            "own and foreign": [own, foreign],
        }.items():
            sent = {"action": action, "_selected_action": chosen, "index": "0", "confirmed": "yes"}
            answer = _post(judge, actor, _list(kind), sent)
            if actor.state not in may:
                usual = AT_A_PAGE.get(actor.state, 403)
                expected = {usual}
            elif name == "own":
                expected = {302}
            else:  # an operator sees the row, and is told that it is not theirs to change
                expected = {302, 404} if actor.state == "operator" else {404}
            if answer.status not in expected:
                yield f"{actor} on {name}: {answer}, expected {expected}"
            is_done = actor.state in may and name == "own"
            if bool(answer.changed) != is_done:
                yield f"{actor} on {name}: {answer.status}, changed {answer.changed or 'nothing'}"


def _own(judge: Judge, kind: str, action: str, actor: Actor) -> Any:
    home = actor.home if actor.home in PEOPLE else "acme"
    return judge.world.objects["leaver" if action == "switch_on" else kind][home]["pk"]


def _foreign(judge: Judge, kind: str, actor: Actor) -> Any:
    return judge.world.objects[kind][other(actor.home)]["pk"]


RELATIONS = [
    (model._meta.app_label, model._meta.model_name, field.name)
    for model in apps.get_models(include_auto_created=True)
    for field in model._meta.get_fields(include_hidden=False)
    if field.is_relation and not field.auto_created
]


@pytest.mark.parametrize("app", sorted({app for app, _model, _field in RELATIONS}))
def test_a_choice_offers_nothing_foreign(judge: Judge, app: str) -> None:
    """Django fills a choice for any relation of any model, on the page of a form or not."""
    filled_in = 0
    for _app, model, field in (each for each in RELATIONS if each[0] == app):
        asked = {"app_label": app, "model_name": model, "field_name": field, "term": ""}
        for actor in (*SEEKERS, *OUTSIDERS):
            answer = _get(judge, actor, "/admin/autocomplete/", asked)
            where = f"{actor} fills {app}.{model}.{field}"
            entered = actor.state in states("overseers")
            allowed = {200, 403, 404} if entered else {AT_A_PAGE.get(actor.state, 403)}
            assert answer.status in allowed, f"{where}: {answer}"
            assert not list(judge.leaks(actor, answer)), where
            assert not answer.changed, where
            filled_in += answer.status == 200 and '"id"' in answer.body
    assert filled_in or app != "accounts", "no choice was filled at all: this test shows nothing"


@pytest.mark.parametrize("kind", LISTS)
def test_a_filter_finds_nothing_foreign(judge: Judge, kind: str) -> None:
    model = LISTS[kind].model
    for actor in SEEKERS:
        foreign = _foreign(judge, kind, actor)
        strangers = judge.world.organisations[other(actor.home)].pk
        for name, value in _questions(model, foreign, strangers, stranger_of(actor)):
            answer = _get(judge, actor, _list(kind), {name: value})
            where = f"{actor} asks {kind} for ?{name}={value}"
            may_see = actor.state == "operator" or kind != "accounts.user"
            assert answer.status in ({200, 302, 400} if may_see else {403}), f"{where}: {answer}"
            assert not list(judge.leaks(actor, answer, asked=str(value))), where
            assert not answer.changed, where


def _questions(model: Any, pk: Any, organisation: str, name: str) -> Iterator[tuple[str, Any]]:
    yield from (("q", name), ("q", pk), ("q", organisation), ("of", organisation))
    yield from (("_to_field", "organisation"), ("_popup", "1"), ("o", "-1.2"), ("e", "1"))
    for field in model._meta.get_fields():
        value = organisation if field.is_relation else pk
        yield field.name, value
        if field.is_relation:
            yield f"{field.name}__organisation", organisation


FORMS = [
    (kind, deed)
    for kind, found in LISTS.items()
    for deed, may in (
        ("add", found.adds and found.right),
        ("change", found.changes and found.right),
    )
    if may
]


@pytest.mark.parametrize(("kind", "deed"), FORMS, ids=lambda word: word)
def test_a_form_takes_no_foreign_id(judge: Judge, kind: str, deed: str) -> None:
    alice = next(actor for actor in BROWSERS if actor.name == "alice")
    path, page, sent = _form(judge, kind, deed, alice)
    plain: Answer | None = None
    for name, model, along in _choices(page):
        own, foreign = _row_of(judge, model, "acme"), _row_of(judge, model, "rival")
        for value in (foreign, like(foreign)):
            answer = _post(judge, alice, path, changed(sent, **{**along, name: value}))
            where = f"{kind} {deed}: {name}={value}"
            if name.endswith("-id"):  # of a row that nobody changes it is not even read
                plain = plain or _post(judge, alice, path, sent)
                assert answer.changed in ([], plain.changed), where
                continue
            assert not answer.changed, f"{where}: changed {answer.changed}"
            assert answer.status in (200, 400, 404), f"{where}: {answer}"
            assert not list(judge.leaks(alice, answer, asked=str(value))), where
        assert own != foreign


@pytest.mark.parametrize(("kind", "deed"), FORMS, ids=lambda word: word)
def test_a_form_takes_no_field_that_is_not_on_it(judge: Judge, kind: str, deed: str) -> None:
    alice = next(actor for actor in BROWSERS if actor.name == "alice")
    path, page, sent = _form(judge, kind, deed, alice)
    on_it = set(page.context["adminform"].form.fields)
    strange = {
        name for field in LISTS[kind].model._meta.fields for name in (field.name, field.attname)
    }
    for name in sorted(strange - on_it):
        answer = _post(judge, alice, path, changed(sent, **{name: "rival"}))
        where = f"{kind} {deed}: {name}"
        assert (answer.status, answer.code) == (403, "field_not_allowed"), f"{where}: {answer}"
        assert not answer.changed, where


def _form(judge: Judge, kind: str, deed: str, actor: Actor) -> tuple[str, Answer, Any]:
    row = f"{judge.world.objects[kind]['acme']['pk']}/change" if deed == "change" else "add"
    path = f"{_list(kind)}{row}/"
    if kind == "accounts.user":
        actor = next(each for each in BROWSERS if each.state == "operator")
    page = _get(judge, actor, path, {})
    assert page.status == 200, f"{path}: {page}"
    return path, page, judge.fill(kind, deed, filled(page.body))


def _choices(page: Answer) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Every field of the page that names a row of an organisation, those of its inlines too, and
    what must be sent along so that it is read."""
    for name, model in _relations(page.context["adminform"].form):
        yield name, model, {}
    for inline in page.context["inline_admin_formsets"]:
        shown = inline.formset
        for form in shown.initial_forms:
            yield from ((name, model, {}) for name, model in _relations(form))
        there = shown.total_form_count()
        one_more = {f"{shown.prefix}-TOTAL_FORMS": there + 1}
        for name, model in _relations(shown.empty_form):
            if not name.endswith("-id"):  # of a row that is not there yet, it is not read
                yield name.replace("__prefix__", str(there)), model, one_more


def _relations(form: Any) -> Iterator[tuple[str, Any]]:
    for name, field in form.fields.items():
        if isinstance(field, ModelChoiceField) and issubclass(field.queryset.model, Tenant):
            yield form.add_prefix(name), field.queryset.model


def _row_of(judge: Judge, model: Any, home: str) -> Any:
    return model.objects.of(judge.world.organisations[home]).values_list("pk", flat=True)[0]


def _list(kind: str) -> str:
    return f"/admin/{kind.replace('.', '/')}/"


def _get(judge: Judge, actor: Actor, path: str, asked: dict[str, Any]) -> Answer:
    return ask(judge.tables, judge.world.browsers[actor.name], "GET", path, asked)


def _post(judge: Judge, actor: Actor, path: str, sent: Any) -> Answer:
    return ask(
        judge.tables, judge.world.browsers[actor.name], "POST", path, sent, after=judge.after
    )
