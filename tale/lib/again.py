"""A transaction that the database breaks off is done once more: a deadlock, a conflict of two
that ran at once, a writer that waited too long.

Only the outermost one can be. Within another the work before it is lost as well, so its own
failure belongs to whoever began.
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import structlog
from django.db import OperationalError, connection, transaction
from prometheus_client import Counter

P = ParamSpec("P")
T = TypeVar("T")

TRIES = 3
PAUSE_S = (0.01, 0.06)  # longer each time, and never the same for two who met
BROKEN_OFF = {"40001": "conflict", "40P01": "deadlock"}
AGAIN = Counter("tale_transactions_again", "Transactions that were done once more.", ("why",))
log = structlog.get_logger(__name__)


def atomic(work: Callable[P, T], *, savepoint: bool = True) -> Callable[P, T]:
    """As transaction.atomic. What is decorated may run more than once, and nothing of a broken
    run is kept: it changes the database alone."""

    @functools.wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        most = 1 if connection.in_atomic_block else TRIES
        for number in range(1, most):
            try:
                with transaction.atomic():
                    return work(*args, **kwargs)
            except OperationalError as broken:
                why = _why(broken)
                if not why:
                    raise
                AGAIN.labels(why).inc()
                log.warning("transaction_again", work=work.__qualname__, why=why, number=number)
            time.sleep(random.uniform(*PAUSE_S) * number)
        with transaction.atomic(savepoint=savepoint):
            return work(*args, **kwargs)

    return run


def joining(work: Callable[P, T]) -> Callable[P, T]:
    """Within another it has no savepoint: nobody there catches what goes wrong and goes on."""
    return atomic(work, savepoint=False)


def _why(broken: OperationalError) -> str:
    if "database is locked" in str(broken):
        return "locked"
    return BROKEN_OFF.get(getattr(broken.__cause__, "sqlstate", None) or "", "")
