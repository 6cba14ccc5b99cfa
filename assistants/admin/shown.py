"""What a picture shows and says is not seen here, until somebody says why they look."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import timezone

from accounts.admin_base import current
from assistants.models import Artifact

WORDS = ("alt", "prompt", "revised_prompt")
SHOWN_S = 15 * 60
_KEY = "content_shown"


def show(request: HttpRequest, picture: Artifact | None) -> None:
    """For a quarter of an hour: this one, or all of the organisation's."""
    organisation = current(request)
    name = picture.pk if picture is not None else organisation.pk if organisation else ""
    now = timezone.now().timestamp()
    known = request.session.get(_KEY, {})
    alive = {each: until for each, until in known.items() if until > now}
    request.session[_KEY] = alive | {name: now + SHOWN_S}


def hide(request: HttpRequest) -> None:
    request.session.pop(_KEY, None)


def is_shown(request: HttpRequest, picture: Artifact | None = None) -> bool:
    known, now = request.session.get(_KEY, {}), timezone.now().timestamp()
    organisation = current(request)
    if organisation is None:
        return False
    if picture is not None and picture.organisation_id != organisation.pk:
        return False
    names = [organisation.pk, picture.pk if picture is not None else ""]
    return any(known.get(name, 0) > now for name in names)


def masked(request: HttpRequest, picture: Artifact) -> Artifact:
    """Without its words, where they are not shown."""
    picture.is_shown = is_shown(request, picture)  # type: ignore[attr-defined]
    if not picture.is_shown:  # type: ignore[attr-defined]
        for name in WORDS:
            setattr(picture, name, "")
    return picture
