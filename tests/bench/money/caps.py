"""Caps that overlap, watched while money moves. Now and then one is raised, so that the run goes on
at its edge and not beyond it."""

from __future__ import annotations

import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psycopg

from tests.bench.money.stage import Stage, boss

OVER = """
    select rule.scope, rule.measure, used.settled, used.reserved, rule.limit_
    from policies_window used join (select id, scope, measure, action, "limit" as limit_
        from policies_budgetrule) rule on rule.id = used.rule_id
    where rule.action = 'block'
"""
# scope, whose, capability, measure, at first, how much more each time
CAPS = (
    ("organisation", "", "image", "money", 120_000, 120_000),
    ("organisation", "", "any", "money", 140_000, 140_000),
    ("team", "", "image", "money", 40_000, 40_000),
    ("team", "", "image", "pictures", 16, 16),
    ("user", "", "image", "money", 8_000, 10_000),
    ("key", "", "any", "money", 8_000, 10_000),
)


def connect(address: str) -> Any:
    if address.startswith("postgres"):
        return psycopg.connect(address, autocommit=True)
    import sqlite3  # noqa: PLC0415

    path = "/" + urlsplit(address).path.lstrip("/")
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)


def set_up(stage: Stage) -> None:
    from django.utils import timezone  # noqa: PLC0415

    from policies import rules  # noqa: PLC0415
    from policies.models import BudgetRule  # noqa: PLC0415

    for scope, subject, capability, measure, limit, _more in CAPS:
        rule = BudgetRule(
            scope=scope, subject=subject, capability=capability, measure=measure, limit=limit
        )
        rules.save(actor=boss(stage), rule=rule, now=timezone.now())


def make_room(stage: Stage) -> None:
    """As an administrator would who is asked for more: the rules change while money moves."""
    from django.core.exceptions import ValidationError  # noqa: PLC0415
    from django.db import OperationalError  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from policies import rules  # noqa: PLC0415
    from policies.models import BudgetRule, Window  # noqa: PLC0415

    more = {(scope, capability, measure): step for scope, _, capability, measure, _, step in CAPS}
    for rule in BudgetRule.objects.filter(organisation=stage.organisation):
        used = [row.used for row in Window.objects.filter(rule=rule)]
        if used and max(used) > rule.limit * 0.9:
            rule.limit += more[rule.scope, rule.capability, rule.measure]
            # A wider cap has to be raised first; whoever is frozen may hold a lock for a while.
            with suppress(ValidationError, OperationalError):
                rules.save(actor=boss(stage), rule=rule, now=timezone.now())


@dataclass
class Watch:
    """Looks at every window, again and again, in one statement each time."""

    address: str
    samples: int = 0
    edge: int = 0  # windows seen within a twentieth of their cap
    over: int = 0
    worst: str = ""

    def __enter__(self) -> Watch:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._thread.is_alive(), "nobody watched the windows"
        self._over.set()
        self._thread.join(30)

    def _look_on(self) -> None:
        with closing(connect(self.address)) as connection:
            while not self._over.is_set():
                self.look(connection)
                time.sleep(0.1)

    def look(self, connection: Any) -> None:
        for scope, measure, settled, reserved, limit in connection.execute(OVER).fetchall():
            self.samples += 1
            used = settled + reserved
            self.edge += limit * 0.95 < used <= limit
            if used > limit:
                self.over += 1
                self.worst = f"{scope} {measure}: {settled} + {reserved} of {limit}"
