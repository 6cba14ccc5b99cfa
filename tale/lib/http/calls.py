"""What a kind says to the network: one call, or one answer that arrives in pieces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, TypedDict, Unpack

import httpx2
import jiter

from tale.lib.http.addresses import PUBLIC, NotAllowed, Reach, read
from tale.lib.http.connecting import CONNECT_S
from tale.lib.http.door import BYTES, KEY_HOST, MOST_BYTES, Door
from tale.lib.http.failures import Flight, Unreachable, current

MOST_LINE_BYTES = 32 * 2**20  # a 4K picture in base64 is one line of 20 MB
_TIMES = httpx2.Timeout(600, connect=CONNECT_S, pool=CONNECT_S)


def client(
    *, reach: Reach = PUBLIC, key_host: str = "", most_bytes: int = MOST_BYTES
) -> httpx2.AsyncClient:
    """For an SDK. Thin: the connections are shared by all clients of this loop and reach.

    `key_host`: whose key its requests carry, as a base URL, `host:port` or a host.
    """
    door = Door(reach, key_host=key_host, most_bytes=most_bytes)
    return httpx2.AsyncClient(
        transport=door, trust_env=False, follow_redirects=False, timeout=_TIMES
    )


@asynccontextmanager
async def deadline(seconds: float) -> AsyncIterator[None]:
    """The time for everything within, however the other side drips."""
    flight = Flight(around=current.get())
    token = current.set(flight)
    is_late = False
    try:
        async with asyncio.timeout(seconds) as limit:
            flight.limit = limit
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        is_late = True
    finally:
        with suppress(ValueError):  # a generator closed by another task than it ran in
            current.reset(token)
    if is_late:
        raise Unreachable("provider_timeout", sent=flight.sent)


class Reply:
    """A redirect is an answer too; nobody follows it."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.headers = response.headers
        self.body = b""

    def __repr__(self) -> str:
        return f"<Reply {self.status}>"

    async def read(self) -> bytes:
        """The whole body of a stream, for an answer that turns out to be an error."""
        if not self._response.is_stream_consumed:
            self.body = b"".join([piece async for piece in self.chunks()])
        return self.body

    def json(self) -> Any:
        """Parsed from the bytes: no copy as text. 200 levels deep at most, no NaN."""
        try:
            return jiter.from_json(self.body, allow_inf_nan=False, cache_mode="keys")
        except ValueError:
            pass  # its words quote the body
        raise Unreachable("provider_bad_reply", sent=True)

    def chunks(self) -> AsyncIterator[bytes]:
        return self._response.aiter_raw()

    async def lines(self) -> AsyncIterator[str]:
        async for line in self._lines():
            yield line.decode("utf-8", "replace")

    async def events(self) -> AsyncIterator[tuple[str, str]]:
        """Server-sent events: (event, data)."""
        event, data, is_first = "", list[str](), True
        async for line in self.lines():
            if is_first:
                line, is_first = line.removeprefix("\ufeff"), False
            if not line:
                if data:
                    yield event or "message", "\n".join(data)
                event, data = "", []
                continue
            field, _colon, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                data.append(value)
            elif field == "event":
                event = value
        if data:  # many leave the last blank line out
            yield event or "message", "\n".join(data)

    async def _lines(self) -> AsyncIterator[bytes]:
        buffer = bytearray()
        async for piece in self.chunks():
            start = 0
            while (end := piece.find(b"\n", start)) >= 0:
                buffer += piece[start:end]
                yield bytes(buffer.removesuffix(b"\r"))
                buffer.clear()
                start = end + 1
            buffer += piece[start:]
            if len(buffer) > MOST_LINE_BYTES:
                raise Unreachable("provider_reply_too_large", sent=True)
        if buffer:
            yield bytes(buffer)


class How(TypedDict, total=False):
    headers: Mapping[str, str] | None
    json: Any
    data: Mapping[str, Any] | None
    files: Any
    content: bytes | None
    params: Mapping[str, Any] | None
    reach: Reach
    key_host: str  # whose key the headers carry, as a base URL, `host:port` or a host
    deadline_s: float
    most_bytes: int


@asynccontextmanager
async def stream(method: str, url: str, **how: Unpack[How]) -> AsyncGenerator[Reply, None]:
    ours = client(reach=how.get("reach", PUBLIC))
    request = _request(ours, method, url, how)
    request.extensions[KEY_HOST] = how.get("key_host", "")
    request.extensions[BYTES] = how.get("most_bytes", MOST_BYTES)
    async with deadline(how.get("deadline_s", 180)):
        response = await ours.send(request, stream=True)
        try:
            yield Reply(response)
        finally:
            await response.aclose()


async def send(method: str, url: str, **how: Unpack[How]) -> Reply:
    """The whole answer."""
    async with stream(method, url, **how) as reply:
        await reply.read()
    return reply


def _request(ours: httpx2.AsyncClient, method: str, url: str, how: How) -> httpx2.Request:
    """What the library says about a URL or header that it cannot send quotes it."""
    try:
        read(url)
        return ours.build_request(
            method,
            url,
            headers=how.get("headers"),
            params=how.get("params"),
            json=how.get("json"),
            data=how.get("data"),
            files=how.get("files"),
            content=how.get("content"),
        )
    except (NotAllowed, httpx2.InvalidURL):
        code = "url_not_allowed"
    except UnicodeError:  # a header that is not ASCII
        code = "provider_error"
    raise Unreachable(code, sent=False)
