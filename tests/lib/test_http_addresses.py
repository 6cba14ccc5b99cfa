"""Every trick to reach inside: as a URL is saved, and as a connection would be opened."""

import asyncio
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpcore2
import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tale.lib import http
from tale.lib.http.addresses import is_public, may_connect
from tale.lib.http.connecting import Dialler
from tale.lib.http.door import Door
from tale.lib.http.pool import Pool
from tale.lib.refusals import Refusal
from tests.lib.sockets import awaited, says, serving

PUBLIC, PRIVATE = http.Reach(), http.Reach(private=True)

# Refused whatever the name would resolve to.
WRITTEN = {
    "loopback": "https://127.0.0.1/",
    "loopback, elsewhere": "https://127.9.9.9/",
    "short": "https://127.1/",
    "shorter": "https://0/",
    "decimal": "https://2130706433/",
    "decimal of metadata": "https://2852039166/",
    "hexadecimal": "https://0x7f000001/",
    "hexadecimal parts": "https://0x7f.0.0.1/",
    "octal": "https://0177.0.0.1/",
    "octal whole": "https://017700000001/",
    "a number at the end": "https://a.b.1/",
    "too large a part": "https://256.1.1.1/",
    "unspecified": "https://0.0.0.0/",
    "class A private": "https://10.0.0.5/",
    "class B private": "https://172.16.0.1/",
    "class C private": "https://192.168.1.1/",
    "carrier": "https://100.64.0.1/",
    "metadata": "https://169.254.169.254/latest/meta-data/",
    "metadata of another cloud": "https://100.100.100.200/",
    "benchmarks": "https://198.18.0.1/",
    "broadcast": "https://255.255.255.255/",
    "multicast": "https://224.0.0.1/",
    "loopback 6": "https://[::1]/",
    "unspecified 6": "https://[::]/",
    "mapped": "https://[::ffff:127.0.0.1]/",
    "mapped, in hexadecimal": "https://[::ffff:a9fe:a9fe]/",
    "compatible": "https://[::127.0.0.1]/",
    "NAT64": "https://[64:ff9b::a9fe:a9fe]/",
    "NAT64 local": "https://[64:ff9b:1::a9fe:a9fe]/",
    "6to4": "https://[2002:a9fe:a9fe::]/",
    "Teredo": "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "site local": "https://[fec0::1]/",
    "unique local": "https://[fd00:ec2::254]/",
    "link local": "https://[fe80::1]/",
    "multicast 6": "https://[ff02::1]/",
    "documentation 6": "https://[2001:db8::1]/",
    "zone": "https://[fe80::1%25eth0]/",
    "zone of a global one": "https://[2606:4700::1%eth0]/",
    "localhost": "https://localhost/",
    "localhost with a dot": "https://localhost./",
    "under localhost": "https://a.localhost/",
    "shouted": "https://LOCALHOST/",
    "no dot": "https://intranet/",
    "metadata by name": "https://metadata.google.internal/computeMetadata/v1/",
    "metadata by short name": "https://metadata/",
    "local": "https://printer.local/",
    "trailing dot": "https://api.example.com./",
    "two dots": "https://api..example.com/",
    "http": "http://api.example.com/",
    "other port": "https://api.example.com:8443/",
    "ssh": "https://api.example.com:22/",
    "port 0": "https://api.example.com:0/",
    "port 99999": "https://api.example.com:99999/",
    "port with a plus": "https://api.example.com:+443/",
    "port with a zero": "https://api.example.com:0443/",
    "port in Arabic digits": "https://api.example.com:٤٤٣/",
    "empty port": "https://api.example.com:/",
    "file": "file:///etc/passwd",
    "gopher": "gopher://api.example.com/",
    "ftp": "ftp://api.example.com/",
    "unix": "unix:///var/run/docker.sock",
    "http over unix": "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
    "data": "data:text/plain,hi",
    "no scheme": "api.example.com/v1",
    "scheme only": "https:",
    "no slashes": "https:api.example.com",
    "one slash": "https:/api.example.com",
    "three slashes": "https:///api.example.com",
    "name": "https://user@api.example.com/",
    "name and password": "https://user:pass@api.example.com/",
    "empty name": "https://@api.example.com/",
    "another host behind @": "https://api.example.com@127.0.0.1/",
    "encoded @": "https://api.example.com%40127.0.0.1/",
    "encoded dot": "https://127%2e0%2e0%2e1/",
    "@ behind a backslash": "https://api.example.com\\@127.0.0.1/",
    "backslash": "https:\\\\api.example.com\\",
    "tab": "https://api.exa\tmple.com/",
    "newline": "https://api.example.com/\r\nHost: inner",
    "leading space": " https://api.example.com/",
    "space": "https://api.example .com/",
    "NUL": "https://api.example.com\x00.evil.com/",
    "zero width": "https://api\u200b.example.com/",
    "fragment": "https://api.example.com/#@127.0.0.1/",
    "fragment first": "https://api.example.com#@127.0.0.1/",
    "circled digits": "https://①②⑦.⓪.⓪.①/",
    "fullwidth digits": "https://１２７.0.0.1/",
    "ideographic dot": "https://127。0。0。1/",
    "ideographic dots in a name": "https://api。example。com/",
    "NUL in the path": "https://api.example.com/\x00",
    "direction in the path": "https://api.example.com/\u202emoc.live",
    "fullwidth dot": "https://127．0．0．1/",
    "fullwidth name": "https://ｌｏｃａｌｈｏｓｔ/",
    "bracket open": "https://[::1/",
    "text behind a bracket": "https://[::1].example.com/",
    "no address in brackets": "https://[api.example.com]/",
    "a hyphen first": "https://-api.example.com/",
    "too long a label": f"https://{'a' * 64}.example.com/",
    "too long": f"https://api.example.com/{'a' * 9000}",
    "empty": "",
}
# Refused when an innocent name resolves to it.
INNER = """127.0.0.1 127.255.255.254 0.0.0.0 0.1.2.3 10.1.2.3 172.31.255.255 192.168.0.1 100.64.0.1
    169.254.169.254 192.0.0.1 192.0.2.1 192.88.99.1 198.19.255.255 198.51.100.1 203.0.113.1
    224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:10.0.0.1
    ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::808:808 100::1
    2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:10::1 2001:db8::1 2002:7f00:1:: 2002:808:808::
    3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 ff0e::1""".split()
