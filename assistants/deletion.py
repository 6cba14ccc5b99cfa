"""Deleting a picture, so that it is gone and can be shown to be.

    READY, LATE, ASIDE → DELETING   nobody sees it any more; its words are wiped; the audit says who
    DELETING → DELETED        every file is gone, looked for and not found; the proof is written

The second step waits for the store, which may be away: whatever is left in DELETING the sweeper
finishes. What was paid stays in the ledger. What is under a legal hold does not go at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from django.db import transaction

from accounts import audit
from accounts.actor import Actor
from accounts.models import Organisation
from assistants import artifacts, likeness
from assistants.models import Artifact, DeletionProof, ImageJob, Rendition, Trial
from policies import legal, rules
from tale.lib.refusals import Refusal

State, Reason = Artifact.State, DeletionProof.Reason
ALIVE = Artifact.KEPT
WORDS = ("prompt", "style", "negative", "alt")
BATCH = 100
log = structlog.get_logger()


@transaction.atomic
def begin(*, actor: Actor, picture: Artifact, now: datetime) -> Artifact:
    """Whoever comes second finds it gone."""
    rules.lock(actor.organisation)
    if is_held(picture, legal.covered(actor.organisation)):
        raise legal.Held
    is_own = actor.user is None or picture.owner_id == actor.user.pk
    reason = Reason.PERSON if is_own else Reason.ADMIN
    if not _leave(actor, [picture.pk], reason, now=now):
        raise Refusal("gone")
    _wipe(actor.organisation, [picture])
    picture.refresh_from_db()
    facts = {"sha256": picture.sha256, "size_bytes": picture.size_bytes, "reason": str(reason)}
    audit.write(actor=actor, action="picture.deleted", target=picture, before=facts)
    return picture


@transaction.atomic
def begin_many(
    *, actor: Actor, pictures: Sequence[Artifact], reason: str, now: datetime
) -> list[Artifact]:
    """Those of them that are there and not held: the others stay as they are."""
    rules.lock(actor.organisation)
    held = legal.covered(actor.organisation)
    mine = Artifact.objects.of(actor.organisation).filter(state__in=ALIVE)
    mine = mine.filter(pk__in=[picture.pk for picture in pictures])
    going = [row for row in mine.select_for_update().order_by("pk") if not is_held(row, held)]
    if not going:
        return []
    ids = [picture.pk for picture in going]
    _leave(actor, ids, reason, now=now)
    _wipe(actor.organisation, going)
    asked_by = _asked_by(actor, reason)
    for picture in going:
        picture.state, picture.deletion = State.DELETING, asked_by
    facts = {"pictures": ids, "size_bytes": sum(row.size_bytes for row in going), "reason": reason}
    audit.write(actor=actor, action="pictures.deleted", before=facts)
    return going


def is_held(picture: Artifact, held: legal.Covered) -> bool:
    return held.holds(picture=picture.pk, chat=picture.home, person=picture.owner_id)


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
    return _prove(picture, renditions, paths, now=now)


def left_of(proof: DeletionProof) -> list[str]:
    """Looks again, file by file: empty when all of it is really gone."""
    known = Artifact.objects.of(proof.organisation).filter(pk=proof.artifact)
    paths = proof.paths or list(known.values_list("path", flat=True))
    try:
        return [path for path in paths if artifacts.is_stored(path)]
    except Exception as broken:  # the store's library raises of its own kinds
        raise Refusal("storage_unavailable") from broken


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
    picture: Artifact, renditions: list[Rendition], paths: list[str], *, now: datetime
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
        paths=paths,
        files=len(files),
        size_bytes=sum(file.size_bytes for file in files),
        at=now,
        **picture.deletion,
    )


def _leave(actor: Actor, ids: Sequence[str], reason: str, *, now: datetime) -> int:
    alive = Artifact.objects.of(actor.organisation).filter(pk__in=ids, state__in=ALIVE)
    wiped = {"alt": "", "prompt": "", "revised_prompt": "", "parameters": {}}
    wiped |= likeness.bands(None)
    return alive.update(
        state=State.DELETING, deleted_at=now, deletion=_asked_by(actor, reason), **wiped
    )


def _asked_by(actor: Actor, reason: str) -> dict[str, str]:
    return {"who": audit.who(actor.organisation.pk, actor.user), "reason": str(reason)}


def _wipe(organisation: Organisation, pictures: Sequence[Artifact]) -> None:
    """When the last picture of a wish goes, its words go."""
    ids = {picture.job_id for picture in pictures if picture.job_id}
    shown = Artifact.objects.of(organisation).filter(state__in=ALIVE, job__in=ids)
    jobs = ImageJob.objects.of(organisation)
    spent = list(jobs.filter(pk__in=ids).exclude(pk__in=shown.values("job")))
    for job in spent:
        for said in (job.wish, job.plan):
            said |= {name: "" for name in WORDS if name in said}
        for change in job.plan.get("adjustments", ()):
            if change["field"] in WORDS:
                change |= {"asked": "", "got": ""}
    jobs.bulk_update(spent, ["wish", "plan"])
    Trial.objects.of(organisation).filter(job__in=spent).update(prompt="")
