"""The server of production, asked over a socket: no body is read beyond its bound."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic

import pytest

BIG = 10 * 2**20
CHUNK = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    home = tmp_path_factory.mktemp("home")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    server = [sys.executable, "-m", "granian", "--interface", "asginl", "--port", str(number)]
    tale = {"TALE_ENV": "test", "TALE_HOME": str(home), "DATABASE_URL": f"sqlite:///{home}/t"}
    process = subprocess.Popen(
        [*server, "tale.asgi:application"],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, **tale, "REDIS_URL": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        ends = monotonic() + 60
        while not _answers(number):
            assert monotonic() < ends
            assert process.poll() is None
        yield number
    finally:
        process.terminate()
        process.wait(20)


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as wire:
        wire.settimeout(5)
        wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return bool(wire.recv(1))
    return False


def ask(port: int, path: str, *headers: str, chunks: int = 0) -> tuple[int, str, str]:
    """Status, code and body of what comes back, while most of the body is still unsent."""
    head = (f"POST {path} HTTP/1.1", "Host: localhost", *headers, "", "")
    with socket.create_connection(("127.0.0.1", port), 20) as wire:
        wire.sendall("\r\n".join(head).encode())
        with suppress(OSError):  # it may hang up before it has all
            for _ in range(chunks):
                wire.sendall(CHUNK)
        with wire.makefile("rb") as answer:
            status = int(answer.readline().split()[1])
            told: dict[str, str] = {}
            while line := answer.readline().strip():
                name, _colon, value = line.decode().partition(":")
                told[name.lower()] = value.strip()
            body = answer.read(int(told.get("content-length", "0"))).decode()
    return status, told["x-error-code"], body


LENGTH = f"Content-Length: {BIG}"
JSON = "Content-Type: application/json"
FORM = "Content-Type: multipart/form-data; boundary=x"


@pytest.mark.parametrize("how", [(LENGTH,), ("Transfer-Encoding: chunked",)])
def test_each_door_says_it_in_its_own_words(port: int, how: tuple[str]) -> None:
    chunks = 0 if how == (LENGTH,) else 48  # 3 MiB, of a body that has no end
    status, code, body = ask(port, "/openai/v1/images/generations", JSON, *how, chunks=chunks)
    assert (status, code) == (413, "request_too_large")
    assert json.loads(body)["error"]["code"] == "request_too_large"
    status, code, body = ask(port, "/api/v1/teams", JSON, *how, chunks=chunks)
    assert json.loads(body)["error"]["details"] == {"limit_bytes": 2**20}
    status, code, body = ask(port, "/chats", "HX-Request: true", *how, chunks=chunks)
    assert (status, code) == (413, "request_too_large")
    assert "toast" in body


def test_a_form_with_files_may_be_larger(port: int) -> None:
    huge = f"Content-Length: {70 * 2**20}"
    assert ask(port, "/api/v1/pictures", FORM, huge)[:2] == (413, "request_too_large")
    short = ("Content-Length: 9", "Connection: close", "", "--x--\r\nab")
    assert ask(port, "/api/v1/pictures", FORM, *short)[0] == 401
