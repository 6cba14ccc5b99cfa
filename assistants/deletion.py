"""Deleting a picture, so that it is gone and can be shown to be.

    READY, LATE, ASIDE → DELETING   nobody sees it any more; its words are wiped; the audit says who
    DELETING → DELETED        every file is gone, looked for and not found; the proof is written

The second step waits for the store, which may be away: whatever is left in DELETING the sweeper
finishes. What was paid stays in the ledger. What is under a legal hold does not go at all.

Of two that delete at once one waits for the other: each holds the jobs of its pictures first, then
what was said of them (`forget`, from above), and the audit last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from django.db import transaction

from accounts import audit
from accounts.actor import Actor
from accounts.models import Organisation
from assistants import artifacts, jobs, likeness
from assistants.models import Artifact, DeletionProof, ImageJob, Rendition, Trial
from policies import legal, rules
from tale.lib.refusals import Refusal

State, Reason = Artifact.State, DeletionProof.Reason
ALIVE = Artifact.KEPT
WORDS = ("prompt", "style", "negative", "alt")
BATCH = 100
TRIAL = "trial:"  # what a test picture belongs to, before its id
log = structlog.get_logger()

# What was said elsewhere of these pictures goes too, and of these jobs: no picture is left of them.
Forget = Callable[[Sequence[Artifact], Sequence[ImageJob]], object]


def nothing_said(_pictures: Sequence[Artifact], _jobs: Sequence[ImageJob]) -> None:
    return None


@transaction.atomic
def begin(
    *, actor: Actor, picture: Artifact, now: datetime, forget: Forget = nothing_said
) -> Artifact:
    """Whoever comes second finds it gone."""
    asked_for = jobs.locked_of([picture])
    rules.lock(actor.organisation)
    if is_held(picture, legal.covered(actor.organisation)):
        raise legal.Held
    is_own = actor.user is None or picture.owner_id == actor.user.pk
    reason = Reason.PERSON if is_own else Reason.ADMIN
    if not _leave(actor, [picture.pk], reason, now=now):
        raise Refusal("gone")
    forget([picture], _wipe(actor.organisation, asked_for))
    picture.refresh_from_db()
    facts = {"sha256": picture.sha256, "size_bytes": picture.size_bytes, "reason": str(reason)}
    audit.write(actor=actor, action="picture.deleted", target=picture, before=facts)
    return picture


@transaction.atomic
def begin_many(
    *,
    actor: Actor,
    pictures: Sequence[Artifact],
    reason: str,
    now: datetime,
    forget: Forget = nothing_said,
) -> list[Artifact]:
    """Those of them that are there and not held: the others stay as they are."""
    asked_for = jobs.locked_of(pictures)
    rules.lock(actor.organisation)
    held = legal.covered(actor.organisation)
    mine = Artifact.objects.of(actor.organisation).filter(state__in=ALIVE)
    mine = mine.filter(pk__in=[picture.pk for picture in pictures])
    going = [row for row in mine.select_for_update().order_by("pk") if not is_held(row, held)]
    if not going:
        return []
    ids = [picture.pk for picture in going]
    _leave(actor, ids, reason, now=now)
    forget(going, _wipe(actor.organisation, asked_for))
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


def gone_of(organisation: Organisation, pictures: Sequence[Artifact]) -> list[Artifact]:
    """Those of them that were deleted since they were read."""
    known = Artifact.objects.of(organisation).filter(pk__in=[picture.pk for picture in pictures])
    return list(known.exclude(state__in=ALIVE))


def spent(organisation: Organisation, asked_for: Sequence[ImageJob]) -> list[ImageJob]:
    """Those of them whose pictures are all gone."""
    alive = Artifact.objects.of(organisation).filter(state__in=ALIVE, job__in=asked_for)
    left = set(alive.values_list("job", flat=True))
    return [job for job in asked_for if job.pk not in left]


def _wipe(organisation: Organisation, asked_for: Sequence[ImageJob]) -> list[ImageJob]:
    """When the last picture of a wish goes, its words go. The jobs are locked."""
    over = spent(organisation, asked_for)
    for job in over:
        for said in (job.wish, job.plan):
            said |= {name: "" for name in WORDS if name in said}
        for change in job.plan.get("adjustments", ()):
            if change["field"] in WORDS:
                change |= {"asked": "", "got": ""}
    ImageJob.objects.of(organisation).bulk_update(over, ["wish", "plan"])
    # By what the job says it belongs to: a trial that was stopped never named its job.
    tried = [job.reference.removeprefix(TRIAL) for job in over if job.reference.startswith(TRIAL)]
    Trial.objects.of(organisation).filter(pk__in=tried).update(prompt="")
    return over
