"""Files of an organisation: written under names of ours, reached only through their row."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils.translation import gettext as _

from assistants import gate, likeness, spool
from assistants.context import Context
from assistants.models import Artifact, ImageJob
from assistants.provenance import By
from providers.shapes import Finished, Picture
from tale.lib.refusals import NotFound, Refusal

State = Artifact.State
UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class File:
    """A picture as it is kept, before it has a row."""

    id: str
    path: str
    content: bytes
    sha256: str
    marked_by: By
    source_type: str = ""
    likeness: int | None = None
    refused: str = ""  # a code, see inspection.py: it is booked and never shown


def folder_of(hold_id: str) -> str:
    """Whatever is made for a hold lies in it, so that nothing of it can be forgotten."""
    return f"gen/{hold_id}"


def put(path: str, content: bytes) -> None:
    store = storages["default"]
    if store.exists(path):
        store.delete(path)
    store.save(path, ContentFile(content))


def remove(path: str) -> None:
    """What is not there is gone."""
    spool.forget(path)
    storages["default"].delete(path)


def traces_of(path: str) -> list[str]:
    """What processes that died may have left beside it: all as it came, or it, never booked."""
    folder, _, name = path.rpartition("/")
    if not folder.startswith("gen/"):
        return []
    place = name.partition("-")[0]
    return [
        other
        for other in files_in(folder)
        if other.rpartition("/")[2].partition("-")[0] in (place, "came")
    ]


def files_in(folder: str) -> list[str]:
    names = set(spool.names_in(folder))
    with contextlib.suppress(FileNotFoundError):
        names.update(storages["default"].listdir(folder)[1])
    return [f"{folder}/{name}" for name in sorted(names)]


def is_stored(path: str) -> bool:
    return spool.holds(path) or storages["default"].exists(path)


class Named(NamedTuple):
    """By their ids: pictures to begin from, and the mask of the first. `sent` is a hash of the
    files they came as, which stay the same when a try again gives them other ids."""

    pictures: tuple[str, ...] = ()
    mask: str = ""
    sent: str = ""

    def told(self) -> Any:
        """What tells this request from another under the same key."""
        return self.sent or [*self.pictures, *filter(None, [self.mask])]


class Sources(NamedTuple):
    pictures: tuple[Artifact, ...] = ()
    mask: Artifact | None = None


def sources_named(context: Context, named: Named) -> Sources:
    pictures = tuple(sources_for(context, named.pictures))
    return Sources(pictures, mask_for(context, named.mask, pictures) if named.mask else None)


def sources_for(context: Context, ids: Sequence[str]) -> list[Artifact]:
    """Pictures to begin from: of the same chat, or one's own. Any other is as good as none."""
    mine = _at_hand(context, ids, "images")
    if any(row.origin == Artifact.Origin.MASK for row in mine):
        raise Refusal("invalid_value", _("This is a mask and no picture."), field="images")
    return mine


def mask_for(context: Context, mask: str, sources: Sequence[Artifact]) -> Artifact:
    """It marks the first of the pictures, so it is as large."""
    (row,) = _at_hand(context, [mask], "mask")
    if row.origin != Artifact.Origin.MASK:
        raise Refusal("invalid_value", _("This is a picture and no mask."), field="mask")
    of = sources[0] if sources else row
    if (row.width, row.height) != (of.width, of.height):
        text = _("The mask is %(mask)s and its picture %(picture)s. Make them the same size.")
        sizes = {"mask": f"{row.width}x{row.height}", "picture": f"{of.width}x{of.height}"}
        raise Refusal("invalid_value", text % sizes, field="mask")
    return row


def _at_hand(context: Context, ids: Sequence[str], field: str) -> list[Artifact]:
    if not ids:
        return []
    rows = Artifact.objects.of(context.actor.organisation).filter(
        pk__in=ids, state=Artifact.State.READY
    )
    mine = {row.pk: row for row in rows if _is_at_hand(row, context)}
    if len(mine) < len(set(ids)):
        raise NotFound(field=field)
    return [mine[pk] for pk in ids]


def _is_at_hand(row: Artifact, context: Context) -> bool:
    user, key = context.actor.user, context.actor.key
    if context.home and row.home == context.home:
        return True
    if user is not None:
        return row.owner_id == user.pk
    return key is not None and row.key == key.pk


def pictures_of(rows: Sequence[Artifact]) -> list[Picture]:
    return [Picture(row.get_bytes(), row.media_type) for row in rows]


def rows_for(
    job: ImageJob,
    finished: Finished,
    files: Sequence[File],
    *,
    first: int,
    key: str,
    state: str = State.READY,
) -> list[Artifact]:
    """Those that can be shown; what was refused is set aside. `job` is locked. `key`: made with
    it."""
    rows = []
    for place, file in enumerate(files, start=first):
        seen = gate.look(file.content)
        rows.append(
            Artifact(
                id=file.id,
                organisation_id=job.organisation_id,
                home=job.plan.get("home", ""),
                owner_id=job.owner_id,
                key="" if job.owner_id else key,
                job=job,
                ordinal=place,
                state=State.ASIDE if file.refused else state,
                path=file.path,
                sha256=file.sha256,
                size_bytes=len(file.content),
                media_type=seen.media_type,
                width=seen.width,
                height=seen.height,
                alt=(job.wish.get("alt") or job.wish["prompt"])[:500],
                prompt=job.wish["prompt"],
                revised_prompt=finished.revised_prompt,
                model=job.plan["model"],
                parameters=job.plan | {"source_type": file.source_type},
                marked_by=file.marked_by,
                **likeness.bands(file.likeness),
            )
        )
    Artifact.objects.bulk_create(rows)
    return [row for row in rows if row.state == state]


def set_aside(job: ImageJob, pictures: Sequence[Picture], *, hold_id: str) -> list[Artifact]:
    """Paid for, and not sound: the bytes are kept for whoever argues with the provider."""
    if not pictures:
        return []
    after = number_of(job)
    return Artifact.objects.bulk_create(
        Artifact(
            organisation_id=job.organisation_id,
            home=job.plan.get("home", ""),
            owner_id=job.owner_id,
            job=job,
            ordinal=after + place,
            state=Artifact.State.ASIDE,
            path=aside_of(hold_id, place),
            sha256=hashlib.sha256(picture.content).hexdigest(),
            size_bytes=len(picture.content),
            media_type=UNKNOWN_TYPE,
            width=0,
            height=0,
            model=job.plan["model"],
        )
        for place, picture in enumerate(pictures)
    )


def number_of(job: ImageJob) -> int:
    """Of whatever state: the next one's ordinal."""
    return job.artifacts.filter(job=job).count()


def write_aside(hold_id: str, pictures: Sequence[Picture]) -> None:
    for place, picture in enumerate(pictures):
        spool.keep(aside_of(hold_id, place), picture.content)


def aside_of(hold_id: str, place: int) -> str:
    return f"aside/{hold_id}/{place}"


def of_job(job: ImageJob) -> list[Artifact]:
    """What it made and can be shown."""
    return list(job.artifacts.filter(job=job, state=Artifact.State.READY).order_by("ordinal"))
