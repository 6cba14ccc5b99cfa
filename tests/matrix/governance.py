"""The admin's own little language: one line for each list, for what Django makes of a list.

list     see: the list, a row, its history     add, change, delete: the forms, and sending them
operator sees the rows of every organisation, and changes those of the one they are in
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import ModelAdmin

from tests.matrix.cast import states
from tests.matrix.plan import HERE, Line


def read(table: str) -> list[list[str]]:
    lines = [line.split() for line in table.splitlines()]
    return [line for line in lines if line and line[0] != "#"]


def lines(lists: str, deeds: str) -> Iterator[Line]:
    for name, see, add, change, delete in read(lists):
        yield from _lines(name, *map(states, (see, add, change, delete)))
    for name, deed, kind, who in read(deeds):
        yield from _pages_of(name, deed, name if kind == "-" else kind, states(who))


def _lines(
    name: str,
    see: frozenset[str],
    add: frozenset[str],
    change: frozenset[str],
    delete: frozenset[str],
) -> Iterator[Line]:
    to = f"admin:{name.replace('.', '_')}"
    seen = {who: 200 for who in OPERATORS & see}
    for method in ("GET", "POST"):
        again = {"is_echo": method == "POST"}
        yield _line(f"{to}_changelist", method, "-", see, 200, **again)
        yield _line(f"{to}_history", method, name, see, 200, abroad=seen, **again)
    for method in ("GET", "POST", "PATCH", "DELETE"):  # Django sends it on, whatever stands there
        bare = f"/admin/{name.replace('.', '/')}/<path:object_id>/"
        yield _line(bare, method, "-", states("overseers"), 302, is_echo=method != "GET")
    for method, status in (("GET", 200), ("POST", 302)):
        yield _line(f"{to}_add", method, "-", add, status)
        yield _line(f"{to}_delete", method, name, delete, status, abroad=SHUT_OUT)
    yield _line(f"{to}_change", "GET", name, see, 200, abroad=seen)
    yield _line(f"{to}_change", "POST", name, change, 302, abroad=SHUT_OUT)


def _pages_of(name: str, deed: str, kind: str, who: frozenset[str]) -> Iterator[Line]:
    """Who only sees the row is told that they may not; of another row, that there is none."""
    looking = {state: 404 for state in states("auditor,admin,owner") - who}
    for method, status in (("GET", 200), ("POST", 302)):
        route = f"admin:{name.replace('.', '_')}_{deed}"
        yield _line(route, method, kind, who, status, abroad=SHUT_OUT, missing=looking)


OPERATORS = states("operator,outside")
SHUT_OUT = {who: 403 for who in OPERATORS}


def _line(
    route: str, method: str, kind: str, who: frozenset[str], status: int, **more: Any
) -> Line:
    more = {"missing": {}, "abroad": {}, **more}
    return Line(route, method, kind, who, states("nobody"), status, "-", {}, **more)


def gaps(lists: str, registry: dict[Any, ModelAdmin[Any]]) -> list[str]:
    """Lists of the admin without a line, and lines without a list."""
    listed = {name for name, *_who in read(lists)}
    real = {model._meta.label_lower for model in registry}
    return [
        *(
            f"{HERE} lacks a list; say who may:  {name}  overseers  governors  governors  nobody"
            for name in sorted(real - listed)
        ),
        *(f"{HERE} speaks of {name}: no such list" for name in sorted(listed - real)),
    ]
