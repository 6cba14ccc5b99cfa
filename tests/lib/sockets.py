"""Small servers on loopback that answer as they are told, in the loop of the test itself."""

import asyncio
import functools
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from tale.lib import http

HERE = http.Reach(private=True)
CLOSED = "http://127.0.0.1:9/"
CANARY = "canary-4f9d1e07b3"
Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
Handle = Callable[[Writer], Awaitable[None]]


def awaited(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


class Server:
    """Answers every request alike, and keeps what came."""

    def __init__(self, handle: Handle) -> None:
        self.handle = handle
        self.requests: list[bytes] = []
        self.connections = 0
        self.url, self.port = "", 0
        self.threads = 0
        self.serving: set[asyncio.Task[None]] = set()

    def hang_up(self) -> None:
        for task in self.serving:
            task.cancel()

    def accept(self, reader: Reader, writer: Writer) -> None:
        self.connections += 1
        self.serving.add(asyncio.ensure_future(self.serve(reader, writer)))

    async def serve(self, reader: Reader, writer: Writer) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.threads = max(self.threads, threading.active_count())
                fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:-2])
                body = await reader.readexactly(int(fields.get(b"content-length", 0)))
                self.requests.append(head + body)
                await self.handle(writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(handle: Handle, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(handle)
    listener = await asyncio.start_server(server.accept, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    server.url = f"http://127.0.0.1:{server.port}"
    try:
        yield server
    finally:
        listener.close()
        server.hang_up()
        await asyncio.gather(*server.serving, return_exceptions=True)


def says(body: bytes = b"{}", *, status: str = "200 OK", **headers: str) -> Handle:
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode()

    async def handle(writer: Writer) -> None:
        writer.write(head + body)

    return handle


def drips(*pieces: bytes, pause_s: float = 0.0, headers: str = "") -> Handle:
    """An answer without a length, ended by closing."""

    async def handle(writer: Writer) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nConnection: close\r\n{headers}\r\n".encode())
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)
        writer.close()

    return handle


async def hangs_up(writer: Writer) -> None:
    writer.close()


async def garbles(writer: Writer) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
