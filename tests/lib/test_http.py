"""The door over real sockets: what it passes, and where it stops."""

import asyncio
import gzip
import json
import time
import zlib
from typing import Any

import pytest

from tale.lib import http
from tests.lib.sockets import (
    CANARY,
    CLOSED,
    HERE,
    awaited,
    drips,
    says,
    serving,
)


@awaited
async def test_it_works() -> None:
    async with serving(says(b'{"data": [1]}', X_Request_Id="r-1")) as server:
        reply = await http.send(
            "POST",
            f"{server.url}/v1/images",
            headers={"Authorization": f"Bearer {CANARY}"},
            json={"prompt": "a fox"},
            params={"api-version": "1"},
            reach=HERE,
            key_host=server.url,
            deadline_s=5,
        )
    assert (reply.status, reply.json()) == (200, {"data": [1]})
    assert reply.headers["x-request-id"] == "r-1"
    assert CANARY not in repr(reply)
    (request,) = server.requests
    assert request.startswith(b"POST /v1/images?api-version=1 HTTP/1.1\r\n")
    assert json.loads(request.partition(b"\r\n\r\n")[2]) == {"prompt": "a fox"}


@awaited
async def test_files_travel_as_a_form() -> None:
    async with serving(says()) as server:
        form = {"image": ("a.png", b"\x89PNG", "image/png")}
        await http.send("POST", server.url, data={"n": "1"}, files=form, reach=HERE)
    assert b'filename="a.png"' in server.requests[0]
    assert b'name="n"\r\n\r\n1' in server.requests[0]


@awaited
async def test_connections_are_kept_and_cookies_are_not() -> None:
    async with serving(says(Set_Cookie="tenant=acme; Path=/")) as server:
        for _ in range(3):
            reply = await http.send("GET", server.url, reach=HERE)
        assert "set-cookie" not in reply.headers
        async with http.client(reach=HERE) as ours:  # closing it closes nobody else's connection
            await ours.get(server.url)
            await ours.get(server.url)
        await http.send("GET", server.url, reach=HERE)
        assert server.connections == 1
    assert not any(b"cookie" in request.lower() for request in server.requests)


@awaited
async def test_a_connection_that_was_hung_up_is_not_used_again() -> None:
    async with serving(says(Connection="keep-alive")) as server:
        await http.send("GET", server.url, reach=HERE)
        server.hang_up()
        await asyncio.sleep(0.05)
        assert (await http.send("POST", server.url, json={}, reach=HERE)).status == 200
        assert server.connections == 2


@awaited
async def test_only_some_connections_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tale.lib.http.pool.MOST_IDLE", 1)
    async with serving(says()) as one, serving(says()) as two:
        for url in (one.url, two.url, two.url, one.url):
            await http.send("GET", url, reach=HERE)
        assert (one.connections, two.connections) == (2, 1)


@awaited
async def test_a_call_that_finds_no_connection_free_was_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tale.lib.http.pool.MOST_CONNECTIONS", 1)
    monkeypatch.setattr("tale.lib.http.pool.CONNECT_S", 0.1)
    async with serving(says()) as server:
        async with http.stream("GET", server.url, reach=HERE):
            with pytest.raises(http.Unreachable) as failed:
                await http.send("GET", server.url, reach=HERE)
        assert (failed.value.code, failed.value.sent) == ("provider_timeout", False)
        for url in (CLOSED, CLOSED, "https://" + server.url.removeprefix("http://")):
            with pytest.raises(http.Unreachable):
                await http.send("GET", url, reach=HERE, deadline_s=0.3)
        assert (await http.send("GET", server.url, reach=HERE)).status == 200


@awaited
async def test_a_redirect_is_an_answer() -> None:
    inside = "http://169.254.169.254/latest/meta-data/"
    async with serving(says(status="302 Found", Location=inside)) as server:
        reply = await http.send("GET", server.url, reach=HERE)
        answer = await http.client(reach=HERE).get(server.url)
        with pytest.raises(http.Unreachable) as failed:  # an SDK that insists gets no further
            await http.client(reach=HERE).get(server.url, follow_redirects=True)
    assert (reply.status, reply.headers["location"]) == (302, inside)
    assert answer.status_code == 302
    assert (failed.value.code, failed.value.sent) == ("url_not_allowed", False)


