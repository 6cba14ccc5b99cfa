"""What anybody may know of a picture: was it made here, and what does its file say?"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from assistants import origins, statements
from assistants.forms import OriginForm
from assistants.models import Artifact
from tale.lib import limits
from tale.lib.address import client_address
from tale.lib.refusals import Refusal

# Decoding costs a tenth of a second of a child; pictures that are being made need them too.
EACH_MINUTE, ALL_MINUTE = 20, 60
GONE = (Artifact.State.DELETING, Artifact.State.DELETED)


@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Tells what is public and nothing else: not even that two pictures are of one organisation."""
    seen: dict[str, Any] = {"form": OriginForm()}
    if request.method != "POST":
        return render(request, "assistants/verify.html", seen)
    for bucket, who, limit in (
        ("verify", client_address(request), EACH_MINUTE),
        ("verify.all", "", ALL_MINUTE),
    ):
        limits.take(bucket, who, limit=limit, window_s=60, spends=True)
    form = OriginForm(request.POST, request.FILES)
    try:
        seen["origin"] = form.answer(None)
    except Refusal as refusal:
        form.show(refusal)
        answer = render(request, "assistants/verify.html", {"form": form}, status=refusal.status)
        answer.headers["X-Error-Code"] = refusal.code
        return answer
    return render(request, "assistants/verify.html", seen)


@require_GET
def statement(request: HttpRequest, key: str) -> HttpResponse:
    picture = statements.of(key)
    is_gone = picture.state in GONE
    seen = {
        "picture": picture,
        "is_gone": is_gone,
        "made_on": origins.day_of(picture, picture.created_at),
        "deleted_on": origins.day_of(picture, picture.deleted_at),
        "made_by": origins.in_words(origins.source_type_of(picture)),
        "source_type": origins.source_type_of(picture),
        "marked_by": picture.marked_by,
    }
    return render(request, "assistants/statement.html", seen, status=410 if is_gone else 200)
