"""A server of one simulated provider: its own thread and loop, every byte under its control."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import struct
import threading
import time
import traceback
from collections.abc import AsyncGenerator
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from tests.upstream.bill import Bill
from tests.upstream.faults import Fault, Faults
from tests.upstream.messages import Answer, Refused, Request, read_body, read_head

PIECE = 64 * 1024


class Cut(Exception):
    """The fault wants the connection gone here."""


class Simulator:
    """Subclasses answer in `handle`. A charge is written when the work is done, before the first
    byte of the answer leaves: what is lost on the way was billed all the same."""

    key = "sk-sim-51f0c1a7e2b94d6c8830"
    prefix = ""  # of base_url
    # What a fault of a common name says here, where it differs from OpenAI's words.
    refusals: ClassVar[dict[str, dict[str, Any]]] = {}

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        takes_s: float = 0,
        weight: int = 0,
        picture: Path | None = None,
        bill: Path | None = None,
        **switches: Any,
    ) -> None:
        """`takes_s`: how long a picture takes. `weight`: about how many bytes one has. `picture`:
        sent instead of one that is drawn, by those that speak OpenAI's wire."""
        self.host, self.port = host, port
        self.takes_s, self.weight = takes_s, weight
        self.picture = picture.read_bytes() if picture else b""
        self.requests: list[Request] = []
        self.bill = Bill(bill)
        self.faults = Faults()
        self.crashes: list[str] = []
        self.most_at_once = 0
        self._at_once = 0
        self._ids = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        for name, value in switches.items():
            if not hasattr(self, name):
                raise TypeError(f"{type(self).__name__} has no switch {name!r}")
            setattr(self, name, value)

    async def handle(self, request: Request) -> Answer:
        raise NotImplementedError

    def envelope(self, refused: Refused) -> dict[str, Any]:
        error = {
            "message": refused.message,
            "type": refused.type,
            "param": refused.param,
            "code": refused.code,
        }
        return {"error": {**error, **refused.extra}}

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def base_url(self) -> str:
        return self.url + self.prefix

    def asked(self, path: str) -> list[Request]:
        """The requests whose path ends so."""
        return [request for request in self.requests if request.path.endswith(path)]

    def finish(self, *, within_s: float = 10) -> None:
        """Until nothing is being answered, and so nothing more can come onto the bill."""
        until = time.monotonic() + within_s
        while self._at_once:
            assert time.monotonic() < until, f"{self._at_once} requests are still open"
            time.sleep(0.01)

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)
        if error is None and self.crashes:
            raise AssertionError("the simulator itself failed:\n" + "\n".join(self.crashes))

    def _run(self, started: threading.Event) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            runner.run(self._listen(started))

    async def _listen(self, started: threading.Event) -> None:
        self._over = asyncio.Event()
        server = await asyncio.start_server(
            self._accept, self.host, self.port, backlog=2048, limit=PIECE
        )
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self._over.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, Cut):
            pass
        except Exception:
            self.crashes.append(traceback.format_exc())
        finally:
            self._tasks.discard(task)
            writer.transport.abort() if writer.transport.is_closing() else writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await read_head(reader)
        if head is None:
            return False
        method, target, headers = head
        body = await read_body(reader, headers)
        fault = self.faults.take(method, target)
        request = Request(
            f"req_{next(self._ids):06d}", time.time(), method, target, headers, body, fault
        )
        self.requests.append(request)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            answer = await self._answer(request)
            answer.headers.setdefault("x-request-id", request.id)
            await self._send(reader, writer, answer, fault)
            self.bill.arrived(request.id)
        finally:
            self._at_once -= 1
        return headers.get("connection", "").lower() != "close"

    async def _answer(self, request: Request) -> Answer:
        fault = request.fault
        await asyncio.sleep(fault.delay_s)
        try:
            answer = await self.handle(request) if fault.is_handled else fault.blank()
            if words := fault.refusal(self.refusals):
                raise Refused(**words)
        except Refused as refused:
            if fault.name == "bad_gateway":
                return Answer(502, b"<html><h1>502 Bad Gateway</h1></html>", "text/html")
            return Answer.of(self.envelope(refused), refused.status, **refused.headers)
        except Exception as error:
            self.crashes.append(traceback.format_exc())
            return Answer.of({"error": {"message": f"simulator: {error!r}"}}, 500)
        return fault.changed(answer)

    async def _send(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answer: Answer,
        fault: Fault,
    ) -> None:
        if fault.cuts_at is not None and fault.cuts_at < 0:
            await self._cut(reader, writer, fault)
        chunked = answer.pieces is not None
        writer.write(answer.head(chunked=chunked))
        await writer.drain()
        sent = 0
        async with contextlib.aclosing(_pieces(answer, fault)) as pieces:
            async for piece in pieces:
                if fault.cuts_at is not None:
                    piece = piece[: fault.cuts_at - sent]
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked and piece else piece)
                await writer.drain()
                sent += len(piece)
                if fault.cuts_at is not None and sent >= fault.cuts_at:
                    await self._cut(reader, writer, fault)
        if chunked:
            writer.write(b"0\r\n\r\n")
        await writer.drain()

    async def _cut(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: Fault
    ) -> None:
        while fault.name in ("hang", "stall_after") and not reader.at_eof():
            await asyncio.sleep(0.05)  # a stream that ended tells nobody, so it is asked
        if fault.name.startswith("reset"):
            # Without lingering a close is a reset: the client reads ECONNRESET, not an end.
            linger = struct.pack("ii", 1, 0)
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
        raise Cut


async def _pieces(answer: Answer, fault: Fault) -> AsyncGenerator[bytes]:
    async with contextlib.aclosing(answer.pieces or _whole(answer.body)) as pieces:
        async for piece in pieces:
            step = fault.drips or len(piece)
            for start in range(0, len(piece), step):
                yield piece[start : start + step]
                if fault.drips:
                    await asyncio.sleep(fault.every_s)


async def _whole(body: bytes) -> AsyncGenerator[bytes]:
    view = memoryview(body)
    for start in range(0, len(view), PIECE):
        yield bytes(view[start : start + PIECE])
