"""Deleting a picture, so that it is gone and can be shown to be.

    READY, ASIDE → DELETING   nobody sees it any more; its words are wiped; the audit says who
    DELETING → DELETED        every file is gone, looked for and not found; the proof is written

The second step waits for the store, which may be away: whatever is left in DELETING the sweeper
finishes. What was paid stays in the ledger.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import transaction

from accounts import audit
from accounts.actor import Actor
from assistants import artifacts
from assistants.models import Artifact, DeletionProof, ImageJob, Rendition
from tale.lib.refusals import Refusal

State = Artifact.State
BATCH = 100
log = structlog.get_logger()


@transaction.atomic
def begin(*, actor: Actor, picture: Artifact, now: datetime) -> Artifact:
    """Whoever comes second finds it gone."""
    is_own = actor.user is None or picture.owner_id == actor.user.pk
    reason = DeletionProof.Reason.PERSON if is_own else DeletionProof.Reason.ADMIN
    asked_by = {"who": audit.who(actor.organisation.pk, actor.user), "reason": str(reason)}
    alive = Artifact.objects.of(actor.organisation).filter(
        pk=picture.pk, state__in=(State.READY, State.ASIDE)
    )
    wiped = {"alt": "", "prompt": "", "revised_prompt": "", "parameters": {}}
    if not alive.update(state=State.DELETING, deleted_at=now, deletion=asked_by, **wiped):
        raise Refusal("gone")
    if picture.job is not None:
        _wipe(picture.job)
    picture.refresh_from_db()
    facts = {"sha256": picture.sha256, "size_bytes": picture.size_bytes, "reason": str(reason)}
    audit.write(actor=actor, action="picture.deleted", target=picture, before=facts)
    return picture


def finish(*, picture: Artifact, now: datetime) -> DeletionProof | None:
    """None: somebody else finished it."""
    renditions = list(Rendition.objects.filter(artifact=picture))
    paths = [picture.path, *(rendition.path for rendition in renditions)]
    try:
        paths += artifacts.traces_of(picture.path)
        for path in paths:
            artifacts.remove(path)
        left = [path for path in paths if artifacts.is_stored(path)]
    except Exception as broken:  # the store's library raises of its own kinds
        log.warning("store_unavailable", broken=type(broken).__name__, picture=picture.pk)
        raise Refusal("storage_unavailable") from broken
    if left:
        raise Refusal("storage_unavailable")
    return _prove(picture, renditions, now=now)


def sweep(*, now: datetime) -> int:
    """Finishes what a dead process or an absent store left half done."""
    begun = Artifact.unscoped.filter(state=State.DELETING).select_related("organisation")
    finished = 0
    for picture in begun.order_by("deleted_at")[:BATCH]:
        try:
            finished += finish(picture=picture, now=now) is not None
        except Refusal:
            continue
    return finished


@transaction.atomic
def _prove(
    picture: Artifact, renditions: list[Rendition], *, now: datetime
) -> DeletionProof | None:
    organisation = picture.organisation
    doing = Artifact.objects.of(organisation).filter(pk=picture.pk, state=State.DELETING)
    if not doing.update(state=State.DELETED, deletion={}):
        return None
    Rendition.objects.filter(artifact=picture).delete()
    files: list[Artifact | Rendition] = [picture, *renditions]
    return DeletionProof.objects.create(
        organisation=organisation,
        artifact=picture.pk,
        home=picture.home,
        sha256=[file.sha256 for file in files],
        files=len(files),
        size_bytes=sum(file.size_bytes for file in files),
        at=now,
        **picture.deletion,
    )


def _wipe(job: ImageJob) -> None:
    """When the last picture of a wish goes, its words go."""
    others = job.artifacts.filter(job=job, state__in=(State.READY, State.ASIDE))
    if others.exists():
        return
    for said in (job.wish, job.plan):
        said |= {name: "" for name in ("prompt", "style") if name in said}
    job.save(update_fields=["wish", "plan"])
