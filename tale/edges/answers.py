"""A refusal as an answer: in the words of an API, as a toast, as a page."""

from typing import Any
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from tale.api.errors import FINAL, foreseen, headers_of, respond
from tale.api.faces import Face, face_of
from tale.lib.causes import refusal_of
from tale.lib.htmx import is_htmx
from tale.lib.refusals import Refusal, Text

log = structlog.get_logger(__name__)

TITLES: dict[int, Text] = {
    400: _("This request is not right"),
    401: _("Please sign in"),
    403: _("Not allowed"),
    404: _("Not found"),
    405: _("Not possible here"),
    409: _("Already under way"),
    410: _("Deleted"),
    412: _("Changed meanwhile"),
    413: _("Too large"),
    429: _("Limit reached"),
    503: _("Back in a moment"),
}
NEXT_STEPS: dict[int, Text] = {
    404: _("Check the address, or look for it from the start page."),
    500: _("Try again. If it happens again, give an administrator the request id."),
    503: _("Reload the page in a few seconds."),
}
SIGN_IN = {"unauthenticated", "session_expired"}
MACHINES = ("/healthz", "/readyz", "/metrics")
SAFE = ("GET", "HEAD", "OPTIONS")


def answer(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """For code outside of views too, such as a middleware that must say no. Asks the database for
    nothing when the status is 500 or more."""
    face = face_of(request.path)
    return _for_machines(request, refusal, face) if face else _for_people(request, refusal)


def _for_machines(request: HttpRequest, refusal: Refusal, face: Face) -> HttpResponse:
    response = respond(refusal, face, _request_id(request))
    if refusal.status >= 500 and request.method not in SAFE:
        # It may have broken after money moved, and a client library would send it again.
        response.headers["x-should-retry"] = FINAL["x-should-retry"]
    return response


def _for_people(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    response = _spoken(request, refusal)
    for name, value in headers_of(refusal).items():
        response.headers[name] = value
    return foreseen(response, refusal)


def _spoken(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    if is_htmx(request):
        return _toast(request, refusal)
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return respond(refusal, Face.NATIVE, _request_id(request))
    if not _shows_a_page(request):
        text = f"{refusal.code}: {refusal.message}\n"
        return HttpResponse(text, status=refusal.status, content_type="text/plain; charset=utf-8")
    if refusal.code in SIGN_IN:
        back = request.get_full_path() if request.method in SAFE else ""
        return HttpResponseRedirect(_sign_in(back))
    return HttpResponse(_page(request, refusal), status=refusal.status)


def _shows_a_page(request: HttpRequest) -> bool:
    """Nobody reads the page that a picture, an event stream or a probe gets."""
    wanted = request.headers.get("Sec-Fetch-Dest", "document")
    return wanted in ("document", "iframe") and not request.path.startswith(MACHINES)


def _toast(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """One toast. The rule for it is `responseHandling` in base.html: the body of any 4xx or 5xx
    goes to #toasts, so nothing on the page is replaced and what was typed is still there."""
    try:
        body: str = render_to_string("partials/refusal.html", _context(request, refusal))
    except Exception as broken:  # an answer there must be
        _note(broken)
        body = _bare(request, refusal)
    response = HttpResponse(body, status=refusal.status)
    if refusal.code in SIGN_IN:
        htmx = getattr(request, "htmx", None)
        response.headers["HX-Redirect"] = _sign_in(htmx.current_url_abs_path if htmx else "")
    return response


def _page(request: HttpRequest, refusal: Refusal) -> str:
    """With the navigation of the signed-in person; without, when that needs what is broken."""
    context = _context(request, refusal)
    for whose in (request, None) if refusal.status < 500 else (None,):
        try:
            return render_to_string("error.html", context, request=whose)
        except Exception as broken:  # the database, most likely; an answer there must be
            _note(broken)
    return _bare(request, refusal)


def _note(broken: Exception) -> None:
    if refusal_of(broken):
        log.warning("error page not rendered", broken=type(broken).__name__)
    else:
        log.error("error page not rendered", exc_info=broken)


def _context(request: HttpRequest, refusal: Refusal) -> dict[str, Any]:
    status = refusal.status
    return {
        "status": status,
        "code": refusal.code,
        "title": TITLES.get(status) or _title_of_the_rest(status),
        "message": refusal.message,
        "next_step": NEXT_STEPS.get(status, ""),
        "request_id": _request_id(request),
    }


def _title_of_the_rest(status: int) -> Text:
    return _("Something broke") if status >= 500 else _("This did not work")


def _bare(request: HttpRequest, refusal: Refusal) -> str:
    return format_html(
        '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{status}</title>'
        '<h1 class="toast" data-error-code="{code}">{title}</h1><p>{message}</p>'
        "<p>{next_step}</p><p><code>{request_id}</code></p></html>",
        **_context(request, refusal),
    )


def _sign_in(back: str | None) -> str:
    page = resolve_url(settings.LOGIN_URL)
    return f"{page}?{urlencode({'next': back})}" if back else page


def _request_id(request: HttpRequest) -> str:
    return getattr(request, "request_id", "")
