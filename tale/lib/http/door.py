"""Every request passes here, whoever built it: ours or an SDK's."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpcore2
import httpx2

from tale.lib.http import addresses, figures, transactions
from tale.lib.http.addresses import NotAllowed, Reach, Target
from tale.lib.http.connecting import Pool, pool_of
from tale.lib.http.failures import FAILURES, Flight, Unreachable, current, named

MOST_BYTES = 64 * 2**20
_CREDENTIALS = frozenset(
    """authorization api-key x-api-key x-goog-api-key x-key apikey x-auth-token xi-api-key
    proxy-authorization cookie""".split()
)
_PIECE = 256 * 1024
# Ours for a single call; an SDK's calls have the client's own.
KEY_HOST, BYTES = "tale.key_host", "tale.most_bytes"


class Door(httpx2.AsyncBaseTransport):
    def __init__(
        self,
        reach: Reach,
        *,
        key_host: str = "",
        most_bytes: int = MOST_BYTES,
        pool: Pool | None = None,
    ) -> None:
        self._reach = reach
        self._key_host = key_host
        self._most_bytes = most_bytes
        self._pool = pool

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await transactions.refuse_inside()
        call = figures.Call()
        try:
            target = self._permitted(request)
            call.host = target.host
            call.sent_bytes = int(request.headers.get("content-length", 0))
            return await self._passed(request, call)
        except Unreachable as failure:
            call.end(failure.code)
            raise
        except asyncio.CancelledError:
            call.end("cancelled")
            raise

    def _permitted(self, request: httpx2.Request) -> Target:
        url = request.url
        try:
            # The client's own reading of the URL, as it will be connected to.
            target = addresses.read(f"{url.scheme}://{url.netloc.decode('ascii')}/")
            addresses.permit(target, reach=self._reach)
        except NotAllowed:
            target = None
        if target is None:
            raise Unreachable("url_not_allowed", sent=False)
        key_host = request.extensions.get(KEY_HOST, self._key_host)
        if not _CREDENTIALS.isdisjoint(name.lower() for name in request.headers):
            if not key_host:
                raise RuntimeError("A request with a key. Say whose it is: key_host=….")
            if not _is_host_of_key(target, key_host):
                raise Unreachable("url_not_allowed", sent=False)
        return target

    async def _passed(self, request: httpx2.Request, call: figures.Call) -> httpx2.Response:
        pool = self._pool or pool_of(self._reach)
        await pool.keep()
        flight = Flight(around=current.get())
        failure = None
        try:
            response = await pool.connections.handle_async_request(_core(request, flight))
        except FAILURES as error:
            failure = named(error, flight)
        if failure is not None:
            raise failure
        most = request.extensions.get(BYTES, self._most_bytes)
        body = Body(response, encoding=_encoding(response), most_bytes=most, flight=flight)
        body.call = call
        call.status = response.status
        return httpx2.Response(response.status, headers=_headers(response), stream=body)

    async def aclose(self) -> None:
        """The connections belong to the loop, whoever closes the client."""


def _is_host_of_key(target: Target, key_host: str) -> bool:
    """A whole URL, `host:port`, or a host, which then stands for any port."""
    host, port = addresses.host_and_port(key_host)
    if "://" in key_host:
        made_for = addresses.read(key_host)
        host, port = made_for.host, str(made_for.port)
    return host == target.host and port in ("", str(target.port))


def _core(request: httpx2.Request, flight: Flight) -> httpcore2.Request:
    async def follow(event: str, _info: dict[str, Any]) -> None:
        if event.endswith("send_request_headers.started"):
            flight.leave()

    url = request.url
    raw = [
        (name, value) for name, value in request.headers.raw if name.lower() != b"accept-encoding"
    ]
    return httpcore2.Request(
        method=request.method,
        url=httpcore2.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        ),
        headers=[*raw, (b"Accept-Encoding", b"gzip")],
        content=request.stream,
        extensions={"timeout": request.extensions.get("timeout", {}), "trace": follow},
    )


def _encoding(response: httpcore2.Response) -> bytes:
    return b", ".join(
        value.strip().lower()
        for name, value in response.headers
        if name.lower() == b"content-encoding"
    )


def _headers(response: httpcore2.Response) -> list[tuple[bytes, bytes]]:
    """Cookies would be kept by the client and sent for the next organisation."""
    dropped = {b"set-cookie", b"content-encoding"}
    if _encoding(response) not in (b"", b"identity"):
        dropped.add(b"content-length")
    return [(name, value) for name, value in response.headers if name.lower() not in dropped]


class Body(httpx2.AsyncByteStream):
    """The answer, unpacked piece by piece and counted as it grows."""

    def __init__(
        self, response: httpcore2.Response, *, encoding: bytes, most_bytes: int, flight: Flight
    ) -> None:
        self._response = response
        self._encoding = encoding
        self._most = most_bytes
        self._flight = flight
        self.call = figures.Call()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        failure: Unreachable | None = None
        try:
            async for piece in self._counted():
                yield piece
        except FAILURES as error:
            failure = named(error, self._flight)
        if failure is not None:
            self.call.end(failure.code)
            raise failure

    async def _counted(self) -> AsyncIterator[bytes]:
        unpack = _unpacker(self._encoding)
        packed = unpacked = 0
        async for chunk in self._response.aiter_stream():
            packed += len(chunk)
            since = time.perf_counter()
            for piece in unpack(chunk):
                unpacked += len(piece)
                self.call.received_bytes = unpacked
                if max(packed, unpacked) > self._most:
                    raise Unreachable("provider_reply_too_large", sent=True)
                yield piece
                if time.perf_counter() - since > 0.01:  # a bomb must not stop the loop
                    await asyncio.sleep(0)
                    since = time.perf_counter()

    async def aclose(self) -> None:
        self.call.end("")
        failure: Unreachable | None = None
        try:
            await self._response.aclose()
        except FAILURES as error:
            failure = named(error, self._flight)
        if failure is not None:
            raise failure


def _unpacker(encoding: bytes) -> Any:
    if encoding in (b"", b"identity"):
        return lambda chunk: (chunk,)
    if encoding in (b"gzip", b"x-gzip"):
        return _Gzip().unpack
    raise Unreachable("provider_bad_reply", sent=True)  # we asked for gzip or nothing


class _Gzip:
    def __init__(self) -> None:
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def unpack(self, chunk: bytes) -> Iterator[bytes]:
        while chunk:
            if self._member.eof:  # a file may have several
                self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            yield self._member.decompress(chunk, _PIECE)
            chunk = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
