"""Where a request comes from, as far as we may believe it."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """Each proxy of ours appends the address it was called from, so the client stands as many
    places from the right as there are proxies; what is left of that, the client wrote itself."""
    peer = str(request.META.get("REMOTE_ADDR") or "")
    proxies: int = settings.TALE_PROXIES
    if not proxies:
        return peer
    passed = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    if len(passed) < proxies:  # called past the proxy
        return peer
    return _plain(passed[-proxies]) or peer


def _plain(address: str) -> str:
    """Some proxies write the port too: `[::1]:4711`, `10.0.0.7:4711`."""
    if address.startswith("["):
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        address = address.partition(":")[0]
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return ""
