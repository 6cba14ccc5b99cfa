"""Who signs: a root and a leaf of this installation, made once, or the certificate it was given.

There is no time stamp from outside, so credentials are as good as the leaf is valid: both live
long. Whoever holds the leaf's key can sign as this installation; its file is its owner's alone.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.conf import settings

YEARS = {"root": 40, "leaf": 30}
CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
USAGES = (
    "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
    "key_cert_sign crl_sign encipher_only decipher_only"
).split()


class CannotSign(Exception):
    """Keys or certificate are missing, unreadable, or do not belong together."""


@dataclass(frozen=True, slots=True)
class Signer:
    alg: str
    chain: str  # the leaf first
    key: str = field(repr=False)
    anchors: str  # who issued what is ours
    serials: tuple[str, ...]  # and which of theirs it is: an authority has other customers


def load() -> Signer:
    return _load(
        settings.TALE_HOME / "keys" / "marks",
        settings.TALE_SIGNING_CERTIFICATE,
        settings.TALE_SIGNING_KEY,
    )


@cache
def _load(home: Path, certificate: str, key: str) -> Signer:
    try:
        if not home.exists():
            _make(home)
        root = (home / "root.pem").read_text()
        chain, secret = (home / "leaf.pem").read_text(), (home / "leaf.key").read_text()
        leaf = x509.load_pem_x509_certificate(chain.encode())
        ours = Signer("es256", chain, secret, root, (str(leaf.serial_number),))
        return _given(ours, Path(certificate), Path(key)) if certificate else ours
    except (OSError, ValueError, TypeError) as wrong:
        whose = "TALE_SIGNING_CERTIFICATE, TALE_SIGNING_KEY" if certificate else home
        raise CannotSign(f"{whose}: {wrong}") from wrong


def _given(ours: Signer, certificate: Path, key: Path) -> Signer:
    """What we signed before stays ours."""
    chain, secret = certificate.read_text(), key.read_text()
    leaf, *issuers = x509.load_pem_x509_certificates(chain.encode())
    if not issuers:
        raise ValueError("write the certificate first, then who issued it")
    anchor = issuers[-1].public_bytes(serialization.Encoding.PEM).decode()
    serials = (*ours.serials, str(leaf.serial_number))
    return Signer(_algorithm(secret, leaf), chain, secret, ours.anchors + anchor, serials)


def _algorithm(secret: str, leaf: x509.Certificate) -> str:
    key = serialization.load_pem_private_key(secret.encode(), password=None)
    if key.public_key() != leaf.public_key():
        raise ValueError("the key is another certificate's")
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in CURVES:
        return CURVES[key.curve.name]
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    raise ValueError("the kind of key is none that signs content credentials")


def _make(home: Path) -> None:
    """All of it or nothing: of two who make it at once, the first to rename wins."""
    home.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = Path(tempfile.mkdtemp(prefix=".marks-", dir=home.parent))
    try:
        # The root's key is not kept: nobody can issue another leaf.
        root_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root = _certificate("root", root_key.public_key(), issuer_key=root_key)
        leaf = _certificate("leaf", leaf_key.public_key(), issuer_key=root_key)
        _write(new / "leaf.key", _pem_of(leaf_key))
        for name, public in (("root.pem", root), ("leaf.pem", leaf)):
            _write(new / name, public.public_bytes(serialization.Encoding.PEM))
        try:
            new.rename(home)
        except OSError:
            if not home.exists():
                raise
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # an empty key after a power cut would leave all pictures unmarked


def _pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _certificate(
    role: str, public: ec.EllipticCurvePublicKey, *, issuer_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    """What C2PA asks of a leaf: no CA, signatures alone, an extended use, both key identifiers."""
    now, is_root = datetime.now(UTC), role == "root"
    usage = {"key_cert_sign", "crl_sign"} if is_root else {"digital_signature"}
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(role))
        .issuer_name(_name("root"))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks differ
        .not_valid_after(now + timedelta(days=365 * YEARS[role]))
        .add_extension(x509.BasicConstraints(is_root, 0 if is_root else None), critical=True)
        .add_extension(x509.KeyUsage(**{name: name in usage for name in USAGES}), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    if not is_root:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purpose, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _name(role: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tale"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Tale content credentials, {role}"),
        ]
    )
