"""Every request passes here, whoever built it: ours or an SDK's."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import httpcore2
import httpx2

from tale.lib.http import addresses, figures, transactions
from tale.lib.http.addresses import NotAllowed, Reach, Target
from tale.lib.http.failures import FAILURES, Flight, Unreachable, current, named
from tale.lib.http.pool import Pool, pool_of

MOST_BYTES = 64 * 2**20
_CREDENTIALS = frozenset(
    """authorization api-key x-api-key x-goog-api-key x-key apikey x-auth-token xi-api-key
    proxy-authorization cookie""".split()
)
_PIECE = 256 * 1024
LONGEST_TURN_S = 0.01
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
        call, flight = figures.Call(), Flight(around=current.get())
        try:
            target = self._permitted(request)
            call.host = target.host
            call.sent_bytes = int(request.headers.get("content-length", 0))
            return await self._passed(request, call, flight)
        except Unreachable as failure:
            call.end(failure.code)
            raise
        except asyncio.CancelledError:
            call.end(_why_cancelled(flight))
            raise

    def _permitted(self, request: httpx2.Request) -> Target:
        url = request.url
        try:
            # The client's own reading of the URL, as it will be connected to.
            target = addresses.read(f"{url.scheme}://{_netloc(url)}/")
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

    async def _passed(
        self, request: httpx2.Request, call: figures.Call, flight: Flight
    ) -> httpx2.Response:
        pool = self._pool or pool_of(self._reach)
        failure = None
        try:
            response = await pool.call(_core(request, flight))
        except FAILURES as error:
            failure = named(error, flight)
        if failure is not None:
            raise failure
        most = request.extensions.get(BYTES, self._most_bytes)
        call.status = response.status
        body = Body(response, most_bytes=most, flight=flight, call=call)
        return httpx2.Response(response.status, headers=_headers(response), stream=body)

    async def aclose(self) -> None:
        """The connections belong to the loop, whoever closes the client."""


def _netloc(url: httpx2.URL) -> str:
    name = f"{url.userinfo.decode('ascii')}@" if url.userinfo else ""
    return name + url.netloc.decode("ascii")


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


def _why_cancelled(flight: Flight) -> str:
    return "provider_timeout" if flight.is_late else "cancelled"


class Body(httpx2.AsyncByteStream):
    """The answer, unpacked piece by piece and counted as it grows."""

    def __init__(
        self, response: httpcore2.Response, *, most_bytes: int, flight: Flight, call: figures.Call
    ) -> None:
        self._response = response
        self._most = most_bytes
        self._flight = flight
        self._call = call
        self._pieces = self._counted()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """A second reader goes on where the first one stopped: so does openai's, to give the
        connection back after `[DONE]`."""
        failure: Unreachable | None = None
        try:
            async for piece in self._pieces:
                yield piece
        except FAILURES as error:
            failure = named(error, self._flight)
        except asyncio.CancelledError:
            self._call.end(_why_cancelled(self._flight))
            raise
        if failure is not None:
            self._call.end(failure.code)
            raise failure

    async def _counted(self) -> AsyncGenerator[bytes, None]:
        packing = _packing(_encoding(self._response))
        packed = unpacked = 0
        since = time.perf_counter()
        async for chunk in self._response.aiter_stream():
            packed += len(chunk)
            for piece in packing.unpack(chunk):
                unpacked += len(piece)
                self._call.received_bytes = unpacked
                if max(packed, unpacked) > self._most:
                    raise Unreachable("provider_reply_too_large", sent=True)
                yield piece
                if time.perf_counter() - since > LONGEST_TURN_S:  # a bomb must not stop the loop
                    await asyncio.sleep(0)
                    since = time.perf_counter()
        if packed and not packing.is_whole:
            raise Unreachable("provider_bad_reply", sent=True)

    async def aclose(self) -> None:
        self._call.end("")
        failure: Unreachable | None = None
        with suppress(RuntimeError):  # somebody is reading: closing the connection ends it
            await self._pieces.aclose()
        try:
            await self._response.aclose()
        except FAILURES as error:
            failure = named(error, self._flight)
        if failure is not None:
            raise failure


def _packing(encoding: bytes) -> _Plain | _Gzip:
    if encoding in (b"", b"identity"):
        return _Plain()
    if encoding in (b"gzip", b"x-gzip"):
        return _Gzip()
    raise Unreachable("provider_bad_reply", sent=True)  # we asked for gzip or nothing


class _Plain:
    is_whole = True

    def unpack(self, chunk: bytes) -> Iterator[bytes]:
        yield chunk


class _Gzip:
    def __init__(self) -> None:
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)

    @property
    def is_whole(self) -> bool:
        return self._member.eof

    def unpack(self, chunk: bytes) -> Iterator[bytes]:
        is_full = False
        while chunk or is_full:  # a full piece may have left more inside
            if self._member.eof:  # there may be several, one after the other
                self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            piece = self._member.decompress(chunk, _PIECE)
            is_full = len(piece) == _PIECE and not self._member.eof
            yield piece
            chunk = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
