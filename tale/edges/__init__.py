"""Where every request comes in and every answer goes out: ids, lines, headers, refusals."""

from tale.edges.answers import answer
from tale.edges.bodies import body_too_large, bounded
from tale.edges.headers import security_headers
from tale.edges.refusing import (
    csrf_failed,
    handler400,
    handler403,
    handler404,
    handler500,
    refusals,
)
from tale.edges.requests import request_id

__all__ = [
    "answer",
    "body_too_large",
    "bounded",
    "csrf_failed",
    "handler400",
    "handler403",
    "handler404",
    "handler500",
    "refusals",
    "request_id",
    "security_headers",
]
