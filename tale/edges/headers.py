"""The security headers of every answer, error pages, files and streams included.

A view may set its own: what is there stays. HSTS is Django's SecurityMiddleware's.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_vary_headers

from tale.edges.both import around

Policy = dict[str, str]

APP: Policy = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob:",
    "connect-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "object-src": "'none'",
    "manifest-src": "'self'",
}
# django-unfold ships Alpine's standard build, which compiles attributes and writes style
# attributes; without these two the menus are dead (upstream issue 2129, closed as not planned).
ADMIN: Policy = APP | {
    "script-src": "'self' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
}
# Swagger UI writes styles and draws its icons as data URLs.
DOCS: Policy = APP | {
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "form-action": "'none'",
}
# Whatever is no page is no page: a picture, a download or JSON opened by its address runs nothing.
FILE: Policy = {"sandbox": "", "default-src": "'none'", "frame-ancestors": "'none'"}
POLICIES = (("/admin/", ADMIN), ("/api/v1/docs", DOCS))

_OFF = (
    "accelerometer autoplay camera display-capture encrypted-media fullscreen geolocation "
    "gyroscope hid idle-detection magnetometer microphone midi payment picture-in-picture "
    "screen-wake-lock serial usb xr-spatial-tracking"
)
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _OFF.split()),
    "Cache-Control": "no-store",  # static files and pictures say how long they may be kept
}


def _before(_request: HttpRequest) -> None:
    pass


def _after(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    policy = _policy(request.path) if is_page else FILE
    response.headers.setdefault("Content-Security-Policy", _written(policy))
    for name, value in FIXED.items():
        response.headers.setdefault(name, value)
    if is_page:
        patch_vary_headers(response, ("HX-Request",))
    return response


def _policy(path: str) -> Policy:
    policy = next((policy for prefix, policy in POLICIES if path.startswith(prefix)), APP)
    # A store of its own origin, when pictures are answered by a redirect to it.
    origins = getattr(settings, "TALE_IMAGE_ORIGINS", ())
    return policy | {"img-src": " ".join((policy["img-src"], *origins))} if origins else policy


def _written(policy: Policy) -> str:
    return "; ".join(f"{name} {value}".strip() for name, value in policy.items())


security_headers = around(_before, _after)
