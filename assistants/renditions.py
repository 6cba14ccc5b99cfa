"""A picture smaller, or in another format: made in a child when first asked for, kept beside it."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import pgettext

from assistants import artifacts, origins, provenance, spool, statements
from assistants.marking import metadata
from assistants.marking.metadata import Facts
from assistants.models import Artifact, Rendition
from policies.models import Hold, ImagePolicy
from tale.lib import child, outline
from tale.lib.aio import in_db
from tale.lib.child import ChildFailed
from tale.lib.fields import new_id
from tale.lib.refusals import Refusal

Label = ImagePolicy.Label
SIDES = {"thumb": 512, "preview": 1536}
FORMATS = {"png": outline.PNG, "jpg": outline.JPEG, "webp": outline.WEBP}
RENDER_S = 60.0  # 25 megapixels as lossless WebP: 15 s on one busy core


async def of(artifact: Artifact, variant: str = "") -> Artifact | Rendition:
    """A file to hand out. Where the picture itself is what is asked for, its own bytes are it, and
    its credentials stay."""
    is_whole = FORMATS.get(variant) == artifact.media_type and label_of(artifact) != Label.BURNED
    if not variant or is_whole:
        return artifact
    found = await in_db(_known, artifact, variant)
    return found or await _make(artifact, variant)


def sides_of(width: int, height: int, variant: str) -> tuple[int, int]:
    """Never larger than it is."""
    most, longest = SIDES[variant], max(width, height)
    if longest <= most:
        return width, height
    return max(1, round(width * most / longest)), max(1, round(height * most / longest))


def label_of(artifact: Artifact) -> str:
    """How it says to people that AI made it, where AI did: as the policy was when it was made."""
    is_ai = origins.source_type_of(artifact) in metadata.TRAINED
    label: str = artifact.parameters.get("label", "")
    return label if is_ai else ""


def _known(artifact: Artifact, variant: str) -> Rendition | None:
    return Rendition.objects.filter(artifact=artifact, variant=variant).first()


async def _make(artifact: Artifact, variant: str) -> Rendition:
    content, facts = await in_db(_source, artifact)
    media_type = FORMATS.get(variant, outline.WEBP)
    try:
        made = await child.call(
            "tale.lib.imaging:render",
            timeout_s=RENDER_S,
            content=content,
            media_type=media_type,
            side=SIDES.get(variant, 0),
            label=facts.label if facts else "",
        )
    except ChildFailed as failed:
        raise Refusal("image_too_large", field="download") from failed  # for the child's memory
    if facts is not None:
        did: provenance.Change = "resized" if variant in SIDES else "transcoded"
        marked = await provenance.remark(made, original=content, facts=facts, did=did)
        made = marked.content
    return await in_db(_keep, artifact, variant, media_type, made)


def _source(artifact: Artifact) -> tuple[bytes, Facts | None]:
    """What a person uploaded says nothing of itself; what we made says again what it is."""
    if artifact.origin != Artifact.Origin.GENERATED:
        return artifact.get_bytes(), None
    job = artifact.job
    held = Hold.objects.of(artifact.organisation).filter(pk=job.hold if job else "").first()
    facts = Facts(
        picture=artifact.pk,
        organisation=artifact.organisation.name,
        provider=held.provider if held else "",
        model=artifact.model,
        made_at=artifact.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        source_type=artifact.parameters.get("source_type", "trainedAlgorithmicMedia"),
        statement=statements.link_to(artifact.pk, artifact.organisation),
    )
    if label_of(artifact) == Label.BURNED:
        with translation.override(artifact.organisation.language):
            facts = replace(facts, label=pgettext("label on a picture", "AI"))
    return artifact.get_bytes(), facts


def _keep(artifact: Artifact, variant: str, media_type: str, content: bytes) -> Rendition:
    path = f"renditions/{new_id('ren')}"
    try:
        spool.keep(path, content)
    except spool.Full as full:
        raise Refusal("storage_unavailable") from full
    row = Rendition(
        organisation_id=artifact.organisation_id,
        artifact=artifact,
        variant=variant,
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        media_type=media_type,
    )
    try:
        with transaction.atomic():
            _lock(artifact)
            row.save(force_insert=True)
    except (Refusal, IntegrityError):
        artifacts.remove(path)
        if (known := _known(artifact, variant)) is None:  # deleted meanwhile
            raise
        return known  # somebody else made it at the same time
    return row


def _lock(artifact: Artifact) -> None:
    """Whoever deletes the picture marks it first, and then looks for what was made of it."""
    ready = Artifact.objects.of(artifact.organisation).filter(
        state__in=(Artifact.State.READY, Artifact.State.LATE)
    )
    if ready.select_for_update().filter(pk=artifact.pk).first() is None:
        raise Refusal("gone")
