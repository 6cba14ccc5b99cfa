"""Which addresses may be reached: as a URL is written, and as its name resolves.

A URL is read strictly, so that no other reader can find another host in it, and what a name
resolves to is judged once more before each connection. Python's own is_global is not enough: 3.11
calls NAT64, 6to4, fec0:: and v4-compatible addresses of loopback global.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

import idna
from django.conf import settings
from django.utils.translation import gettext as _

from tale.lib.refusals import Refusal

IP = IPv4Address | IPv6Address
MOST_URL_CHARS = 8192  # signed links of result hosts are long
_PORTS = {"https": 443, "http": 80}
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_LIKE_A_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # the last label decides, as in browsers
_DOTS = "\u3002\uff0e\uff61"  # IDNA reads them as dots, others do not: two readers, two hosts
_INNER_NAMES = """localhost localdomain local internal intranet private corp home lan home.arpa
    metadata instance-data onion""".split()
_NOT_PUBLIC = tuple(
    ip_network(network)
    for network in """0.0.0.0/8 100.64.0.0/10 192.0.0.0/24 192.88.99.0/24 198.18.0.0/15 224.0.0.0/3
        2001::/23 2001:db8::/32 2002::/16 3fff::/20""".split()
)
_GLOBAL_UNICAST = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")
_NEVER = tuple(ip_network(n) for n in "0.0.0.0/8 169.254.0.0/16 224.0.0.0/3 fe80::/10".split())


@dataclass(frozen=True, slots=True)
class Reach:
    """Who may be reached. `private`: an admin marked the connection as on our own network, which
    counts only for hosts that the operator lists in TALE_PRIVATE_HOSTS."""

    private: bool = False


PUBLIC = Reach()


@dataclass(frozen=True, slots=True)
class Target:
    scheme: str
    host: str  # lower case, ASCII, no brackets
    port: int

    @property
    def name(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


class NotAllowed(Exception):
    """Our own words, with nothing of the URL in them."""


def check_url(url: str, *, reach: Reach = PUBLIC, field: str = "base_url") -> None:
    """What can be known without the network, for the moment a URL is saved."""
    try:
        permit(read(url), reach=reach)
    except NotAllowed as error:
        raise Refusal("url_not_allowed", str(error), field=field) from None


def read(url: str) -> Target:
    parts, port = _split(url)
    if parts.scheme not in _PORTS:
        raise NotAllowed(_("This address must begin with https://."))
    if not parts.netloc or "//" not in url[:8]:
        raise NotAllowed(_("This address names no host."))
    if "@" in parts.netloc or "%" in parts.netloc:
        raise NotAllowed(_("Leave the name and password out of the address."))
    if "#" in url:
        raise NotAllowed(_("Leave the part after # out of the address."))
    written = _after_host(parts.netloc)
    if written and (port is None or str(port) != written[1:] or not port):
        raise NotAllowed(_("The port of this address is no number from 1 to 65535."))
    host = _host(parts.netloc.removesuffix(written))
    return Target(parts.scheme, host, port or _PORTS[parts.scheme])


def _split(url: str) -> tuple[SplitResult, int | None]:
    if not url or len(url) > MOST_URL_CHARS:
        raise NotAllowed(_("This address is empty or too long."))
    if "\\" in url or any(c.isspace() or not c.isprintable() for c in url):
        raise NotAllowed(_("There is a space, a backslash or an invisible character in this."))
    try:
        parts = urlsplit(url)
        return parts, parts.port
    except ValueError:
        raise NotAllowed(_("This is not an address as we take it.")) from None


def _after_host(netloc: str) -> str:
    """`:8080`, with its colon; empty when no port is written."""
    tail = netloc.rpartition("]")[2]
    return f":{tail.partition(':')[2]}" if ":" in tail else ""


def _host(written: str) -> str:
    if written.startswith("["):
        try:
            return str(IPv6Address(written[1:-1]))
        except ValueError:
            raise NotAllowed(_("This is not an address as we take it.")) from None
    host = _ascii(written)
    labels = host.split(".")
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise NotAllowed(_("The host of this address is not a name as we take it."))
    if _LIKE_A_NUMBER.fullmatch(labels[-1]):
        try:
            return str(IPv4Address(host))
        except ValueError:
            raise NotAllowed(_("Write this host as a name, or as four numbers.")) from None
    return host


def _ascii(host: str) -> str:
    if host.isascii():
        return host.lower()
    if any(dot in host for dot in _DOTS):
        raise NotAllowed(_("The host of this address is not a name as we take it."))
    try:
        return idna.encode(host.lower()).decode("ascii")
    except idna.IDNAError:
        raise NotAllowed(_("The host of this address is not a name as we take it.")) from None


def permit(target: Target, *, reach: Reach) -> None:
    """Judges what is written; an address is judged again when it is connected to."""
    address = _as_ip(target.host)
    if is_listed(target, reach=reach):
        if address and not may_connect(address, private=True):
            raise NotAllowed(_("This address cannot be a provider's."))
        return
    if is_listed(target, reach=Reach(private=True)):
        raise NotAllowed(_("This host is on our own network. Say so on this connection."))
    if target.scheme != "https" or target.port != _PORTS["https"]:
        raise NotAllowed(
            _("This address must be https:// on its usual port, unless the operator lists it.")
        )
    inner = address is None and _is_inner_name(target.host)
    if inner or (address is not None and not is_public(address)):
        raise NotAllowed(_("This address is not on the public internet."))
    if settings.TALE_PUBLIC_HOSTS and not any(
        _matches(target.host, pattern) for pattern in settings.TALE_PUBLIC_HOSTS
    ):
        raise NotAllowed(_("The operator does not list this host. Choose a listed one."))


def is_listed(target: Target, *, reach: Reach) -> bool:
    return reach.private and any(
        host == target.host and port in ("", str(target.port))
        for host, port in map(host_and_port, settings.TALE_PRIVATE_HOSTS)
    )


def host_and_port(written: str) -> tuple[str, str]:
    """`localhost:11434`, `[::1]:8080`, `::1`; no port stands for any."""
    written = written.lower()
    if written.startswith("["):
        host, _bracket, port = written[1:].partition("]")
        return _canonical(host), port.removeprefix(":")
    if written.count(":") > 1:
        return _canonical(written), ""
    host, _colon, port = written.partition(":")
    return host, port


def _canonical(host: str) -> str:
    return str(_as_ip(host) or host)


def _as_ip(host: str) -> IP | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_inner_name(host: str) -> bool:
    return "." not in host or any(
        host == name or host.endswith(f".{name}") for name in _INNER_NAMES
    )


def _matches(host: str, pattern: str) -> bool:
    pattern = pattern.lower()
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def may_connect(address: IP, *, private: bool) -> bool:
    """`private`: the operator lists the host. Even so a name of our own network never leads to the
    metadata service of a cloud, to everybody, or to nobody."""
    if not private:
        return is_public(address)
    plain = (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
    if plain.is_loopback:
        return True
    return not (
        plain.is_multicast or plain.is_unspecified or any(plain in network for network in _NEVER)
    )


def is_public(address: IP) -> bool:
    if isinstance(address, IPv6Address):
        if address.scope_id:
            return False
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:  # how an IPv6-only network reaches the rest
            return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
        # 6to4, Teredo, v4-compatible, local NAT64 and site-local stand outside or are listed.
        if address not in _GLOBAL_UNICAST or address.is_site_local:
            return False
    return (
        address.is_global
        and not (address.is_multicast or address.is_reserved or address.is_link_local)
        and not any(address in network for network in _NOT_PUBLIC)
    )
