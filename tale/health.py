"""`/healthz`: this process lives. `/readyz`: and can work. Neither says more than names."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache

import structlog
from django.conf import settings
from django.core.cache import caches
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, connections
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from kombu import Connection

from tale.lib.fields import new_id

log = structlog.get_logger(__name__)
PATIENCE_S = 2.0
WORKER_SEEN = "tale:worker-seen"  # a worker puts its Unix time here; nobody did: not checked
WORKER_SILENT_S = 60


class NotReady(Exception):
    pass


@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    failing = sorted(_failing())
    status = {"status": "failing", "failing": failing} if failing else {"status": "ok"}
    return JsonResponse(status, status=503 if failing else 200)


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _cache() -> None:
    word = new_id("ready")
    caches["default"].set(word, word, timeout=10)
    if caches["default"].get(word) != word:
        raise NotReady("what was put in did not come out")
    caches["default"].delete(word)


def _storage() -> None:
    name = default_storage.save(f"ready/{new_id('ready')}", ContentFile(b"ready"))
    default_storage.delete(name)


def _broker() -> None:
    url: str = settings.CELERY_BROKER_URL
    if url.startswith(("filesystem:", "memory:")):
        return
    with Connection(url, connect_timeout=PATIENCE_S) as broker:
        broker.connect()


def _worker() -> None:
    seen_at = caches["default"].get(WORKER_SEEN)
    if seen_at is not None and time.time() - seen_at > WORKER_SILENT_S:
        raise NotReady("silent for too long")


CHECKS: dict[str, Callable[[], None]] = {
    "database": _database,
    "cache": _cache,
    "storage": _storage,
    "broker": _broker,
    "worker": _worker,
}
_asked: dict[str, Future[None]] = {}


def _failing() -> list[str]:
    """All at once, each on its own thread."""
    asked = {name: _ask(name) for name in CHECKS}
    until = time.monotonic() + PATIENCE_S
    return [name for name, check in asked.items() if not _passes(name, check, until)]


def _ask(name: str) -> "Future[None]":
    """One that hangs is not asked a second time: a probe a second would pile up threads."""
    check = _asked.get(name)
    if check is None or check.done():
        check = _asked[name] = _threads().submit(_giving_back, CHECKS[name])
    return check


def _passes(name: str, check: "Future[None]", until: float) -> bool:
    try:
        check.result(timeout=max(0.0, until - time.monotonic()))
    except Exception as broken:  # whatever it is, it is not ready
        log.warning("not ready", check=name, broken=type(broken).__name__)
        return False
    return True


def _giving_back(check: Callable[[], None]) -> None:
    try:
        check()
    finally:
        connections.close_all()


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(len(CHECKS), thread_name_prefix="ready")
