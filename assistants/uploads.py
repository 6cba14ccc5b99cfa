"""What a person brings: through the gate, into the store, on their account."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import PurePath

import structlog
from django.db import transaction

from accounts import audit
from accounts.actor import Actor
from assistants import artifacts, gate, storage
from assistants.models import Artifact
from providers.shapes import Picture
from tale.lib.aio import in_db
from tale.lib.fields import new_id
from tale.lib.refusals import Refusal

BORROWED = timedelta(days=1)  # longer than any job that begins from it
LONGEST_ALT = 500
log = structlog.get_logger()


async def keep(
    *,
    actor: Actor,
    content: bytes,
    now: datetime,
    name: str = "",
    alt: str = "",
    field: str = "file",
) -> Artifact:
    """Kept until somebody deletes it. `name` is what its file was called: a title, never a path."""
    picture = await gate.pass_upload(content, field=field)
    row = _row(actor, picture, Artifact.Origin.UPLOADED)
    row.alt = (alt or title_of(name))[:LONGEST_ALT]
    return await in_db(_store, actor, row, picture.content)


async def borrow(
    *, actor: Actor, content: bytes, now: datetime, field: str, is_mask: bool = False
) -> Artifact:
    """For one request, and gone a day later. The same bytes sent again are the same artifact, so
    a program that changes one picture many times fills no storage."""
    passes = gate.pass_mask if is_mask else gate.pass_upload
    picture = await passes(content, field=field)
    row = _row(actor, picture, Artifact.Origin.MASK if is_mask else Artifact.Origin.UPLOADED)
    row.retention, row.expires_at = Artifact.Retention.TEMPORARY, now + BORROWED
    if known := await in_db(_known, actor, row):
        return known
    return await in_db(_store, actor, row, picture.content)


def title_of(name: str) -> str:
    """`C:\\fotos\\Anna am See.jpg` is "Anna am See"."""
    last = PurePath(name.replace("\\", "/")).name
    stem = last.rpartition(".")[0] or last
    return "".join(letter if letter.isprintable() else " " for letter in stem).strip()


def _row(actor: Actor, picture: Picture, origin: str) -> Artifact:
    seen = gate.look(picture.content)
    return Artifact(
        organisation=actor.organisation,
        owner=actor.user,
        key=actor.key.pk if actor.key and actor.user is None else "",
        origin=origin,
        retention=Artifact.Retention.UPLOAD,
        path=f"uploads/{new_id('file')}",
        sha256=hashlib.sha256(picture.content).hexdigest(),
        size_bytes=len(picture.content),
        media_type=seen.media_type,
        width=seen.width,
        height=seen.height,
    )


def _known(actor: Actor, row: Artifact) -> Artifact | None:
    same = storage.mine(actor).filter(
        sha256=row.sha256, origin=row.origin, state=Artifact.State.READY
    )
    if kept := same.filter(expires_at=None).first():
        return kept
    borrowed = same.first()
    mine = same.filter(pk=borrowed.pk if borrowed else "", expires_at__isnull=False)
    return borrowed if mine.update(expires_at=row.expires_at) else None


def _store(actor: Actor, row: Artifact, content: bytes) -> Artifact:
    storage.require_room(actor, row.size_bytes)  # before its bytes travel; `take` is exact
    try:
        artifacts.put(row.path, content)
    except Exception as broken:  # the store's library raises of its own kinds
        log.warning("store_unavailable", broken=type(broken).__name__)
        raise Refusal("storage_unavailable") from broken
    try:
        with transaction.atomic():
            storage.take(actor, row.size_bytes)
            row.save(force_insert=True)
            if row.expires_at is None:
                facts = {"sha256": row.sha256, "size_bytes": row.size_bytes}
                audit.write(actor=actor, action="picture.uploaded", target=row, after=facts)
    except BaseException:
        with suppress(Exception):  # the orphan audit names what stays
            artifacts.remove(row.path)
        raise
    return row
