"""What every page knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts import permissions
from accounts.auth import active_memberships

THEMES = ("auto", "light", "dark")


def context(request: HttpRequest) -> dict[str, Any]:
    theme = request.COOKIES.get("theme", "auto")
    shared = {
        "tale_version": settings.TALE_VERSION,
        "theme": theme if theme in THEMES else "auto",
        "LANGUAGES": settings.LANGUAGES,
    }
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return shared
    organisation = request.organisation or None  # type: ignore[attr-defined]
    return shared | {
        "organisation": organisation,
        "memberships": active_memberships(user),
        "may_admin": permissions.may(user, "view_governance", organisation),
    }
