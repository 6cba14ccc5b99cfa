"""One id and one line for each request."""

import re
import time
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import SimpleLazyObject, empty

from tale import metrics
from tale.api.faces import face_of
from tale.edges.both import around
from tale.lib.fields import new_id
from tale.lib.htmx import is_htmx
from tale.lib.logs import HIDDEN, names_a_secret

log = structlog.get_logger(__name__)
_WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
SILENT = ("/healthz", "/readyz", "/metrics")


def _before(request: HttpRequest) -> None:
    sent = request.headers.get("X-Request-Id", "")
    request.request_id = sent if _WELL_FORMED.fullmatch(sent) else new_id("req")  # type: ignore[attr-defined]
    request.started_s = time.perf_counter()  # type: ignore[attr-defined]
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request.request_id)  # type: ignore[attr-defined]


def _after(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    response.headers["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
    if room := getattr(request, "room", None):
        for name, value in room.headers().items():
            response.headers[name] = value
    if not request.path.startswith((*SILENT, settings.STATIC_URL)):
        _record(request, response, time.perf_counter() - request.started_s)  # type: ignore[attr-defined]
    return response


def _record(request: HttpRequest, response: HttpResponseBase, took_s: float) -> None:
    match = request.resolver_match
    refusal = response.headers.get("X-Error-Code", "")
    metrics.observe(
        method=request.method or "",
        route=match.route if match else "none",
        status=response.status_code,
        edge=_edge(request),
        refusal=refusal,
        took_s=took_s,
    )
    log.info(
        "request",
        method=request.method,
        route=match.view_name if match else "",
        path=_path(request),
        status=response.status_code,
        ms=round(took_s * 1000, 1),  # of a stream: until its first byte
        **({"refusal": refusal} if refusal else {}),
        **_caller(request),
    )


def _edge(request: HttpRequest) -> str:
    if face := face_of(request.path):
        return face.value
    return "admin" if request.path.startswith("/admin/") else "part" if is_htmx(request) else "page"


def _path(request: HttpRequest) -> str:
    """Without the secrets some paths carry, such as the key of a password reset."""
    path = request.path
    for name, value in (request.resolver_match.kwargs if request.resolver_match else {}).items():
        if names_a_secret(name) and isinstance(value, str):
            path = path.replace(value, HIDDEN)
    return path


def _caller(request: HttpRequest) -> dict[str, str]:
    """What the request found out about its caller. Asking now would be a query for the log."""
    actor = getattr(request, "auth", None)
    organisation = getattr(actor, "organisation", None) or _known(request, "organisation")
    chain = getattr(organisation, "pk", "")
    # The audit notes a pseudonym on the very object it was given; looking there wakes none.
    user = getattr(actor, "user", None) or getattr(request, "user", None)
    known = {
        "organisation": chain,
        "who": getattr(user, "__dict__", {}).get("_who", {}).get(chain, ""),
        "key_id": getattr(getattr(actor, "key", None), "pk", ""),
    }
    return {name: value for name, value in known.items() if value}


def _known(request: HttpRequest, name: str) -> Any:
    value = getattr(request, name, None)
    if isinstance(value, SimpleLazyObject):
        wrapped = value.__dict__["_wrapped"]
        return None if wrapped is empty else wrapped
    return value


request_id = around(_before, _after)
