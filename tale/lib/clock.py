"""What the database's clock says. Machines disagree about the time; windows and leases must not.

Whoever asks the database anyway brings its time along (`heard`), so no statement is spent on it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

TOLERATED = timedelta(seconds=1)  # less is the way there and back

_ahead = timedelta(0)


def heard(database_now: datetime, *, after_s: float = 0) -> None:
    """`after_s`: who waited so long for the answer, for a lock, learns nothing from it."""
    global _ahead
    if after_s >= TOLERATED.total_seconds():
        return
    ahead = database_now - timezone.now()
    _ahead = ahead if abs(ahead) > TOLERATED else timedelta(0)


def corrected(now: datetime) -> datetime:
    return now + _ahead


def ask() -> datetime:
    """SQLite runs on the clock of this very machine."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            heard(cursor.fetchone()[0])
    return corrected(timezone.now())
