"""What a machine may watch us by. A module with figures of its own declares them where it is, with
prometheus-client's default registry; they appear here by themselves.

Several web processes: set PROMETHEUS_MULTIPROC_DIR for all of them.
"""

import os

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from tale.lib.refusals import Refusal

REQUESTS = Counter(
    "tale_http_requests", "Requests answered.", ("method", "route", "status", "edge")
)
SECONDS = Histogram(
    "tale_http_request_seconds",
    "Time to the answer; of a stream, to its first byte.",
    ("route", "edge"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
REFUSALS = Counter("tale_refusals", "Requests refused, by code.", ("code", "edge"))
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def observe(
    *, method: str, route: str, status: int, edge: str, refusal: str, took_s: float
) -> None:
    """Labels come from us, never from the caller: each new value is a series for ever."""
    REQUESTS.labels(method if method in _METHODS else "other", route, status, edge).inc()
    SECONDS.labels(route, edge).observe(took_s)
    if refusal:
        REFUSALS.labels(refusal, edge).inc()


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    token = settings.TALE_METRICS_TOKEN
    if not token:
        raise Http404
    if not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {token}"):
        raise Refusal("invalid_token")
    return HttpResponse(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def _registry() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    gathered = CollectorRegistry()
    MultiProcessCollector(gathered)
    return gathered