@awaited
async def test_a_proxy_of_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(says(b"proxy")) as proxy, serving(says(b"host")) as server:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert (await http.send("GET", server.url, reach=HERE)).body == b"host"
        assert (await http.client(reach=HERE).get(server.url)).content == b"host"
    assert proxy.requests == []


KEYS = ["Authorization", "api-key", "X-API-Key", "x-goog-api-key", "x-key", "Cookie"]


@pytest.mark.parametrize("header", KEYS)
@awaited
async def test_a_key_goes_to_its_own_host_alone(header: str) -> None:
    headers = {header: CANARY}
    async with serving(says()) as api, serving(says()) as results:
        for key_host in (f"{api.url}/v1", api.url.removeprefix("http://"), "127.0.0.1"):
            await http.send("GET", api.url, headers=headers, key_host=key_host, reach=HERE)
        for key_host in (api.url, "api.example.com", "https://127.0.0.1"):
            with pytest.raises(http.Unreachable) as failed:
                await http.send("GET", results.url, headers=headers, key_host=key_host, reach=HERE)
            assert (failed.value.code, failed.value.sent) == ("url_not_allowed", False)
            ours = http.client(reach=HERE, key_host=key_host)
            with pytest.raises(http.Unreachable):
                await ours.get(results.url, headers=headers)
        with pytest.raises(RuntimeError, match="key_host"):  # nobody said whose key it is
            await http.send("GET", results.url, headers=headers, reach=HERE)
        await http.send("GET", results.url, reach=HERE, key_host=api.url)
    assert len(api.requests) == 3
    assert not any(CANARY.encode() in request for request in results.requests)


@pytest.mark.parametrize("packed", [False, True])
@awaited
async def test_an_answer_may_be_as_large_as_allowed_and_no_larger(packed: bool) -> None:
    text = b"x" * 100_000
    body = gzip.compress(text[:50_000]) + gzip.compress(text[50_000:]) if packed else text
    more = {"Content_Encoding": "gzip"} if packed else {}
    async with serving(says(body, **more)) as server:
        reply = await http.send("GET", server.url, reach=HERE, most_bytes=100_000)
        assert reply.body == text
        with pytest.raises(http.Unreachable) as failed:
            await http.send("GET", server.url, reach=HERE, most_bytes=99_999)
        assert (failed.value.code, failed.value.sent) == ("provider_reply_too_large", True)
        with pytest.raises(http.Unreachable) as failed:
            await http.client(reach=HERE, most_bytes=99_999).get(server.url)
        assert failed.value.code == "provider_reply_too_large"
        with pytest.raises(http.Unreachable):
            async with http.stream("GET", server.url, reach=HERE, most_bytes=99_999) as reply:
                assert [line async for line in reply.lines()]


def bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return b"".join([*(packer.compress(bytes(2**20)) for _ in range(megabytes)), packer.flush()])


@awaited
async def test_a_bomb_is_stopped_and_stops_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """300 MB in 300 kB: the loop turns after each quarter of a megabyte, if it is asked to."""
    monkeypatch.setattr("tale.lib.http.door.LONGEST_TURN_S", 0)
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with serving(says(bomb(300), Content_Encoding="gzip")) as server:
        turning = asyncio.create_task(turn())
        with pytest.raises(http.Unreachable) as failed:
            await http.send("GET", server.url, reach=HERE, most_bytes=200 * 2**20)
        turning.cancel()
    assert failed.value.code == "provider_reply_too_large"
    assert turns > 700


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"no gzip", "gzip"), (gzip.compress(b"x" * 9999)[:-9], "gzip"), (b"x", "br"), (b"x", "zstd")],
    ids=["not packed", "cut", "brotli", "zstandard"],
)
@awaited
async def test_what_cannot_be_unpacked_is_a_bad_reply(body: bytes, encoding: str) -> None:
    async with serving(says(body, Content_Encoding=encoding)) as server:
        with pytest.raises(http.Unreachable) as failed:
            await http.send("GET", server.url, reach=HERE)
    assert (failed.value.code, failed.value.sent) == ("provider_bad_reply", True)


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"", b"[1,]", b'{"a": NaN}', b"[" * 10_000 + b"]" * 10_000, b'"\xff"'],
    ids=["html", "empty", "comma", "nan", "deep", "bytes"],
)
@awaited
async def test_what_is_no_json_is_a_bad_reply(body: bytes) -> None:
    async with serving(says(body)) as server:
        reply = await http.send("GET", server.url, reach=HERE)
        with pytest.raises(http.Unreachable) as failed:
            reply.json()
    assert (failed.value.code, failed.value.sent) == ("provider_bad_reply", True)


