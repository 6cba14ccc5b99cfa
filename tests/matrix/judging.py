"""Whether an answer is what the table says, and says and changes no more than it may."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any

from accounts.audit import KEPT
from tests.matrix.asking import Answer, Tables, ask
from tests.matrix.cast import PEOPLE, Actor
from tests.matrix.expectations import QUIET
from tests.matrix.forms import Sent, changed, filled
from tests.matrix.plan import Check, Line, checks
from tests.matrix.routes import Route
from tests.matrix.sent import ASKED, SENT, written
from tests.matrix.world import Ids, World, mate_of, other


class Judge:
    def __init__(self, world: World, after: Callable[[], None] = lambda: None) -> None:
        self.world, self.after, self.tables = world, after, Tables()
        self.forms: dict[tuple[str, str, str], Any] = {}

    def faults(self, line: Line, route: Route) -> Iterator[str]:
        alike: dict[str, tuple[str, ...]] = {}
        for check in checks(line):
            ids = self.world.ids(line.kind, check.actor, check.which)
            if ids is None:
                continue
            answer = self.ask(line, route, check, ids)
            where = f"{line}: {check.actor} at {_object(line, check)}"
            yield from (f"{where}: {fault}" for fault in self._wrong(line, check, answer))
            if not check.is_let_in and check.status == answer.status:
                seen = answer.without(_path(line, route, ids))
                first = alike.setdefault(f"{check.actor.name} {check.status}", seen)
                if first != seen:
                    yield f"{where}: tells it from others: {_difference(first, seen)}"

    def ask(self, line: Line, route: Route, check: Check, ids: Ids) -> Answer:
        actor = check.actor
        known = self.world.programs if line.is_wire else self.world.browsers
        name = f"{actor.name} {line.scope}" if actor.state == "unscoped" else actor.name
        sent = self.sent(line, route, actor, ids)
        path = _path(line, route, ids)
        as_json = line.is_wire
        return ask(
            self.tables, known[name], line.method, path, sent, as_json=as_json, after=self.after
        )

    def sent(self, line: Line, route: Route, actor: Actor, ids: Ids) -> Any:
        if sender := SENT.get(str(line)):
            return sender(self.world, actor)
        kind, _, deed = line.route.removeprefix("admin:").rpartition("_")
        if line.method == "POST" and deed in ("add", "change", "delete"):
            return self._form(route, kind.replace("_", ".", 1), deed, actor, ids)
        return None

    def _form(self, route: Route, kind: str, deed: str, actor: Actor, ids: Ids) -> Any:
        """As somebody sends it who may, whoever sends it: else it were refused for being wrong."""
        things = self.world.objects[kind]
        at = next(
            (home for home in PEOPLE if ids and things.get(home) == ids), other(other(actor.home))
        )
        by = "operator" if actor.state == "operator" or kind == "accounts.user" else "owner"
        known = route.name, at, by
        if known not in self.forms:
            may = PEOPLE[at].get(by, by)
            here = {} if deed == "add" else things[at]
            answer = ask(self.tables, self.world.browsers[may], "GET", route.path(here))
            self.forms[known] = self.fill(kind, deed, filled(answer.body), at)
        return self.forms[known]

    def fill(self, kind: str, deed: str, sent: Sent, home: str = "acme") -> Sent:
        if deed == "delete":
            return sent
        return changed(sent, **written(self.world, kind, home, anew=deed == "add"))

    def _wrong(self, line: Line, check: Check, answer: Answer) -> Iterator[str]:
        if answer.status != check.status:
            yield f"{answer}, expected {check.status}"
        elif check.is_let_in:
            yield from self._told_too_much(line, check, answer)
            if _must_change(line) and check.which == "own" and not answer.changed:
                yield "let in, and changed nothing: the answer was yes, and nobody did it"
        else:
            if answer.changed:
                yield f"refused, and yet changed {', '.join(answer.changed)}"
            if "done" in answer.told:
                yield "refused, and yet the audit says it was done"
            if self._must_be_told(line, check, answer) and answer.code not in answer.told:
                yield f"refused as {answer.code}, and the audit was told {answer.told}"

    def leaks(self, actor: Actor, answer: Answer, asked: str = "") -> Iterator[str]:
        """What stands in the answer and belongs to another organisation, but for what was asked."""
        if actor.state in PEOPLE["acme"] or actor.state == "service":
            foreign = self.world.marks[other(actor.home)]
            found = [mark for mark in foreign if mark in answer.body and mark not in asked]
            yield from (f"shows {mark}, which is another organisation's" for mark in found[:1])

    def _told_too_much(self, line: Line, check: Check, answer: Answer) -> Iterator[str]:
        actor = check.actor
        yield from self.leaks(actor, answer)
        if not line.is_wire and f"plans of {mate_of(actor)}" in answer.body:
            yield "shows a chat of a team mate"

    def _must_be_told(self, line: Line, check: Check, answer: Answer) -> bool:
        """Of whom the audit can name: a known person or key, in an organisation."""
        return answer.status == 403 and answer.code in KEPT and check.actor.state in NAMED


NAMED = {*PEOPLE["acme"], "operator", "service", "unscoped", "suspended", "elsewhere"}


def _must_change(line: Line) -> bool:
    return line.method != "GET" and not line.is_echo and line.route not in QUIET


def _difference(one: tuple[str, ...], two: tuple[str, ...]) -> str:
    pairs = zip_longest(one, two, fillvalue="nothing")
    return next(f"{a.strip()[:150]!r}, {b.strip()[:150]!r}" for a, b in pairs if a != b)


def _object(line: Line, check: Check) -> str:
    return f"{check.which} {line.kind}" if line.kind != "-" else "the door"


def _path(line: Line, route: Route, ids: Ids) -> str:
    return f"{route.path(ids)}{ASKED.get(str(line), '')}"
