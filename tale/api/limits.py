"""How often a caller of an API may come. The counting is tale.lib.limits."""

from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.actor import Actor
from accounts.auth import actor_by_key
from tale.lib import limits
from tale.lib.address import client_address
from tale.lib.refusals import Refusal

MINUTE_S = 60
READS, WRITES, SPENDING = 600, 120, 20
SAFE = ("GET", "HEAD", "OPTIONS")


def admitted(request: HttpRequest, *, spends: bool = False) -> Actor:
    """For a plain async wire, through `in_db`: who calls, and that they may come now."""
    actor = actor_by_key(request)
    if actor is None:
        raise Refusal("unauthenticated")
    request.auth = actor  # type: ignore[attr-defined]
    admit(request, actor, spends=spends)
    return actor


def admit(request: HttpRequest, actor: Actor | None, *, spends: bool) -> None:
    """Leaves on the request how much room there is, for the headers of its answer."""
    reads = request.method in SAFE
    bucket, limit = ("api.read", READS) if reads else ("api.write", WRITES)
    caller = _caller(request, actor)
    request.room = limits.take(  # type: ignore[attr-defined]
        bucket, caller, limit=limit, window_s=MINUTE_S, spends=spends
    )
    if spends:
        request.room = limits.take(  # type: ignore[attr-defined]
            "spend", _person(actor) or caller, limit=SPENDING, window_s=MINUTE_S, spends=True
        )


class CallerThrottle(BaseThrottle):
    """A DRF view that spends says so: `spends = True`."""

    def allow_request(self, request: Request, view: Any) -> bool:
        actor = request.auth if isinstance(request.auth, Actor) else None
        admit(request._request, actor, spends=getattr(view, "spends", False))
        return True


def _caller(request: HttpRequest, actor: Actor | None) -> str:
    if actor is not None and actor.key is not None:
        return actor.key.pk
    return _person(actor) or client_address(request)


def _person(actor: Actor | None) -> str:
    """Of all their keys together: more keys must not mean more money."""
    return f"user {actor.user.pk}" if actor is not None and actor.user is not None else ""
