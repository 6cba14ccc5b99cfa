"""Every route, for everybody, at everybody's objects. Who may is said in expectations.py."""

import pytest

from tale.admin import site
from tests.matrix import governance, plan
from tests.matrix.asking import ask
from tests.matrix.expectations import CLOSED, DEEDS, LISTS, TABLE
from tests.matrix.judging import Judge
from tests.matrix.plan import Line, checks
from tests.matrix.routes import every_route

pytestmark = pytest.mark.django_db
LINES = plan.merged(plan.read(TABLE), governance.lines(LISTS, DEEDS))
ROUTES = every_route()
KIND_OF = {line.route: line.kind for line in LINES}
ALL_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
WIRES = ("api:", "openai-", "mistral-")
OTHERS = ("admin:", "account_", "/admin/")  # Django's and allauth's take some methods as others


def test_nothing_is_left_unsaid() -> None:
    missing = [*plan.gaps(LINES, ROUTES), *governance.gaps(LISTS, site._registry)]
    assert not missing, "\n".join(["", *missing])


@pytest.mark.parametrize("line", [line for line in LINES if line.route in ROUTES], ids=str)
def test_everybody(judge: Judge, line: Line) -> None:
    faults = list(judge.faults(line, ROUTES[line.route]))
    assert not faults, "\n".join(["", *faults])


@pytest.mark.parametrize("name", [name for name in ROUTES if name in KIND_OF])
def test_no_other_method_does_anything(judge: Judge, name: str) -> None:
    route, world = ROUTES[name], judge.world
    alice = next(actor for actor in plan.BROWSERS if actor.name == "alice")
    ids = world.ids(KIND_OF[name], alice, "own") or {}
    who = world.programs["alice"] if name.startswith(WIRES) else world.browsers["operator"]
    for method in (method for method in ALL_METHODS if method not in route.methods):
        answer = ask(judge.tables, who, method, route.path(ids), after=judge.after)
        assert not answer.changed, f"{method}: changed {answer.changed}"
        assert answer.status < 500, f"{method}: {answer}"
        if method != "OPTIONS" and not name.startswith(OTHERS):
            assert answer.status in (401, 403, 405), f"{method}: {answer}"


def test_each_cannot_has_its_can() -> None:
    lines = plan.read(TABLE)
    opened = {line.route for line in lines if line.own}
    assert {line.route for line in lines} - opened == CLOSED


def test_there_are_many() -> None:
    planned = sum(len(list(checks(line))) for line in LINES)
    print(f"{planned} checks of {len(LINES)} lines")
    assert planned > 7000
