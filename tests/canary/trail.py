"""Everything that is said while secrets are used, and where it was said."""

from __future__ import annotations

import base64
import html
import io
import json
import logging
import string
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus

from celery import Celery
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.test import Client

from tale.lib import logs


class Place(NamedTuple):
    kind: str  # answer, table, log, task, file, mail, session
    where: str

    def __str__(self) -> str:
        return f"{self.kind} {self.where}"


class Trail:
    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.said: list[tuple[Place, str]] = []

    def keep(self, name: str, secret: str) -> str:
        assert len(secret) >= 12, f"{name} is too short to be looked for"
        self.secrets[name] = secret
        return secret

    def note(self, kind: str, where: str, text: str) -> None:
        self.said.append((Place(kind, where), text))

    def hits(self) -> set[tuple[Place, str]]:
        """Which secret stands where, in clear or in a spelling that anybody reads back."""
        whole = "\n".join(text for _place, text in self.said)
        looks = [
            (name, look) for name, secret in self.secrets.items() for look in spellings(secret)
        ]
        seen = [(name, look) for name, look in looks if look in whole]
        return {(place, name) for place, text in self.said for name, look in seen if look in text}


def spellings(secret: str) -> set[str]:
    raw = secret.encode()
    plain = {
        secret,
        quote(secret),
        quote_plus(secret),
        html.escape(secret),
        json.dumps(secret)[1:-1],
    }
    return plain | {raw.hex(), *_in_base64(raw)}


def _in_base64(raw: bytes) -> Iterator[str]:
    """Inside of something longer it looks one of three ways; its ends depend on the neighbours."""
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * before + raw).decode()[4 * bool(before) : -4]


class Watched(Client):
    """A browser or a program: what it is answered is kept, but for the cookies that are its own."""

    def __init__(self, trail: Trail, **options: Any) -> None:
        super().__init__(raise_request_exception=False, **options)
        self.trail = trail

    def request(self, **request: Any) -> Any:
        answer = super().request(**request)
        if getattr(answer, "is_async", False):
            return answer
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        headers = {name: value for name, value in answer.headers.items() if name != "Set-Cookie"}
        where = f"{request['REQUEST_METHOD']} {request['PATH_INFO']}"
        self.trail.note("answer", where, f"{headers}\n{body.decode(errors='replace')}")
        if "session" in self.cookies:
            self._keep_session(self.cookies["session"].value)
        return answer

    def _keep_session(self, key: str) -> None:
        if key and key not in self.trail.secrets.values():
            self.trail.keep(f"session {len(self.trail.secrets)}", key)


@contextmanager
def listening(trail: Trail, patch: Any) -> Iterator[None]:
    """Hears the log, at its most talkative, and whatever would be handed to a worker."""

    def sent(_app: Celery, *arguments: Any, **options: Any) -> None:
        trail.note("task", str(arguments[0]), json.dumps([arguments, options], default=str))

    patch.setattr(Celery, "send_task", sent)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    line = logs.configure(level="DEBUG", pretty=False)["formatters"]["line"]
    handler.setFormatter(line.pop("()")(**line))
    root, pages = logging.getLogger(), logging.getLogger("django.template")
    levels = root.level, pages.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    pages.setLevel(logging.INFO)  # or it tells of each variable a page does not have
    try:
        yield
    finally:
        root.setLevel(levels[0])
        pages.setLevel(levels[1])
        root.removeHandler(handler)
    for number, text in enumerate(stream.getvalue().splitlines()):
        trail.note("log", f"line {number}", text)


def collect(trail: Trail) -> None:
    """What is left behind: every table, what is packed in them, the files, the mails."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                trail.note("table", table, "\n".join(map(_text, row)))
    for session in Session.objects.all():
        trail.note("session", "what it holds", json.dumps(session.get_decoded(), default=str))
    for file in Path(settings.TALE_HOME).rglob("*"):
        if file.is_file() and file.parent.name != "keys" and ".sqlite3" not in file.name:
            trail.note("file", file.name, _text(file.read_bytes()))
    for message in mail.outbox:
        trail.note("mail", message.subject, f"{message.to} {message.body} {message.alternatives}")


def _text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return "".join(chr(byte) for byte in bytes(value) if chr(byte) in string.printable)
    return str(value)
