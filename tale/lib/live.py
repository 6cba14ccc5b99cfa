"""The live state of something people are watching: the last whole state wins, none is a delta.

With Redis a change is published; without, followers look at a small table ten times a second.
State here is a convenience: whoever finds none reads the row it speaks of.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import structlog
from django.conf import settings
from django.utils import timezone
from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tale.lib import aio
from tale.lib.models import LiveState

State = dict[str, Any]
KEEP_S = 3600
POLL_S = 0.1
WAIT_S = 3
log = structlog.get_logger()


async def put(key: str, state: State) -> None:
    if not settings.REDIS_URL:
        await aio.in_db(_write, key, state)
        return
    body = json.dumps(state)
    try:
        async with _redis(WAIT_S).pipeline(transaction=False) as both:
            both.set(_name(key), body, ex=KEEP_S)
            both.publish(_name(key), body)
            await both.execute()
    except (RedisError, OSError) as away:  # nobody's work waits for who is watching it
        log.warning("live_state_lost", key=key, error=type(away).__name__)


async def drop(key: str) -> None:
    """Something in it may no longer be shown: whoever follows reads the row."""
    if settings.REDIS_URL:
        await _redis().delete(_name(key))
    else:
        await aio.in_db(_drop, key)


def drop_many(keys: Iterable[str]) -> None:
    """The same, from where nothing waits."""
    names = list(keys)
    if not names:
        return
    if settings.REDIS_URL:
        with SyncRedis.from_url(settings.REDIS_URL, socket_timeout=3) as redis:
            redis.delete(*map(_name, names))
    else:
        LiveState.objects.filter(key__in=names).delete()


async def follow(key: str) -> AsyncIterator[State | None]:
    """Yields the state now (None when there is none) and after each change; None again at least
    every 15 s of silence, so that a stream can beat its heart."""
    source = _follow_redis(key) if settings.REDIS_URL else _follow_table(key)
    async for state in source:
        yield state


async def _follow_table(key: str) -> AsyncIterator[State | None]:
    seen, quiet_s = "", 0.0
    yield None
    while True:
        body = await aio.in_db(_read, key)
        if body and body != seen:
            seen, quiet_s = body, 0.0
            yield json.loads(body)
        elif quiet_s >= 15:
            quiet_s = 0.0
            yield None
        await asyncio.sleep(POLL_S)
        quiet_s += POLL_S


async def _follow_redis(key: str) -> AsyncIterator[State | None]:
    async with _redis().pubsub() as channel:
        await channel.subscribe(_name(key))
        body = await _redis().get(_name(key))
        yield json.loads(body) if body else None
        while True:
            told = await channel.get_message(ignore_subscribe_messages=True, timeout=15)
            if told is None:
                yield None
            else:
                yield json.loads(told["data"])


def forget(*, now: datetime) -> None:
    """Redis forgets by itself."""
    LiveState.objects.filter(updated_at__lt=now - timedelta(seconds=KEEP_S)).delete()


def _drop(key: str) -> None:
    LiveState.objects.filter(key=key).delete()


def _write(key: str, state: State) -> None:
    fresh = {"body": json.dumps(state), "updated_at": timezone.now()}
    LiveState.objects.update_or_create(key=key, defaults=fresh)


def _read(key: str) -> str:
    return LiveState.objects.filter(key=key).values_list("body", flat=True).first() or ""


def _name(key: str) -> str:
    return f"tale:live:{key}"


def _redis(wait_s: float | None = None) -> "Redis":
    """Without `wait_s` for those who listen: they wait as long as nothing is said."""
    return _client(asyncio.get_running_loop(), wait_s)


@cache
def _client(loop: asyncio.AbstractEventLoop, wait_s: float | None) -> "Redis":
    return Redis.from_url(settings.REDIS_URL, socket_timeout=wait_s, socket_connect_timeout=3)