OUTER = "8.8.8.8 1.1.1.1 93.184.216.34 2606:4700::1111 64:ff9b::808:808 ::ffff:8.8.8.8".split()


class Wire(httpcore2.AsyncNetworkBackend):
    """Writes down where a connection would have gone."""

    def __init__(self) -> None:
        self.dialled: list[str] = []

    async def connect_tcp(self, host: str, port: int, **_more: Any) -> Any:
        self.dialled.append(host)
        raise httpcore2.ConnectError


def names(*answers: Iterable[str]) -> Any:
    """A resolver with one answer for each time it is asked, the last one for ever."""
    left = [list(answer) for answer in answers]

    async def answer(_host: str, _port: int) -> list[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


def reached(url: str, resolve: Any, *, reach: http.Reach = PUBLIC) -> tuple[str, list[str]]:
    """The code of a GET through a client of the door, and where it dialled."""
    wire = Wire()

    async def get() -> str:
        pool = Pool(Dialler(reach, resolve=resolve, wire=wire))
        ours = httpx2.AsyncClient(transport=Door(reach, pool=pool), trust_env=False)
        try:
            await ours.get(url)
        except http.Unreachable as failure:
            return "sent" if failure.sent else failure.code
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
            return "url_not_allowed"
        return ""

    return asyncio.run(get()), wire.dialled


def test_it_works() -> None:
    for url in (
        "https://api.openai.com/v1",
        "HTTPS://API.Example.com",
        "https://api.example.com:443/v1?api-version=2025-04-01",
        "https://bücher.example/a%20b",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
    ):
        http.check_url(url)
    assert reached("https://api.example.com/", names(OUTER)) == ("provider_error", OUTER[:4])


@pytest.mark.parametrize("url", WRITTEN.values(), ids=WRITTEN)
def test_a_trick_is_refused_when_it_is_saved_and_when_it_is_used(url: str, settings: Any) -> None:
    settings.TALE_PRIVATE_HOSTS = ["10.9.9.9"]
    for reach in (PUBLIC, PRIVATE):
        with pytest.raises(Refusal) as refused:
            http.check_url(url, reach=reach, field="base_url")
        assert (refused.value.code, refused.value.field) == ("url_not_allowed", "base_url")
        with pytest.raises(http.Unreachable) as failed:
            asyncio.run(http.send("GET", url, reach=reach))
        assert (failed.value.code, failed.value.sent) == ("url_not_allowed", False)


@pytest.mark.parametrize("url", WRITTEN.values(), ids=WRITTEN)
def test_an_sdk_that_builds_the_url_itself_dials_no_inner_address(url: str) -> None:
    """It may read some of these as harmless; the wire may see nothing but what is public."""
    _code, dialled = reached(url, names(["8.8.8.8"]))
    assert all(is_public(ip_address(address)) for address in dialled)


@pytest.mark.parametrize("address", INNER)
def test_a_name_that_resolves_inside_is_refused(address: str) -> None:
    url = "https://innocent.example/"
    assert reached(url, names([address])) == ("url_not_allowed", [])
    assert reached(url, names(["8.8.8.8", address])) == ("url_not_allowed", [])
    assert reached(url, names([address]), reach=PRIVATE) == ("url_not_allowed", [])


@pytest.mark.parametrize("address", OUTER)
def test_a_name_that_resolves_outside_is_dialled_there(address: str) -> None:
    assert reached("https://innocent.example/", names([address])) == ("provider_error", [address])


def test_a_name_is_asked_for_once_per_connection() -> None:
    """Rebinding: what it would answer the second time is never looked at."""
    url = "https://rebound.example/"
    assert reached(url, names(["8.8.8.8"], ["127.0.0.1"])) == ("provider_error", ["8.8.8.8"])


def test_an_unknown_name_is_no_bug() -> None:
    async def unknown(_host: str, _port: int) -> list[str]:
        raise OSError("no such name: secret.example")

    assert reached("https://secret.example/", unknown) == ("provider_error", [])
    assert reached("https://secret.example/", names([])) == ("provider_error", [])


def test_a_private_host_needs_the_operator_and_the_admin(settings: Any) -> None:
    settings.TALE_PRIVATE_HOSTS = ["ollama.lan:11434", "10.0.0.5", "[fd00::5]:8080"]
    allowed = ["http://ollama.lan:11434/v1", "http://10.0.0.5:7860", "http://[FD00:0::5]:8080/"]
    for url in allowed:
        http.check_url(url, reach=PRIVATE)
        with pytest.raises(Refusal, match="our own network"):
            http.check_url(url)
    for url in ("http://ollama.lan:22/", "http://10.0.0.6/", "http://[fd00::5]/", "http://a.b.com"):
        with pytest.raises(Refusal):
            http.check_url(url, reach=PRIVATE)
    url = "http://ollama.lan:11434/v1"
    assert reached(url, names(["10.9.9.9"]), reach=PRIVATE) == ("provider_error", ["10.9.9.9"])
    assert reached(url, names(["10.9.9.9"])) == ("url_not_allowed", [])


@pytest.mark.parametrize("address", ["169.254.169.254", "0.0.0.0", "224.0.0.1", "fe80::1", "::"])
def test_even_a_listed_name_never_leads_to_metadata(settings: Any, address: str) -> None:
    settings.TALE_PRIVATE_HOSTS = ["ollama.lan", "169.254.169.254"]
    url = "http://ollama.lan/"
    assert reached(url, names([address]), reach=PRIVATE) == ("url_not_allowed", [])
    assert not may_connect(ip_address("::ffff:169.254.169.254"), private=True)
    with pytest.raises(Refusal):
        http.check_url("http://169.254.169.254/", reach=PRIVATE)


def test_an_operator_may_name_the_only_public_hosts(settings: Any) -> None:
    settings.TALE_PUBLIC_HOSTS = ["api.openai.com", "*.example.com"]
    for url in (
        "https://api.openai.com/v1",
        "https://cdn.example.com/a",
        "https://A.B.EXAMPLE.com",
    ):
        http.check_url(url)
    for url in ("https://openai.com", "https://example.com", "https://evilexample.com/"):
        with pytest.raises(Refusal):
            http.check_url(url)
        assert reached(url, names(["8.8.8.8"])) == ("url_not_allowed", [])


def certificate(name: str, folder: Path) -> ssl.SSLContext:
    """What the server shows; its own authority, too."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
    signed = (
        builder.not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(signed.public_bytes(Encoding.PEM))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


class Bent(Wire):
    """Every address leads to the server of the test."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    async def connect_tcp(self, host: str, port: int, **_more: Any) -> Any:
        self.dialled.append(host)
        return await httpcore2.AnyIOBackend().connect_tcp("127.0.0.1", self.port)


@awaited
async def test_the_address_is_pinned_and_the_name_stays(tmp_path: Path) -> None:
    """The server must prove to be the name, and a name that changes its mind reaches nothing."""
    shows = certificate("api.example.com", tmp_path)
    asked: list[str | None] = []
    shows.sni_callback = lambda _socket, name, _context: asked.append(name)
    closes = says(b"hello", Connection="close")
    async with serving(closes, tls=shows) as server:
        wire = Bent(server.port)
        resolve = names(["93.184.216.34"], ["93.184.216.34"], ["127.0.0.1"])
        trusts = ssl.create_default_context(cafile=tmp_path / "cert.pem")
        pool = Pool(Dialler(PUBLIC, resolve=resolve, wire=wire), tls=trusts)
        ours = httpx2.AsyncClient(transport=Door(PUBLIC, pool=pool), trust_env=False)
        assert (await ours.get("https://api.example.com/")).text == "hello"
        with pytest.raises(http.Unreachable) as failed:
            await ours.get("https://other.example.com/")
        assert (failed.value.code, failed.value.sent) == ("provider_error", False)
        with pytest.raises(http.Unreachable) as failed:
            await ours.get("https://api.example.com/")
        assert (failed.value.code, failed.value.sent) == ("url_not_allowed", False)
    assert wire.dialled == ["93.184.216.34"] * 2
    assert asked == ["api.example.com", "other.example.com"]
    assert b"Host: api.example.com\r\n" in server.requests[0]
