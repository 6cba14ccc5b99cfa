"""The line in Redis: one script, so nobody comes in between."""

from __future__ import annotations

import asyncio
from functools import cache

from django.conf import settings
from redis.asyncio import Redis

from providers.queueing.limits import TICKET_S, Limits

# slots, minute, seen: ticket → until, in ms. waiting: ticket → round and order in one number.
# Of a group that waits: its last round, and how many of its tickets there are.
_SCRIPT = """
local slots, minute, waiting, seen, groups, last, count, order = unpack(KEYS)
local what, ticket, group = ARGV[1], ARGV[2], ARGV[3]
local at_once, per_minute = tonumber(ARGV[4]), tonumber(ARGV[5])
local lease, minute_ms, patience = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ROUND = 67108864  -- 2^26 tickets in the order of asking

local function whole(number) return string.format('%.0f', number) end

local function drop(one)
    if redis.call('ZREM', waiting, one) == 0 then return end
    redis.call('ZREM', seen, one)
    local its = redis.call('HGET', groups, one)
    redis.call('HDEL', groups, one)
    if redis.call('HINCRBY', count, its, -1) <= 0 then
        redis.call('HDEL', count, its)
        redis.call('HDEL', last, its)
    end
end

if what == 'leave' then
    redis.call('ZREM', slots, ticket)
    drop(ticket)
    return 0
end
if what == 'renew' then
    redis.call('ZADD', slots, 'XX', whole(now + lease), ticket)
    return 0
end

redis.call('ZREMRANGEBYSCORE', slots, '-inf', whole(now))
redis.call('ZREMRANGEBYSCORE', minute, '-inf', whole(now))
for _, dead in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', whole(now))) do drop(dead) end

local place = tonumber(redis.call('ZSCORE', waiting, ticket))
local is_new = not place
if is_new then
    local head = redis.call('ZRANGE', waiting, 0, 0, 'WITHSCORES')[2]
    local round = head and math.floor(tonumber(head) / ROUND) or 0
    local before = redis.call('HGET', last, group)
    if before then round = tonumber(before) + 1 end
    place = round * ROUND + redis.call('INCR', order) % ROUND
end
local ahead = redis.call('ZCOUNT', waiting, '-inf', '(' .. whole(place))
local room = math.huge
if at_once > 0 then room = at_once - redis.call('ZCARD', slots) end
if per_minute > 0 then room = math.min(room, per_minute - redis.call('ZCARD', minute)) end
if ahead < room then
    drop(ticket)
    if at_once > 0 then redis.call('ZADD', slots, whole(now + lease), ticket) end
    if per_minute > 0 then redis.call('ZADD', minute, whole(now + minute_ms), ticket) end
elseif is_new then
    redis.call('ZADD', waiting, whole(place), ticket)
    redis.call('HSET', groups, ticket, group)
    redis.call('HSET', last, group, whole(math.floor(place / ROUND)))
    redis.call('HINCRBY', count, group, 1)
end
if ahead >= room then redis.call('ZADD', seen, whole(now + patience), ticket) end
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, 3600) end
return ahead < room and 0 or ahead + 1
"""
_KEYS = ("slots", "minute", "waiting", "seen", "groups", "last", "count", "order")


class Script:
    async def ask(self, limits: Limits, ticket: str, group: str) -> int:
        return await _run("ask", limits, ticket, group)

    async def renew(self, limits: Limits, ticket: str) -> None:
        await _run("renew", limits, ticket)

    async def leave(self, limits: Limits, ticket: str) -> None:
        await _run("leave", limits, ticket)


async def _run(what: str, limits: Limits, ticket: str, group: str = "") -> int:
    portion, seconds = limits.portion
    milliseconds = (round(s * 1000) for s in (limits.lease_s, seconds, TICKET_S))
    numbers = (limits.at_once, portion, *milliseconds)
    keys = [f"tale:line:{{{limits.provider_id}}}:{name}" for name in _KEYS]
    run = _client(asyncio.get_running_loop()).register_script(_SCRIPT)
    return int(await run(keys=keys, args=[what, ticket, group, *numbers]))


@cache
def _client(loop: asyncio.AbstractEventLoop) -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=3, socket_connect_timeout=3)
