"""From a line of the table to the checks it stands for: every actor, at every kind of object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.matrix.cast import BROWSERS, PROGRAMS, Actor, states
from tests.matrix.routes import Route

HERE = "tests/matrix/expectations.py"
# What a door answers to those it does not let in, unless a line says otherwise.
AT_A_PAGE = {"anonymous": 302, "keyed": 302, "off": 302}
AT_A_WIRE = {
    "anonymous": 401,
    "browser": 401,
    "guess": 401,
    "expired": 401,
    "revoked": 401,
    "ex": 401,
    "off": 401,
    "both": 400,
}
FEW = {"bob", "erin", "alice", "charlie", "operator", "nobody"}
REFUSED = 403
MISSING = 404


class Line(NamedTuple):
    route: str
    method: str
    kind: str  # of object; "-" when the address names none
    own: frozenset[str]  # who may, on what is theirs or their organisation's
    mates: frozenset[str]  # who may on a team mate's too
    status: int  # what they get
    scope: str  # of the key, at a wire
    others: dict[str, int]  # what the rest get at the door
    missing: dict[str, int] = {}  # what some get, if not 404, at what is not theirs or not there
    abroad: dict[str, int] = {}  # what some get at what is foreign, because they see it
    gone: dict[str, int] = {}  # what some get at what was theirs and is deleted
    is_echo: bool = False  # Django answers this method as it answers GET: a few ask, not all

    def __str__(self) -> str:
        return f"{self.route} {self.method}"

    @property
    def cast(self) -> tuple[Actor, ...]:
        if self.is_wire:
            return PROGRAMS
        return tuple(each for each in BROWSERS if each.name in FEW or not self.is_echo)

    @property
    def is_wire(self) -> bool:
        return self.scope != "-"

    def is_past_the_door(self, actor: Actor) -> bool:
        """One door keeps most people out of all of the admin: they need not try every object."""
        return not self.route.startswith("admin:") or actor.state in states("overseers")

    def refusal_of(self, actor: Actor) -> int:
        usual = AT_A_WIRE if self.is_wire else AT_A_PAGE
        return self.others.get(actor.state, usual.get(actor.state, REFUSED))


class Check(NamedTuple):
    actor: Actor
    which: str  # object
    status: int
    is_let_in: bool


def read(table: str) -> list[Line]:
    return [_line(text) for text in table.splitlines() if text.strip() and text.strip()[0] != "#"]


def merged(special: list[Line], usual: Iterable[Line]) -> list[Line]:
    """A line of its own wins over what its kind of route usually gets."""
    known = {(line.route, line.method) for line in special}
    return [*special, *(line for line in usual if (line.route, line.method) not in known)]


def _line(text: str) -> Line:
    try:
        route, method, kind, who, status, scope, *rest = text.split()
        own, _, mates = who.partition("/")
        others = dict(part.split("=") for part in rest)
        return Line(
            route,
            method,
            kind,
            states(own),
            states(mates or "nobody"),
            int(status),
            scope,
            *(_spread(others, prefix) for prefix in ("", "missing", "foreign", "gone")),
        )
    except ValueError as broken:
        raise ValueError(f"{HERE} cannot read {text!r}: {broken}") from broken


def _spread(others: dict[str, str], prefix: str) -> dict[str, int]:
    """`missing=200` is short for `missing:everyone=200`, and so with `gone`."""
    short = ("missing", "gone")
    named = {f"{name}:everyone" if name in short else name: got for name, got in others.items()}
    mine = {name: got for name, got in named.items() if name.rpartition(":")[0] == prefix}
    return {
        state: int(got) for name, got in mine.items() for state in states(name.rpartition(":")[2])
    }


def checks(line: Line) -> Iterator[Check]:
    for actor in line.cast:
        if actor.state == "unscoped" and line.scope == "any":
            continue
        if actor.state in line.own:
            yield from _let_in(line, actor)
        else:
            yield from _refused(line, actor)


def _let_in(line: Line, actor: Actor) -> Iterator[Check]:
    yield Check(actor, "own", line.status, True)
    if line.kind == "-":
        return
    missing = line.missing.get(actor.state, MISSING)
    is_seen = actor.state in line.mates
    yield Check(actor, "mate", line.status if is_seen else missing, is_seen)
    for which in _elsewhere(line.kind):
        special = {"foreign": line.abroad, "deleted": line.gone}.get(which, {})
        got = special.get(actor.state, missing)
        yield Check(actor, which, got, actor.state in line.abroad and got == line.status)


def _refused(line: Line, actor: Actor) -> Iterator[Check]:
    """Refused at the door: then what they ask for makes no difference. Unless they see it, and may
    not do this: then what they do not see looks to them as if it were not there."""
    refusal = line.refusal_of(actor)
    yield Check(actor, "own", refusal, False)
    if line.kind == "-" or not line.is_past_the_door(actor):
        return
    missing = line.missing.get(actor.state, refusal)
    yield Check(actor, "foreign", line.abroad.get(actor.state, missing), False)
    if missing != refusal:
        yield Check(actor, "random", missing, False)


NESTED = {"turn": ("chat_id", "turn_id")}  # kinds that an address names by two ids
# Whoever holds one may use it: none is foreign.
LINKS = {"invited", "linked", "proof", "reset", "statement"}


def _elsewhere(kind: str) -> Iterator[str]:
    if kind not in LINKS:
        yield "foreign"
    yield from ("random", "deleted")
    yield from (f"foreign {name}" for name in NESTED.get(kind, ()))


def gaps(lines: Iterable[Line], routes: dict[str, Route]) -> list[str]:
    """Routes without a line, and lines without a route."""
    listed = {(line.route, line.method) for line in lines}
    real = {(route.name, method) for route in routes.values() for method in route.methods}
    return [
        *(
            f"{HERE} lacks a line; say who may:  {_proposal(routes[name], method)}"
            for name, method in sorted(real - listed)
        ),
        *(f"{HERE} speaks of {name} {method}: no such route" for name, method in listed - real),
    ]


def _proposal(route: Route, method: str) -> str:
    kind = route.parameters[-1].removesuffix("_id") if route.parameters else "-"
    is_wire = route.pattern.startswith(("api/", "openai/", "mistral/"))
    scope = {True: "read" if method == "GET" else "admin", False: "-"}[is_wire]
    return f"{route.name}  {method}  {kind}  owners  200  {scope}"
