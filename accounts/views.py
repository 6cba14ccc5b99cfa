"""A person's own pages: profile, keys, organisations, and the door they came in by."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.i18n import set_language as set_language_cookie

from accounts import audit, invitations, keys, people
from accounts.auth import (
    active_memberships,
    actor_of,
    enter,
    in_language_of,
    origin_of,
    person_of,
    sign_in,
)
from accounts.forms import KeyForm, NewcomerForm, ProfileForm, StrictForm
from accounts.models import Invitation, Membership
from tale.lib.refusals import Refusal


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    now_said = {"name": user.name, "language": user.language or translation.get_language()}
    form = ProfileForm(_sent(request), initial=now_said)
    if request.method != "POST":
        return render(request, "accounts/profile.html", {"form": form})
    try:
        people.change_profile(user=user, origin=origin_of(request), **form.checked())
    except Refusal as refusal:
        return _again(request, "accounts/profile.html", form, refusal)
    with translation.override(user.language):
        messages.success(request, _("Saved."))
    return in_language_of(user, redirect("accounts:profile"))


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Django's own, which sets a cookie; of a person we know, the choice is theirs everywhere."""
    chosen = request.POST.get("language", "")
    if request.user.is_authenticated and chosen in dict(settings.LANGUAGES):
        person_of(request).speak(chosen)
    response: HttpResponse = set_language_cookie(request)
    return response


@require_GET
def no_organisation(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    current = request.organisation or None  # type: ignore[attr-defined]
    if current is not None and current.is_active:
        return redirect("/")
    usable = [row for row in active_memberships(user) if row.organisation.is_active]
    seen = {"suspended": current, "memberships": usable}
    return render(request, "accounts/no_organisation.html", seen)


@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    enter(request, request.POST.get("organisation", ""))
    back = request.POST.get("next", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else "/")


@require_http_methods(["GET", "HEAD", "POST"])
def own_keys(request: HttpRequest) -> HttpResponse:
    """A new secret is shown in the answer itself: a redirect would have to keep it somewhere."""
    actor = actor_of(request)
    now = timezone.now()
    form, secret = KeyForm(_sent(request), actor=actor), ""
    mine = keys.of_person(actor, now=now)
    if request.method == "POST":
        if actor.membership is None:  # an operator looking in: without an owner it serves nobody
            raise Refusal("forbidden")
        try:
            wish = form.wish(now=now)
            _key, secret = keys.create(actor=actor, owner=actor.membership, now=now, **wish)
        except Refusal as refusal:
            return _again(request, "accounts/keys.html", form, refusal, keys=mine)
        form = KeyForm(actor=actor)
    seen = {"form": form, "keys": mine, "new_secret": secret}
    return render(request, "accounts/keys.html", seen)


@require_POST
def revoke_key(request: HttpRequest, key_id: str) -> HttpResponse:
    actor = actor_of(request)
    now = timezone.now()
    key = keys.own_key(actor, key_id, now=now)
    keys.revoke(actor=actor, key=key, now=now)
    messages.success(request, _("“{name}” is revoked.").format(name=key.name))
    return redirect("accounts:keys")


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    now, origin = timezone.now(), origin_of(request)
    try:
        invited = invitations.look_up(secret=secret, origin=origin, now=now)
    except Refusal as refusal:
        return _closed(request, refusal)
    state, form = _state_and_form(request, invited)
    if request.method != "POST":
        return _open(request, invited, state, form)
    try:
        membership = _accept(request, invited, state, form)
    except Refusal as refusal:
        if refusal.code in audit.KEPT:
            invitations.refused(invitation=invited, refusal=refusal, origin=origin)
        seen = {"invitation": invited, "state": state}
        return _again(request, "accounts/invitation.html", form, refusal, **seen)
    if not request.user.is_authenticated:
        sign_in(request, membership.user)
    enter(request, membership.organisation_id)
    return in_language_of(membership.user, redirect("/"))


@require_GET
def licence(request: HttpRequest) -> HttpResponse:
    return render(request, "licence.html", {"licence": _licence()})


def _sent(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _again(
    request: HttpRequest, page: str, form: StrictForm, refusal: Refusal, **seen: Any
) -> HttpResponse:
    """The page once more, with what was typed and what is wrong with it. A matter of rights is
    for the edge: it answers, and writes it into the audit."""
    if refusal.status in (401, 403, 404):
        raise refusal
    form.show(refusal)
    response = render(request, page, {**seen, "form": form}, status=refusal.status)
    response.headers["X-Error-Code"] = refusal.code
    return response


def _state_and_form(request: HttpRequest, invited: Invitation) -> tuple[str, StrictForm]:
    if request.user.is_authenticated:
        is_theirs = person_of(request).email_key == invited.email_key
        return "accept" if is_theirs else "other_account", StrictForm(_sent(request))
    if invitations.account_of(invited) is not None:
        return "sign_in", StrictForm(_sent(request))
    return "open", NewcomerForm(_sent(request), email=invited.email)


def _open(request: HttpRequest, invited: Invitation, state: str, form: StrictForm) -> HttpResponse:
    seen = {"invitation": invited, "state": state, "form": form}
    return render(request, "accounts/invitation.html", seen)


def _closed(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    seen = {"state": refusal.details["state"]}
    response = render(request, "accounts/invitation.html", seen, status=refusal.status)
    response.headers["X-Error-Code"] = refusal.code
    return response


def _accept(request: HttpRequest, invited: Invitation, state: str, form: StrictForm) -> Membership:
    now, origin = timezone.now(), origin_of(request)
    said = form.checked()
    if state == "open":
        said["language"] = translation.get_language()
        return invitations.accept_as_newcomer(invitation=invited, origin=origin, now=now, **said)
    user = person_of(request)
    return invitations.accept(invitation=invited, user=user, origin=origin, now=now)


@cache
def _licence() -> str:
    return (settings.ROOT / "LICENSE").read_text("utf-8")
