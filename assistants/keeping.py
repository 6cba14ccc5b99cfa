"""From the bytes that came to the files that are kept: marked, under names of their own."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import NamedTuple

from assistants import arrivals, artifacts, gate, inspection, provenance, spool, statements
from assistants.artifacts import File
from assistants.marking import metadata
from assistants.marking.metadata import Facts
from assistants.models import Artifact, ImageJob
from policies.models import Hold
from providers.shapes import Picture
from tale.lib.aio import in_db
from tale.lib.fields import new_id


class Kept(NamedTuple):
    files: Sequence[File]
    unsound: Sequence[Picture]


async def keep(job: ImageJob, pictures: Sequence[Picture], *, hold: Hold, now: datetime) -> Kept:
    """Marked and written while the gate looks: what it then refuses has no row, so `tidy` throws
    its file away. Each attempt writes names of its own: two that sign the same picture write
    different bytes, and a row's hash is of its file."""
    made_of = await _made_from(job)
    sources = made_of.sources
    facts = Facts(
        picture="",
        organisation=hold.organisation.name,
        provider=hold.provider,
        model=hold.model,
        made_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        source_type=made_of.source_type,
        did="edited" if sources else "created",
    )
    passed = await gate.pass_made(pictures, partial(_kept, hold=hold, facts=facts, sources=sources))
    seen = zip(passed.sound, passed.looks, strict=True)
    files = [replace(file, likeness=looks) for file, looks in seen]
    return Kept(await inspection.look(files, hold.organisation), passed.unsound)


async def _kept(
    place: int, picture: Picture, *, hold: Hold, facts: Facts, sources: Sequence[bytes]
) -> File:
    name = new_id("art")
    link = statements.link_to(name, hold.organisation)
    facts = replace(facts, picture=name, statement=link)
    marked = await provenance.mark(picture.content, facts=facts, ingredients=sources)
    path = f"{_folder(hold)}/{place}-{uuid.uuid4().hex}"
    sha256 = await in_db(_written, path, marked.content)
    return File(facts.picture, path, marked.content, sha256, marked.by, facts.source_type)


def _written(path: str, content: bytes) -> str:
    """With its hash, which takes a while too."""
    spool.keep(path, content)
    return hashlib.sha256(content).hexdigest()


class _MadeOf(NamedTuple):
    source_type: str
    sources: Sequence[bytes]


async def _made_from(job: ImageJob) -> _MadeOf:
    source_type = job.plan.get("source_type", "trainedAlgorithmicMedia")
    ids = job.wish.get("sources", [])
    return await in_db(_made_of, job, ids, source_type) if ids else _MadeOf(source_type, ())


def _made_of(job: ImageJob, ids: Sequence[str], source_type: str) -> _MadeOf:
    """Of the pictures it was made from, those that are still there."""
    ready = Artifact.objects.of(job.organisation).filter(pk__in=ids, state=Artifact.State.READY)
    rows = {row.pk: row for row in ready}
    there = [rows[pk] for pk in ids if pk in rows and artifacts.is_stored(rows[pk].path)]
    if there:
        before = [row.parameters.get("source_type", "") for row in there]
        source_type = metadata.when_edited(source_type, before)
    contents = [picture.content for picture in artifacts.pictures_of(there)]
    return _MadeOf(source_type, contents)


def tidy(hold: Hold, made: Sequence[Artifact] = ()) -> None:
    """Once it is over: all that no row names goes, as it came or as a loser marked it. `made`:
    rows that are known to be there."""
    others = set(artifacts.files_in(_folder(hold))) - {row.path for row in made}
    if others - {arrivals.path_of(hold.pk)}:
        rows = Artifact.objects.of(hold.organisation).filter(path__startswith=f"{_folder(hold)}/")
        others -= set(rows.values_list("path", flat=True))
    for path in others:
        artifacts.remove(path)


def _folder(hold: Hold) -> str:
    return artifacts.folder_of(hold.pk)
