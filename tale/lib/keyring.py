"""Secrets at rest: AES-GCM under a ring of keys, each box bound to its owner.

A box reads `<key id>.<base64 of nonce + ciphertext>`. The owner (an organisation's id) is
associated data, so a row copied to another organisation does not open.
"""

import base64
import hashlib
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings


class SealBroken(Exception):
    """No key of the ring opens this box for this owner."""


def seal(secret: str, *, owner: str) -> str:
    key = _ring()[0]
    nonce = os.urandom(12)
    box = nonce + AESGCM(key).encrypt(nonce, secret.encode(), owner.encode())
    return f"{_key_id(key)}.{base64.urlsafe_b64encode(box).decode()}"


def unseal(box: str, *, owner: str) -> str:
    key_id, _, payload = box.partition(".")
    key = next((key for key in _ring() if _key_id(key) == key_id), None)
    if key is None:
        raise SealBroken(f"key {key_id} is not in TALE_KEYS")
    try:
        raw = base64.urlsafe_b64decode(payload)
        return AESGCM(key).decrypt(raw[:12], raw[12:], owner.encode()).decode()
    except (InvalidTag, ValueError) as broken:
        raise SealBroken("the box was changed or belongs to another owner") from broken


def mark() -> str:
    """How every box of the first key begins."""
    return f"{_key_id(_ring()[0])}."


def key_of(box: str) -> str:
    return box.partition(".")[0]


def fingerprint(secret: str) -> str:
    """What may be shown of a secret: enough to tell two apart, nothing to guess from."""
    return hashlib.sha256(secret.encode()).hexdigest()[:12]


def is_key(text: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(text)) == 32
    except ValueError:
        return False


def from_file(path: Path) -> str:
    """A secret made once, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    secret = base64.urlsafe_b64encode(secrets.token_bytes(48 if "secret" in path.name else 32))
    with os.fdopen(handle, "w") as file:
        file.write(secret.decode())
    return secret.decode()


def _ring() -> list[bytes]:
    return [base64.urlsafe_b64decode(key) for key in settings.TALE_KEYS]


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"key id" + key).hexdigest()[:8]
