"""How often somebody may come: fixed windows, counted for all processes together.

Redis counts where there is one, else the database does, in one statement. Call `take` at the edge
and outside of a transaction: a count that is rolled back is not counted. When the count cannot be
kept, whoever wants to spend is refused and whoever wants to read is let in.
"""

import hashlib
import time
from functools import cache
from typing import NamedTuple

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from tale.lib.models import RateWindow
from tale.lib.refusals import Refusal

log = structlog.get_logger(__name__)
RETRY_S = 5

# One row for each caller, not one for each window: nothing grows with time. A process whose clock
# is behind counts into the window that is open.
_COUNT = """
    INSERT INTO {table} (key, opened_s, closes_s, taken) VALUES (%s, %s, %s, 1)
    ON CONFLICT (key) DO UPDATE SET
        taken = CASE WHEN excluded.opened_s > {table}.opened_s THEN 1 ELSE {table}.taken + 1 END,
        closes_s = CASE WHEN excluded.opened_s > {table}.opened_s
            THEN excluded.closes_s ELSE {table}.closes_s END,
        opened_s = CASE WHEN excluded.opened_s > {table}.opened_s
            THEN excluded.opened_s ELSE {table}.opened_s END
    RETURNING taken
"""


class Room(NamedTuple):
    limit: int
    remaining: int
    resets_in_s: int

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.resets_in_s),
        }


def take(
    bucket: str, who: str, *, limit: int, window_s: int, spends: bool, now: float | None = None
) -> Room:
    now_s = int(time.time() if now is None else now)
    opened_s = now_s - now_s % window_s
    resets_in_s = opened_s + window_s - now_s
    key = hashlib.sha256(f"{bucket}\n{who}".encode()).hexdigest()
    try:
        taken = _count(key, opened_s=opened_s, window_s=window_s)
    except (DatabaseError, RedisError) as broken:
        if spends:
            raise Refusal("database_unavailable", retry_after_s=RETRY_S) from broken
        _warn_once(bucket, type(broken).__name__)
        return Room(limit, limit, resets_in_s)
    if taken > limit:
        raise Refusal(
            "rate_limited",
            retry_after_s=resets_in_s,
            limit=limit,
            remaining=0,
            resets_in_s=resets_in_s,
        )
    return Room(limit, limit - taken, resets_in_s)


def forget(*, now: float) -> int:
    """Rows of callers who have not come back; a daily chore."""
    return RateWindow.objects.filter(closes_s__lt=int(now)).delete()[0]


def _count(key: str, *, opened_s: int, window_s: int) -> int:
    if settings.REDIS_URL:
        name = f"tale:rate:{key}:{opened_s}"
        with _redis(settings.REDIS_URL).pipeline() as both:
            both.incr(name)
            both.expire(name, window_s + 1)
            return int(both.execute()[0])
    with connection.cursor() as cursor:
        statement = _COUNT.format(table=RateWindow._meta.db_table)
        cursor.execute(statement, [key, opened_s, opened_s + window_s])
        return int(cursor.fetchone()[0])


@cache
def _redis(url: str) -> "Redis":
    # A second at most and no second try: every request passes here.
    once = Retry(NoBackoff(), 0)
    return Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=once)


@cache
def _warn_once(bucket: str, broken: str) -> None:
    """Once a process: a store that is down would otherwise fill the log at every request."""
    log.warning("rate limit not kept", bucket=bucket, broken=broken)
