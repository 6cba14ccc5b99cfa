"""What happens at the door of an account, written into the audit.

Django, allauth and axes tell it by signal. A failed attempt at a known account is told to each
organisation of its person; one at an account nobody has goes to the platform's chain. Strangers
cause both, so both are bounded: by the lock, and by `has_room`.
"""

from __future__ import annotations

from typing import Any

from allauth.account import signals as changes
from axes.signals import user_locked_out
from django.contrib.auth import signals as sessions
from django.http import HttpRequest

from accounts import audit
from accounts.auth import attempted_account, origin_of
from accounts.models import User
from tale.lib import keyring


def listen() -> None:
    sessions.user_logged_in.connect(started)
    sessions.user_logged_out.connect(ended)
    sessions.user_login_failed.connect(refused)
    user_locked_out.connect(locked)
    changes.password_changed.connect(password_changed)
    changes.password_set.connect(password_changed)
    changes.password_reset.connect(password_reset)
    changes.email_changed.connect(email_changed)


def started(request: HttpRequest, user: User, **_signal: Any) -> None:
    _tell("session.started", request, user)


def ended(request: HttpRequest, user: User | None, **_signal: Any) -> None:
    if user is not None:
        _tell("session.ended", request, user)


def refused(
    credentials: dict[str, Any], request: HttpRequest | None = None, **_signal: Any
) -> None:
    if request is None or _was_locked_before(request):
        return
    account = attempted_account(request, credentials)
    user = User.objects.filter(email_key=account).first()
    if user is not None:
        origin = origin_of(request)
        audit.write_to_each(
            about=user, by=None, action="session.refused", origin=origin, outcome="unauthenticated"
        )
    else:
        _tell_of_stranger("session.refused", request, account, outcome="unauthenticated")


def locked(request: HttpRequest, username: str, **_signal: Any) -> None:
    if _was_locked_before(request):
        return
    user = User.objects.filter(email_key=username).first()
    if user is not None:
        origin = origin_of(request)
        audit.write_to_each(
            about=user, by=None, action="session.locked", origin=origin, outcome="rate_limited"
        )
    else:
        _tell_of_stranger("session.locked", request, username, outcome="rate_limited")


def password_changed(request: HttpRequest, user: User, **_signal: Any) -> None:
    _tell("password.changed", request, user)


def password_reset(request: HttpRequest, user: User, **_signal: Any) -> None:
    _tell("password.reset", request, user)


def email_changed(
    request: HttpRequest, user: User, from_email_address: Any, to_email_address: Any, **_signal: Any
) -> None:
    _tell("email.changed", request, user, was=str(from_email_address), now=str(to_email_address))


def _tell(action: str, request: HttpRequest, user: User, **detail: Any) -> None:
    origin = origin_of(request)
    audit.write_to_each(about=user, by=user, action=action, origin=origin, **detail)


def _tell_of_stranger(action: str, request: HttpRequest, account: str, *, outcome: str) -> None:
    """The address as a fingerprint: people type their password into the wrong field."""
    origin = origin_of(request)
    if audit.has_room(action, origin.address) and audit.has_room(action, "anywhere"):
        audit.write_platform(
            action=action,
            user=None,
            origin=origin,
            outcome=outcome,
            account=keyring.fingerprint(account),
        )


def _was_locked_before(request: HttpRequest) -> bool:
    """axes counts no further failures once it has locked, so it leaves this field empty then."""
    locked_now: bool = getattr(request, "axes_locked_out", False)
    return locked_now and getattr(request, "axes_failures_since_start", None) is None
