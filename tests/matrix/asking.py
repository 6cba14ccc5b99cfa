"""One request, watched: what it answered, what it wrote, and what it told."""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import quote

from django.apps import apps
from django.conf import settings
from django.core import mail
from django.db import connection, models, transaction
from django.test import Client
from django.test.client import ClientHandler
from django.test.utils import override_settings

from accounts.models import AuditLine
from tests.matrix.world import Credential

Rows = list[tuple[Any, ...]]
_WRITES = re.compile(r'\s*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM)\s+"?(\w+)', re.I)
_CHANGING = re.compile(
    r'name="csrfmiddlewaretoken" value="\w+"|"X-CSRFToken": *"\w+"|req_\w{24}|content="\w{64}"'
)
# Who came, how often and until when: written whatever the answer is.
HOUSEKEEPING = {
    "axes_accessfailurelog",
    "cache",
    "django_session",
    "lib_ratewindow",
}
TOLD = {"accounts_auditdetail", "accounts_audithead", "accounts_auditline", "accounts_pseudonym"}
PASSING = {"accounts_apikey": {"last_used_at"}}  # columns that say when somebody was last here


class Answer(NamedTuple):
    status: int
    code: str
    body: str
    headers: dict[str, str]
    changed: list[str]  # tables that are not as they were
    told: list[str]  # outcomes of the lines that the audit gained
    context: Any  # of the page's template
    broken: str  # by what, where the answer is a 500

    def __str__(self) -> str:
        return f"{self.status} {self.code} {self.broken}".strip()

    def without(self, path: str) -> tuple[str, ...]:
        """What two refusals must have in common, whatever was asked for."""
        asked = path.strip("/").rpartition("?")[0] or path.strip("/")
        seen = f"{self.headers.get('Location', '')}\n{self.body}"
        for spelt in (asked, quote(asked), quote(asked, safe="")):
            seen = seen.replace(spelt, "<asked>")
        kind = self.headers.get("Content-Type", "")
        return f"{self.status} {self.code} {kind}", *_CHANGING.sub("", seen).splitlines()


class Tables:
    """What is in every table, read when something was written to it."""

    def __init__(self) -> None:
        self.of = {model._meta.db_table: model for model in _models()}
        self.before = {name: self.read(name) for name in self.of}

    def read(self, table: str) -> Rows:
        model = self.of[table]
        columns = [
            field.attname
            for field in model._meta.concrete_fields
            if field.attname not in PASSING.get(table, ())
        ]
        return list(model._base_manager.order_by("pk").values_list(*columns))

    def changed(self, written: set[str]) -> list[str]:
        unknown = written - self.of.keys() - HOUSEKEEPING
        suspects = (written & self.of.keys()) - HOUSEKEEPING - TOLD
        found = {name for name in suspects if self.read(name) != self.before[name]}
        return sorted(unknown | found | ({"mail"} if mail.outbox else set()))

    def told(self, written: set[str]) -> list[str]:
        if "accounts_auditline" not in written:
            return []
        last = max((row[0] for row in self.before["accounts_auditline"]), default=0)
        fresh = AuditLine.unscoped.filter(pk__gt=last).order_by("pk")
        return list(fresh.values_list("outcome", flat=True))


def ask(
    tables: Tables,
    who: Credential,
    method: str,
    path: str,
    sent: Any = None,
    *,
    as_json: bool = False,
    after: Callable[[], None] = lambda: None,
) -> Answer:
    """Nothing of it stays: the next one finds the world as this one did."""
    client = Client(headers=who.headers, raise_request_exception=False)
    client.handler = _handler()
    if who.session:
        client.cookies["session"] = who.session
    as_json = as_json and not any(hasattr(value, "read") for value in (sent or {}).values())
    data: Any = json.dumps(sent or {}) if as_json else sent or {}
    kind = {"content_type": "application/json"} if as_json and method != "GET" else {}
    if method not in ("GET", "POST") and not as_json:
        data = ""
    mail.outbox.clear()
    try:
        with transaction.atomic():
            with _watched() as written:
                answer = getattr(client, method.lower())(
                    path, sent if method == "GET" else data, **kind
                )
                body = _body(answer)
            seen = Answer(
                answer.status_code,
                answer.headers.get("X-Error-Code", ""),
                body,
                dict(answer.headers.items()),
                tables.changed(written),
                tables.told(written),
                answer.context,
                _exception_of(answer),
            )
            transaction.set_rollback(True)
    finally:
        after()
    return seen


@cache
def _handler() -> ClientHandler:
    """One for all: each of its own would load every middleware again, ten times the work. Without
    that of the static files, which takes every request to a loop and back; tests/edges has it."""
    handler = ClientHandler(enforce_csrf_checks=False)
    chain = [name for name in settings.MIDDLEWARE if not name.startswith("servestatic.")]
    with override_settings(MIDDLEWARE=chain):
        handler.load_middleware()
    return handler


@contextmanager
def _watched() -> Iterator[set[str]]:
    written: set[str] = set()

    def watch(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if found := _WRITES.match(sql):
            written.add(found[1])
        return execute(sql, *rest)

    with connection.execute_wrapper(watch):
        yield written


def _body(answer: Any) -> str:
    """An event stream is not read: it would go on for as long as there is something to tell."""
    if getattr(answer, "is_async", False):
        return ""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(content.decode(errors="replace"))


def _exception_of(answer: Any) -> str:
    if not getattr(answer, "exc_info", None):
        return ""
    kind, raised, stack = answer.exc_info
    where = traceback.extract_tb(stack)[-1]
    return f"{kind.__name__}: {raised} ({where.filename.rpartition('/')[2]}:{where.lineno})"


def _models() -> list[type[models.Model]]:
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
