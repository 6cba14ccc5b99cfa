"""Every way in: session, API key. What comes out is an Actor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.contrib.auth import login as begin_session
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import sync_and_async_middleware
from django.utils.functional import SimpleLazyObject
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts import keys
from accounts.actor import Actor
from accounts.audit import Origin
from accounts.models import Membership, Organisation, User
from accounts.models.people import email_key
from tale.lib.address import client_address
from tale.lib.refusals import NotFound, Refusal

BACKEND = "accounts.auth.EmailBackend"
CHOSEN = "organisation"  # the session's key for the current organisation


class EmailBackend(ModelBackend):
    """Knows people by address. Gives no rights: those are held on objects, by guardian."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **credentials: Any,
    ) -> Any:
        sent = credentials.get("email") or username or ""
        user = super().authenticate(request, sent, password)
        # An address that only looks like theirs is theirs when we count attempts, and nobody's
        # when we open: allauth would go on with the address as it was typed.
        is_theirs = user is not None and user.get_username() == sent.strip().lower()
        return user if is_theirs else None

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()


class AccountAdapter(DefaultAccountAdapter):
    """Nobody registers: people come by invitation."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def post_login(self, request: HttpRequest, user: Any, **about: Any) -> HttpResponse:
        """In the language the person chose, whatever this browser spoke before."""
        return in_language_of(user, super().post_login(request, user, **about))

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """A new address may not look like somebody else's: that is one account, see email_key."""
        key = email_key(email_address.email)
        if User.objects.filter(email_key=key).exclude(pk=email_address.user_id).exists():
            return False
        confirmed: bool = super().confirm_email(request, email_address)
        return confirmed


class KeyAuthentication(BaseAuthentication):
    """`X-API-Key: tale_…` or `Authorization: Bearer tale_…`. The API takes no session cookie, so
    no other site can make a browser use it."""

    def authenticate(self, request: Request) -> tuple[Any, Actor] | None:
        actor = actor_by_key(request._request)
        return (actor.user, actor) if actor else None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SignedIn(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, Actor):
            raise Refusal("unauthenticated")
        return True


def actor_by_key(request: HttpRequest) -> Actor | None:
    sent = [request.headers["X-API-Key"]] if "X-API-Key" in request.headers else []
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if token:
        if scheme.lower() != "bearer":
            raise Refusal("unauthenticated")
        sent.append(token.strip())
    if not sent:
        return None
    address, request_id = client_address(request), getattr(request, "request_id", "")
    if len(sent) > 1:
        keys.refuse_both(sent, address=address, request_id=request_id)
    return keys.authenticate(
        secret=sent[0], address=address, request_id=request_id, now=timezone.now()
    )


def person_of(request: HttpRequest) -> User:
    """Whoever is signed in, in whatever organisation or none."""
    if not isinstance(request.user, User):
        raise Refusal("unauthenticated")
    return request.user


def origin_of(request: HttpRequest) -> Origin:
    return Origin(client_address(request), getattr(request, "request_id", ""))


def actor_of(request: HttpRequest, *, surface: str = "web") -> Actor:
    """The signed-in person in their current organisation."""
    if not request.user.is_authenticated:
        raise Refusal("unauthenticated")
    organisation: Organisation | None = request.organisation  # type: ignore[attr-defined]
    if not organisation:
        raise Refusal("forbidden")
    if not organisation.is_active and not request.user.is_superuser:
        raise Refusal("organization_suspended")
    return Actor(
        organisation=organisation,
        user=request.user,
        membership=request.membership or None,  # type: ignore[attr-defined]
        surface=surface,
        address=client_address(request),
        request_id=getattr(request, "request_id", ""),
    )


@sync_and_async_middleware
def current_organisation(get_response: Callable[[HttpRequest], Any]) -> Callable[..., Any]:
    """`request.organisation` and `request.membership`, looked up when first asked for."""

    def prepare(request: HttpRequest) -> None:
        request.membership = SimpleLazyObject(lambda: _membership(request))  # type: ignore[attr-defined]
        request.organisation = SimpleLazyObject(lambda: _organisation(request))  # type: ignore[attr-defined]

    if iscoroutinefunction(get_response):

        async def on_loop(request: HttpRequest) -> HttpResponse:
            prepare(request)
            answer: Awaitable[HttpResponse] = get_response(request)
            return await answer

        return on_loop

    def on_thread(request: HttpRequest) -> HttpResponse:
        prepare(request)
        try:
            answer: HttpResponse = get_response(request)
            return answer
        finally:
            timezone.deactivate()  # the thread serves others next

    return on_thread


def active_memberships(user: Any) -> list[Membership]:
    """Usable ones first: an active organisation before a suspended one."""
    if not isinstance(user, User):
        return []
    mine = Membership.objects.filter(user=user, deactivated_at=None).select_related("organisation")
    return sorted(mine, key=lambda row: (not row.organisation.is_active, row.joined_at))


def sign_in(request: HttpRequest, user: User) -> None:
    begin_session(request, user, backend=BACKEND)


def enter(request: HttpRequest, organisation_id: str) -> None:
    """Makes it the current organisation of this session: one's own, or for an operator any."""
    person = person_of(request)
    mine = {row.organisation_id for row in active_memberships(person)}
    may_look = person.is_superuser and Organisation.objects.filter(pk=organisation_id).exists()
    if organisation_id not in mine and not may_look:
        raise NotFound
    request.session[CHOSEN] = organisation_id


def in_language_of(user: User, response: HttpResponse) -> HttpResponse:
    if user.language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            user.language,
            max_age=365 * 24 * 3600,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            samesite="Lax",
        )
    return response


def attempted_account(request: HttpRequest | None, credentials: dict[str, Any] | None) -> str:
    """What a lock-out counts: the account meant, whatever way its address was spelt."""
    sent = credentials or {}
    spelt = sent.get("email") or sent.get("username") or sent.get("login")
    if not spelt and request is not None:
        spelt = request.POST.get("login")
    return email_key(spelt or "")


def locked_out(request: HttpRequest, *_response: Any, **_credentials: Any) -> HttpResponse:
    minutes = round(settings.AXES_COOLOFF_TIME * 60)
    response = render(request, "account/locked.html", {"cooloff": minutes}, status=429)
    response.headers["X-Error-Code"] = "rate_limited"
    response.headers["Retry-After"] = str(minutes * 60)
    return response


def _membership(request: HttpRequest) -> Membership | None:
    mine = active_memberships(request.user)
    chosen = request.session.get(CHOSEN)
    first = None if chosen and request.user.is_superuser else next(iter(mine), None)
    return next((row for row in mine if row.organisation_id == chosen), first)


def _organisation(request: HttpRequest) -> Organisation | None:
    """An operator may look into any. Times are shown as its clocks show them."""
    membership: Membership | None = request.membership  # type: ignore[attr-defined]
    found = membership.organisation if membership else None
    if request.user.is_superuser and (chosen := request.session.get(CHOSEN)):
        found = Organisation.objects.filter(pk=chosen).first()
    if found is not None:
        timezone.activate(found.time_zone)
    return found