@awaited
async def test_headers_have_a_limit() -> None:
    async with serving(says(X_Long="x" * 200_000)) as server:
        with pytest.raises(http.Unreachable) as failed:
            await http.send("GET", server.url, reach=HERE)
    assert (failed.value.code, failed.value.sent) == ("provider_error", True)


STREAM = [
    b": PROCESSING\n\n",
    b'event: response.created\r\ndata: {"a":1}\r\n\r\n',
    b"data:first\ndata: second\nid: 7\nretry: 5\n\n",
    b"event: only\n\n",
    "data: grüße\n\n".encode(),
    b"data\n\n",
    b"data: [DONE]",
]


EVENTS = [
    ("response.created", '{"a":1}'),
    ("message", "first\nsecond"),
    ("message", "grüße"),
    ("message", ""),
    ("message", "[DONE]"),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
@awaited
async def test_events_arrive_however_they_are_cut(size: int) -> None:
    whole = b"\xef\xbb\xbf" + b"".join(STREAM)
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    async with serving(drips(*pieces, headers="Content-Type: text/event-stream\r\n")) as server:
        async with http.stream("POST", server.url, json={}, reach=HERE) as reply:
            assert [event async for event in reply.events()] == EVENTS
        async with http.stream("POST", server.url, json={}, reach=HERE) as reply:
            assert (await reply.read()).endswith(b"[DONE]")


@awaited
async def test_an_event_arrives_before_the_answer_ends() -> None:
    async with serving(drips(b"data: 1\n\n", b"data: 2\n\n", pause_s=0.3)) as server:
        began = time.monotonic()
        async with http.stream("GET", server.url, reach=HERE) as reply:
            assert await anext(reply.events()) == ("message", "1")
        assert time.monotonic() - began < 0.25


@awaited
async def test_a_line_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tale.lib.http.calls.MOST_LINE_BYTES", 50_000)
    async with serving(drips(*[b"x" * 10_000] * 10)) as server:
        with pytest.raises(http.Unreachable) as failed:
            async with http.stream("GET", server.url, reach=HERE) as reply:
                assert [line async for line in reply.lines()]
    assert (failed.value.code, failed.value.sent) == ("provider_reply_too_large", True)


@awaited
async def test_an_sdk_speaks_through_the_door() -> None:
    from openai import AsyncOpenAI  # noqa: PLC0415  half a second

    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    choice = {"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}
    line = f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n".encode()
    events = drips(line, line, b"data: [DONE]\n\n", headers="Content-Type: text/event-stream\r\n")
    async with serving(events) as server, serving(says()) as other:
        ours = http.client(reach=HERE, key_host=server.url)
        sdk = AsyncOpenAI(api_key=CANARY, base_url=server.url, http_client=ours, max_retries=0)
        question: Any = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
        async with http.deadline(5):
            answer = await sdk.chat.completions.create(**question, stream=True)
            text = [piece.choices[0].delta.content async for piece in answer]
        assert text == ["Hi", "Hi"]
        with pytest.raises(http.Unreachable) as failed:
            await sdk.with_options(base_url=other.url).chat.completions.create(**question)
        assert (failed.value.code, failed.value.sent) == ("url_not_allowed", False)
    assert other.requests == []
