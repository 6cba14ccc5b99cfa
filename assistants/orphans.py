"""Files nobody knows, and rows whose file is gone. Found every night and told; never deleted: what
has no row may be somebody's only copy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import structlog
from django.core.cache import cache
from django.core.files.storage import Storage, storages
from prometheus_client import Gauge

from assistants.models import Artifact, Rendition
from policies.models import Hold

YOUNG = timedelta(hours=1)  # its row may be on the way
NAMED = 5
SEEN = "assistants:orphans"
FOUND = Gauge(
    "tale_orphans",
    "Files without a row, and rows without a file, last night.",
    ("kind",),
    multiprocess_mode="mostrecent",
)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Orphans:
    files: int
    rows: int
    at: str


def audit(*, now: datetime) -> Orphans:
    stored = dict(_stored(storages["default"]))
    known = set(_paths(now))
    is_open = set(Hold.unscoped.filter(state__in=Hold.OPEN).values_list("pk", flat=True))
    files = [
        path
        for path, changed_at in stored.items()
        if path not in known and now - changed_at > YOUNG and not is_open & set(path.split("/"))
    ]
    rows = sorted(known - stored.keys())
    found = Orphans(len(files), len(rows), now.isoformat())
    for kind, paths in (("file", files), ("row", rows)):
        FOUND.labels(kind).set(len(paths))
        if paths:
            log.warning("orphans", kind=kind, count=len(paths), some=sorted(paths)[:NAMED])
    cache.set(SEEN, asdict(found), timeout=None)
    return found


def last() -> Orphans | None:
    """What the last night found; None: it has not looked yet."""
    seen = cache.get(SEEN)
    return Orphans(**seen) if seen else None


def _paths(now: datetime) -> Iterator[str]:
    """A file that is being deleted may be there or not."""
    there = Artifact.KEPT
    pictures = Artifact.unscoped.filter(state__in=there, created_at__lt=now)
    made = Rendition.unscoped.filter(artifact__state__in=there, created_at__lt=now)
    for rows in (pictures, made):
        yield from rows.values_list("path", flat=True).iterator(chunk_size=2000)


def _stored(store: Storage) -> Iterator[tuple[str, datetime]]:
    """Every file with the time of its last change. S3 lists a thousand a request; a folder at a
    time would be a request a picture."""
    bucket = getattr(store, "bucket", None)
    if bucket is not None:
        yield from ((found.key, found.last_modified) for found in bucket.objects.all())
        return
    folders = [""]
    while folders:
        folder = folders.pop()
        inner, names = store.listdir(folder)
        before = f"{folder}/" if folder else ""
        folders += [before + name for name in inner]
        yield from ((before + name, store.get_modified_time(before + name)) for name in names)
