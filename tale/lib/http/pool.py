"""The connections of a loop, lent to one call at a time.

httpcore2's own pool walks all of them at each beginning and end of a call: of five hundred calls at
once that took more than half of the processor's time.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable
from functools import cache, partial
from weakref import WeakKeyDictionary

import httpcore2
import httpx2

from tale.lib.http.addresses import Reach
from tale.lib.http.connecting import CONNECT_S, Dialler

MOST_CONNECTIONS = 1000
MOST_IDLE = 200
IDLE_S = 30
Place = tuple[bytes, bytes, int]


@cache
def _tls() -> ssl.SSLContext:
    return httpx2.create_ssl_context()  # 20 ms: one for the process


class Pool:
    """Of one loop and one reach."""

    def __init__(self, dialler: Dialler, *, tls: ssl.SSLContext | None = None) -> None:
        self._dialler = dialler
        self._tls = tls
        self._free = asyncio.Semaphore(MOST_CONNECTIONS)
        self._all: set[httpcore2.AsyncHTTPConnection] = set()
        self._idle: dict[Place, list[httpcore2.AsyncHTTPConnection]] = {}  # longest unused first
        self._idle_count = 0
        self._keeper: AsyncGenerator[None, None] | None = None

    async def call(self, request: httpcore2.Request) -> httpcore2.Response:
        await self._keep()
        await self._room()
        origin = request.url.origin
        place = (origin.scheme, origin.host, origin.port)
        connection = None
        try:
            connection = await self._taken(place) or self._new(origin)
            response = await connection.handle_async_request(request)
        except BaseException:
            self._free.release()
            if connection is not None:
                await self._drop(connection)
            raise
        assert isinstance(response.stream, AsyncIterable)
        return httpcore2.Response(
            response.status,
            headers=response.headers,
            content=Lent(
                response.stream, response.aclose, partial(self._give_back, place, connection)
            ),
        )

    async def _room(self) -> None:
        try:
            async with asyncio.timeout(CONNECT_S):
                await self._free.acquire()
        except TimeoutError:
            raise httpcore2.PoolTimeout from None

    async def _taken(self, place: Place) -> httpcore2.AsyncHTTPConnection | None:
        while idle := self._idle.pop(place, []):
            connection = idle.pop()
            self._idle_count -= 1
            if idle:
                self._idle[place] = idle  # as the last used
            if not connection.has_expired():
                return connection
            await self._drop(connection)
        return None

    def _new(self, origin: httpcore2.Origin) -> httpcore2.AsyncHTTPConnection:
        connection = httpcore2.AsyncHTTPConnection(
            origin=origin,
            ssl_context=self._tls or _tls(),
            keepalive_expiry=IDLE_S,
            network_backend=self._dialler,
        )
        self._all.add(connection)
        return connection

    async def _give_back(self, place: Place, connection: httpcore2.AsyncHTTPConnection) -> None:
        self._free.release()
        if not connection.is_idle():
            await self._drop(connection)
            return
        self._idle.setdefault(place, []).append(connection)
        self._idle_count += 1
        if self._idle_count > MOST_IDLE:
            await self._drop(self._longest_unused())

    def _longest_unused(self) -> httpcore2.AsyncHTTPConnection:
        place = next(iter(self._idle))
        connection = self._idle[place].pop(0)
        self._idle_count -= 1
        if not self._idle[place]:
            del self._idle[place]
        return connection

    async def _drop(self, connection: httpcore2.AsyncHTTPConnection) -> None:
        self._all.discard(connection)
        await connection.aclose()

    async def _keep(self) -> None:
        """asyncio.run and asgiref close a loop's generators before the loop, and with this one the
        sockets; a forgotten socket is a warning at best."""
        if self._keeper is None:
            self._keeper = self._kept()
            await anext(self._keeper)

    async def _kept(self) -> AsyncGenerator[None, None]:
        loop = asyncio.get_running_loop()
        try:
            yield
        finally:
            _pools.pop(loop, None)
            for connection in list(self._all):
                await self._drop(connection)


class Lent:
    """The body of an answer; closing it gives the connection back, once."""

    def __init__(
        self,
        stream: AsyncIterable[bytes],
        close: Callable[[], Awaitable[None]],
        give_back: Callable[[], Awaitable[None]],
    ) -> None:
        self._stream = stream
        self._close = close
        self._give_back = give_back
        self._is_back = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._stream.__aiter__()

    async def aclose(self) -> None:
        if self._is_back:
            return
        self._is_back = True
        try:
            await self._close()
        finally:
            await self._give_back()


_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Reach, Pool]] = WeakKeyDictionary()


def pool_of(reach: Reach) -> Pool:
    pools = _pools.setdefault(asyncio.get_running_loop(), {})
    if reach not in pools:
        pools[reach] = Pool(Dialler(reach))
    return pools[reach]
