"""Names become checked addresses here, and a connection goes to the checked address alone: nothing
is resolved a second time, so a name cannot change its mind (DNS rebinding)."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from ipaddress import ip_address
from typing import Any

import httpcore2

from tale.lib.http.addresses import Reach, Target, is_listed, may_connect
from tale.lib.http.failures import Unreachable

CONNECT_S = 10.0
MOST_ADDRESSES = 4
Resolve = Callable[[str, int], Awaitable[list[str]]]


async def resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Dialler(httpcore2.AsyncNetworkBackend):
    """TLS and Host keep the name: the pool knows only that."""

    def __init__(
        self,
        reach: Reach,
        *,
        resolve: Resolve = resolve,
        wire: httpcore2.AsyncNetworkBackend | None = None,
    ) -> None:
        self._reach = reach
        self._resolve = resolve
        self._wire = wire or httpcore2.AnyIOBackend()
        self._asking: dict[tuple[str, int], asyncio.Task[list[str]]] = {}

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        late = False
        try:
            async with asyncio.timeout(min(timeout or CONNECT_S, CONNECT_S)):
                return Line(await self._first(await self._checked(host, port), port))
        except (TimeoutError, httpcore2.ConnectTimeout):
            late = True
        except (OSError, UnicodeError, httpcore2.ConnectError):
            pass
        raise Unreachable("provider_timeout" if late else "provider_error", sent=False)

    async def _first(self, addresses: list[str], port: int) -> httpcore2.AsyncNetworkStream:
        share_s = CONNECT_S / len(addresses)
        for address in addresses[:-1]:
            try:
                return await self._wire.connect_tcp(address, port, timeout=share_s)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._wire.connect_tcp(addresses[-1], port)

    async def _checked(self, host: str, port: int) -> list[str]:
        """One address that must not be reached spoils the name."""
        addresses = await self._ask(host, port)
        # Scheme and port were judged before; here only where the name leads.
        private = is_listed(Target("https", host, port), reach=self._reach)
        if not all(may_connect(ip_address(found), private=private) for found in addresses):
            raise Unreachable("url_not_allowed", sent=False)
        if not addresses:
            raise Unreachable("provider_error", sent=False)
        return addresses[:MOST_ADDRESSES]

    async def _ask(self, host: str, port: int) -> list[str]:
        """Five hundred calls to one host ask for its name once, not on five hundred threads."""
        try:
            return [str(ip_address(host))]
        except ValueError:
            pass
        key = (host, port)
        if (asking := self._asking.get(key)) is None:
            asking = self._asking[key] = asyncio.ensure_future(self._resolve(host, port))
            asking.add_done_callback(partial(self._answered, key))
        return await asyncio.shield(asking)

    def _answered(self, key: tuple[str, int], asked: asyncio.Task[list[str]]) -> None:
        del self._asking[key]
        if not asked.cancelled():
            asked.exception()  # each waiter raises it; none may be left

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.AsyncNetworkStream:
        raise Unreachable("url_not_allowed", sent=False)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Line(httpcore2.AsyncNetworkStream):
    """Closed when its handshake is cancelled: httpcore2 2.16 closes it on errors alone."""

    def __init__(self, wire: httpcore2.AsyncNetworkStream) -> None:
        self._wire = wire

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            return await self._wire.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            await self._wire.aclose()
            raise

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._wire.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._wire.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._wire.aclose()

    def get_extra_info(self, info: str) -> Any:
        return self._wire.get_extra_info(info)
