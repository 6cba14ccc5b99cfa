"""How a call fails: in time, told apart, counted, without a secret and never in a transaction."""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Coroutine, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import transaction
from prometheus_client import REGISTRY

from tale.lib import aio, http
from tale.lib.http import pool
from tests.lib.sockets import (
    CANARY,
    CLOSED,
    HERE,
    Handle,
    Writer,
    awaited,
    drips,
    garbles,
    hangs_up,
    says,
    serving,
)


def figure(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


@awaited
async def test_a_drip_meets_the_deadline() -> None:
    """Each byte comes in time; all of them together do not."""
    began = time.monotonic()
    async with serving(drips(*[b"x"] * 200, pause_s=0.05)) as server:
        with pytest.raises(http.Unreachable) as failed:
            await http.send("GET", server.url, reach=HERE, deadline_s=0.4)
        assert (failed.value.code, failed.value.sent) == ("provider_timeout", True)
        with pytest.raises(http.Unreachable) as failed:
            await within(0.4, http.client(reach=HERE).get(server.url))
        assert (failed.value.code, failed.value.sent) == ("provider_timeout", True)
        with pytest.raises(http.Unreachable) as failed:
            async with http.stream("GET", server.url, reach=HERE, deadline_s=0.4) as reply:
                assert [piece async for piece in reply.chunks()]
        assert (failed.value.code, failed.value.sent) == ("provider_timeout", True)
    assert time.monotonic() - began < 4


async def within(seconds: float, *works: Awaitable[Any]) -> None:
    async with http.deadline(seconds):
        for work in works:
            await work


@awaited
async def test_a_deadline_passes_what_is_not_its_own() -> None:
    with pytest.raises(TimeoutError):
        async with http.deadline(5):
            raise TimeoutError
    with pytest.raises(http.Unreachable) as failed:
        await within(0.05, asyncio.sleep(5))
    assert (failed.value.code, failed.value.sent) == ("provider_timeout", False)
    async with serving(says()) as server:
        with pytest.raises(http.Unreachable) as failed:
            await within(0.3, http.send("GET", server.url, reach=HERE), asyncio.sleep(5))
    assert failed.value.sent  # the call within was, so it may be on a bill


async def rejects_tls(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@awaited
async def test_what_never_left_is_told_from_what_may_have_arrived() -> None:
    async with serving(says()) as server:
        closed = server.url
    with pytest.raises(http.Unreachable) as failed:
        await http.send("GET", closed, reach=HERE)
    assert (failed.value.code, failed.value.sent) == ("provider_error", False)
    async with serving(rejects_tls) as server:  # it speaks no TLS
        secure = server.url.replace("http:", "https:")
        with pytest.raises(http.Unreachable) as failed:
            await http.send("GET", secure, reach=HERE, deadline_s=0.5)
    assert not failed.value.sent
    for handle in (hangs_up, drips(b"x", headers="Content-Length: 9\r\n"), garbles):
        async with serving(handle) as server:
            with pytest.raises(http.Unreachable) as failed:
                await http.send("POST", server.url, json={}, reach=HERE)
        assert (failed.value.code, failed.value.sent) == ("provider_error", True)


@awaited
async def test_a_hundred_calls_open_no_thread_each() -> None:
    async def waits(writer: Writer) -> None:
        await asyncio.sleep(0.3)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    before = threading.active_count()
    async with serving(waits) as server:
        url = server.url.replace("127.0.0.1", "localhost")  # a name has to be asked for
        replies = await asyncio.gather(
            *(http.send("GET", url, reach=HERE, deadline_s=20) for _ in range(100))
        )
    assert {reply.status for reply in replies} == {200}
    assert server.connections == 100
    assert server.threads - before <= 2


def test_a_loop_leaves_nothing_open() -> None:
    """Nor a pool that nobody can use any more."""

    async def call() -> None:
        async with serving(says()) as server:
            await http.send("GET", server.url, reach=HERE)
            async with http.stream("GET", server.url, reach=HERE):
                pass

    before = set(pool._pools)
    for _ in range(3):
        asyncio.run(call())
        async_to_sync(call)()
    assert set(pool._pools) == before


@pytest.mark.django_db(transaction=True)
def test_no_call_inside_a_transaction() -> None:
    with transaction.atomic():
        with pytest.raises(RuntimeError, match="transaction"):
            async_to_sync(http.send)("GET", CLOSED, reach=HERE)
        with pytest.raises(RuntimeError, match="transaction"):
            asyncio.run(http.send("GET", CLOSED, reach=HERE))
        with pytest.raises(RuntimeError, match="transaction"):
            async_to_sync(http.client(reach=HERE).get)(CLOSED)
    with pytest.raises(http.Unreachable):
        async_to_sync(http.send)("GET", CLOSED, reach=HERE)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("run", [asyncio.run, lambda call: async_to_sync(wait_for)(call)])
def test_no_call_inside_a_transaction_of_another_thread(run: Any) -> None:
    def work(*, atomic: bool) -> None:
        if not atomic:
            return run(http.send("GET", CLOSED, reach=HERE))
        with transaction.atomic():
            return run(http.send("GET", CLOSED, reach=HERE))

    async def beside() -> None:
        with pytest.raises(RuntimeError, match="transaction"):
            await aio.in_db(work, atomic=True)
        with pytest.raises(http.Unreachable):
            await aio.in_db(work, atomic=False)

    asyncio.run(beside())


async def wait_for(call: Coroutine[Any, Any, Any]) -> Any:
    return await call


@pytest.mark.django_db
def test_a_test_inside_its_own_transaction_may_call() -> None:
    for run in (asyncio.run, async_to_sync(wait_for)):
        with pytest.raises(http.Unreachable):
            run(http.send("GET", CLOSED, reach=HERE))
    with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
        async_to_sync(http.send)("GET", CLOSED, reach=HERE)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        yield from chain(error.__cause__)
        error = error.__context__


@pytest.mark.parametrize(
    ("handle", "headers", "path"),
    [
        (says(status="500 Oops"), {}, ""),
        (hangs_up, {}, ""),
        (garbles, {}, ""),
        (says(CANARY.encode(), Content_Encoding="gzip"), {}, ""),
        (says(CANARY.encode() * 100), {}, ""),
        (says(X_Long=CANARY * 20_000), {}, ""),
        (says(), {"api-key": f"{CANARY}\n"}, ""),
        (says(), {"api-key": f"{CANARY}\r\nHost: inner"}, ""),
        (says(), {"api-key": f"{CANARY}ü"}, ""),
        (says(), {"x-key": CANARY, "X-Other": "\x00"}, ""),
        (says(), {}, "\\"),
        (says(), {}, "\x00"),
        (says(), {}, "@127.0.0.1"),
    ],
)
def test_no_secret_in_what_is_raised_or_logged(
    handle: Handle,
    headers: dict[str, str],
    path: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)

    async def call() -> None:
        async with serving(handle) as server:
            reply = await http.send(
                "POST",
                f"{server.url}/{path}?key={CANARY}",
                headers={"Authorization": f"Bearer {CANARY}", **headers},
                json={"prompt": CANARY},
                reach=HERE,
                key_host=server.url,
                most_bytes=1000,
            )
            reply.json()

    said = ""
    try:
        asyncio.run(call())
    except http.Unreachable as failure:
        for error in chain(failure):
            said += f"{error!r} {error} {vars(error)}"
            assert isinstance(error, http.Unreachable)
    else:
        assert handle is not hangs_up
    said += caplog.text + "".join(capsys.readouterr())
    assert CANARY not in said


@awaited
async def test_calls_are_counted() -> None:
    def counted(outcome: str) -> float:
        return figure("tale_outbound_calls_total", host="127.0.0.1", outcome=outcome)

    outcomes = ["2xx", "5xx", "provider_error", "provider_timeout", "provider_reply_too_large"]
    before = {outcome: counted(outcome) for outcome in outcomes}
    received = figure("tale_outbound_bytes_total", host="127.0.0.1", direction="received")
    seconds = figure("tale_outbound_seconds_count", host="127.0.0.1")
    refused = figure("tale_outbound_calls_total", host="none", outcome="url_not_allowed")
    async with serving(says(b"x" * 1000)) as server:
        await http.send("GET", server.url, reach=HERE)
        with pytest.raises(http.Unreachable):
            await http.send("GET", server.url, reach=HERE, most_bytes=10)
        with pytest.raises(http.Unreachable):
            await http.client().get(server.url)
    async with serving(says(b"", status="503 Busy")) as server:
        await http.send("GET", server.url, reach=HERE)
    with pytest.raises(http.Unreachable):
        await http.send("GET", CLOSED, reach=HERE)
    async with serving(drips(*[b""] * 5, pause_s=0.2)) as server:
        with pytest.raises(http.Unreachable):
            await http.send("GET", server.url, reach=HERE, deadline_s=0.1)
    assert {outcome: counted(outcome) - before[outcome] for outcome in outcomes} == {
        outcome: 1 for outcome in outcomes
    }
    assert figure("tale_outbound_seconds_count", host="127.0.0.1") - seconds == 5
    after = figure("tale_outbound_bytes_total", host="127.0.0.1", direction="received")
    assert after - received == 2000  # the piece that was too much was received
    assert figure("tale_outbound_calls_total", host="none", outcome="url_not_allowed") > refused
