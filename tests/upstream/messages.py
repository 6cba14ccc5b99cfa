"""What comes in and what goes out: requests read byte by byte, answers that may break any rule."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from tests.upstream.faults import Fault

MOST_HEAD = 64 * 1024
_NAMED = re.compile(r'(\w+)="([^"]*)"')


@dataclass
class Refused(Exception):
    """What a simulator says no with; each kind puts it into its own envelope."""

    status: int
    message: str
    code: str | None = None
    type: str = "invalid_request_error"
    param: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class File:
    field: str
    name: str
    media_type: str
    content: bytes


@dataclass
class Form:
    fields: dict[str, str] = field(default_factory=dict)
    files: list[File] = field(default_factory=list)

    def file(self, name: str) -> File | None:
        return next((file for file in self.files if file.field == name), None)


@dataclass
class Request:
    id: str
    at: float
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    fault: Fault = field(repr=False)

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @cached_property
    def json(self) -> dict[str, Any]:
        try:
            value = json.loads(self.body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            message = "We could not parse the JSON body of your request."
            raise Refused(400, message, code=None)
        return value

    @property
    def is_multipart(self) -> bool:
        return self.headers.get("content-type", "").startswith("multipart/form-data")

    @cached_property
    def form(self) -> Form:
        if not self.is_multipart:
            return Form(fields=dict(parse_qsl(self.body.decode(), keep_blank_values=True)))
        boundary = self.headers["content-type"].partition("boundary=")[2].strip('"')
        form = Form()
        for part in (b"\r\n" + self.body).split(b"\r\n--" + boundary.encode())[1:-1]:
            head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            headers = _headers(head.split(b"\r\n"))
            named = dict(_NAMED.findall(headers["content-disposition"]))
            if "filename" in named:
                media_type = headers.get("content-type", "")
                form.files.append(File(named["name"], named["filename"], media_type, content))
            else:
                form.fields[named["name"]] = content.decode()
        return form


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    media_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    pieces: AsyncGenerator[bytes] | None = None  # sent one by one, in the place of `body`

    @classmethod
    def of(cls, value: Any, status: int = 200, **headers: str) -> Answer:
        dashed = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(status, json.dumps(value).encode(), headers=dashed)

    @classmethod
    def events(cls, pieces: AsyncGenerator[bytes]) -> Answer:
        return cls(media_type="text/event-stream; charset=utf-8", pieces=pieces)

    def head(self, *, chunked: bool) -> bytes:
        fields = {"content-type": self.media_type, **self.headers}
        if chunked:
            fields["transfer-encoding"] = "chunked"
        else:
            fields.setdefault("content-length", str(len(self.body)))
        lines = [f"HTTP/1.1 {self.status} Simulated"]
        lines += [f"{name}: {text}" for name, text in fields.items() if text]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


def event(value: Any, name: str = "") -> bytes:
    said = value if isinstance(value, str) else json.dumps(value)
    return (f"event: {name}\n" if name else "").encode() + f"data: {said}\n\n".encode()


async def read_head(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str]] | None:
    """Method, target and headers; None when the client has nothing more to say."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *rest = head[:-4].split(b"\r\n")
    method, target, _ = first.decode("latin-1").split(" ", 2)
    return method, target, _headers(rest)


async def read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "") != "chunked":
        return await reader.readexactly(int(headers.get("content-length", 0)))
    parts = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return b"".join(parts)


def _headers(lines: list[bytes]) -> dict[str, str]:
    pairs = (line.decode("latin-1").partition(":") for line in lines if line)
    return {name.strip().lower(): text.strip() for name, _, text in pairs}
