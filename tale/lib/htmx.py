from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django_htmx.middleware import HtmxDetails


class HtmxHttpRequest(HttpRequest):
    htmx: HtmxDetails


def is_htmx(request: HttpRequest) -> bool:
    """Does the answer go into a part of the page? Restoring history asks for the whole of it."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in headers


def with_toasts(request: HttpRequest, html: str) -> SafeString:
    """The fragment, and behind it, out of band, what django.contrib.messages has to say."""
    toasts = render_to_string("partials/toasts.html", request=request)
    return mark_safe(html + toasts)  # both come out of templates
