"""From the bytes that came to the files that are kept: marked, under names of their own."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.core.files.storage import storages

from assistants import artifacts, provenance
from assistants.artifacts import File
from assistants.marking.metadata import Facts
from assistants.models import Artifact, ImageJob
from policies.models import Hold
from providers.shapes import Picture
from tale.lib.aio import in_db
from tale.lib.fields import new_id


async def keep(
    job: ImageJob, pictures: Sequence[Picture], *, hold: Hold, now: datetime
) -> list[File]:
    """Each attempt writes names of its own: two that sign the same picture write different bytes,
    and a row's hash is of its file."""
    organisation, sources = await in_db(_made_for_and_from, job)
    facts = Facts(
        picture="",
        organisation=organisation,
        provider=hold.provider,
        model=hold.model,
        made_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        source_type=job.plan.get("source_type", "trainedAlgorithmicMedia"),
        did="edited" if sources else "created",
    )
    return await asyncio.gather(
        *(
            _kept(picture, f"{artifacts.folder_of(hold.pk)}/{place}", facts, sources)
            for place, picture in enumerate(pictures)
        )
    )


async def _kept(picture: Picture, path: str, facts: Facts, sources: Sequence[bytes]) -> File:
    facts = replace(facts, picture=new_id("art"))
    marked = await provenance.mark(picture.content, facts=facts, ingredients=sources)
    path = f"{path}-{uuid.uuid4().hex}"
    await in_db(artifacts.put, path, marked.content)
    return File(facts.picture, path, marked.content, marked.by)


def _made_for_and_from(job: ImageJob) -> tuple[str, list[bytes]]:
    """Of the pictures it was made from, those that are still there."""
    ids = job.wish.get("sources", [])
    ready = Artifact.objects.of(job.organisation).filter(pk__in=ids, state=Artifact.State.READY)
    rows = {row.pk: row for row in ready}
    there = [rows[pk] for pk in ids if pk in rows and storages["default"].exists(rows[pk].path)]
    return job.organisation.name, [picture.content for picture in artifacts.pictures_of(there)]


def tidy(hold: Hold) -> None:
    """Once it is over: all that no row names goes, as it came or as a loser marked it."""
    rows = Artifact.objects.of(hold.organisation).filter(path__startswith=f"{_folder(hold)}/")
    named = set(rows.values_list("path", flat=True))
    for path in set(artifacts.files_in(_folder(hold))) - named:
        artifacts.remove(path)


def _folder(hold: Hold) -> str:
    return artifacts.folder_of(hold.pk)
