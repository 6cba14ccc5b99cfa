"""Refusals of rights go into the audit, from every edge and once we know who was refused."""

from django.db import DatabaseError
from django.http import HttpRequest

from accounts import audit
from accounts.actor import Actor
from tale.api.faces import face_of
from tale.lib.address import client_address
from tale.lib.refusals import Refusal


def witness(request: HttpRequest, refusal: Refusal) -> None:
    if not audit.is_kept(refusal):
        return
    match = request.resolver_match
    route = (match.view_name or match.route) if match else "unknown"
    try:
        if actor := _actor(request):
            audit.refused(actor=actor, refusal=refusal, action=f"{request.method} {route}"[:60])
    except DatabaseError:
        return  # refused all the same


def _actor(request: HttpRequest) -> Actor | None:
    by_key = getattr(request, "auth", None)
    if isinstance(by_key, Actor):
        return by_key
    user = getattr(request, "user", None)
    organisation = getattr(request, "organisation", None)
    if face_of(request.path) or user is None or not user.is_authenticated or not organisation:
        return None
    return Actor(
        organisation=organisation,
        user=user,
        membership=getattr(request, "membership", None) or None,
        address=client_address(request),
        request_id=getattr(request, "request_id", ""),
    )
