"""Where paid pictures wait when the store does not take them: on this machine's disk, bounded.

A file here lies under the path it will have in the store, and is read as if it were there. The
sweeper of the same machine carries it over; only a copy that reads back the same counts.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from uuid import uuid4

import structlog
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages

MIB = 2**20
PAUSES_S = (5, 10, 20, 40, 80, 160, 300)
log = structlog.get_logger()


class Full(Exception):
    """Neither the store nor this machine has room."""


class _Store:
    failures = 0  # in a row
    rests_until = 0.0  # monotonic


def keep(path: str, content: bytes) -> None:
    if time.monotonic() >= _Store.rests_until and _stored(path, content):
        return
    if sum(file.stat().st_size for file in _files()) + len(content) > settings.TALE_SPOOL_MIB * MIB:
        log.error("spool_full", path=path)
        raise Full(path)
    whole = _at(path)
    half = whole.with_name(f".{uuid4().hex}")
    try:
        whole.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(half, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        half.rename(whole)
    except OSError as broken:  # this disk is full, or gone
        log.error("spool_full", path=path, broken=type(broken).__name__)
        raise Full(path) from broken


def read(path: str) -> bytes | None:
    try:
        return _at(path).read_bytes()
    except FileNotFoundError:
        return None


def holds(path: str) -> bool:
    return _at(path).exists()


def forget(path: str) -> None:
    _at(path).unlink(missing_ok=True)


def names_in(folder: str) -> list[str]:
    place = _at(folder)
    return [file.name for file in place.iterdir()] if place.is_dir() else []


def carry() -> int:
    """To the store, the oldest first, until it refuses one."""
    carried = 0
    for file in sorted(_files(), key=_age):
        path = str(file.relative_to(_root()))
        content = read(path)
        if content is None:  # another process of this machine was faster
            continue
        if time.monotonic() < _Store.rests_until or not _stored(path, content):
            break
        forget(path)
        carried += 1
    return carried


def _stored(path: str, content: bytes) -> bool:
    """Written, and read back the same: a store may say yes and keep half of it."""
    store = storages["default"]
    try:
        if store.exists(path):
            store.delete(path)
        store.save(path, ContentFile(content))
        with store.open(path) as file:
            if file.read() != content:
                raise OSError("it kept something else")
    except Exception as broken:  # the store's library raises of its own kinds
        pause_s = PAUSES_S[min(_Store.failures, len(PAUSES_S) - 1)]
        _Store.failures, _Store.rests_until = _Store.failures + 1, time.monotonic() + pause_s
        log.error("store_unavailable", broken=type(broken).__name__, tries_again_in_s=pause_s)
        return False
    _Store.failures, _Store.rests_until = 0, 0.0
    return True


def _age(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0


def _files() -> list[Path]:
    """Whole ones."""
    return [file for file in _root().rglob("*") if file.is_file() and file.name[0] != "."]


def _at(path: str) -> Path:
    return _root() / path


def _root() -> Path:
    return Path(settings.TALE_HOME) / "spool"
