"""What came of a call: marked, booked and listed. Whoever finishes it, the caller or the sweeper,
comes through here, and the second one changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from assistants import artifacts, calls, inspection, jobs, keeping, spool
from assistants.models import Artifact, ImageJob
from policies import late, losses
from policies.late import Booked
from policies.models import Entry, Hold
from providers.shapes import Finished, Picture, Usage
from tale.lib import again
from tale.lib.aio import in_db

log = structlog.get_logger()


async def complete(
    *, job: ImageJob, hold: Hold, finished: Finished, now: datetime
) -> list[Artifact]:
    """Looked at, marked, then booked and listed. What came is on disk by now: this may take its
    time, and whoever comes after a crash begins here again."""
    try:
        files, unsound = await keeping.keep(job, finished.pictures, hold=hold, now=now)
        if unsound:
            await in_db(artifacts.write_aside, hold.pk, unsound)
    except spool.Full:
        await in_db(lose, job=job, hold=hold, finished=finished, now=now)
        return []
    return await in_db(
        _book, job=job, hold=hold, finished=finished, files=files, now=now, unsound=unsound
    )


def _book(
    *, hold: Hold, finished: Finished, files: Sequence[artifacts.File], now: datetime, **of: Any
) -> list[Artifact]:
    """In one go on one thread, and in this order: each step is done and kept before the next."""
    made = finish(hold=hold, finished=finished, files=files, now=now, **of)
    try:
        keeping.tidy(hold, made)
    except Exception as broken:  # the store's library raises of its own kinds
        log.warning("not_tidied", hold=hold.pk, broken=type(broken).__name__)
        return made  # with its call open, so that the sweeper tidies
    outcome, code = ("done", "") if made else ("failed", inspection.code_of(files))
    # Last: a call without an end is how the sweeper knows that something was left lying.
    heard_at = finished.first_byte_at
    calls.close(hold=hold, outcome=outcome, code=code, now=now, first_byte_at=heard_at)
    return made


@again.atomic
def lose(*, job: ImageJob, hold: Hold, finished: Finished, now: datetime) -> None:
    """Paid, and there is no room for it anywhere: the money is booked as it was billed."""
    lines, confidence = calls.billed(hold, _used(finished))
    job = jobs.locked(job)
    if not late.settle(hold=hold, lines=lines, now=now, confidence=confidence):
        return  # somebody else was faster, and may have found room
    calls.close(
        hold=hold,
        outcome="failed",
        code=jobs.NOT_STORED,
        now=now,
        first_byte_at=finished.first_byte_at,
    )
    losses.note(hold=hold, pictures=_number(lines))
    log.error("paid_not_stored", job=job.pk, hold=hold.pk)
    jobs.conclude(job, now=now)


@again.atomic
def finish(
    *,
    job: ImageJob,
    hold: Hold,
    finished: Finished,
    files: Sequence[artifacts.File],
    now: datetime,
    unsound: Sequence[Picture] = (),
) -> list[Artifact]:
    """Booked, listed and done, or none of it. The loser of two finishers finds the winner's.
    What is not sound was paid for all the same; where nothing else came, the job is lost.
    What comes after somebody stopped it, after its money went back or after it was presumed to be
    billed is kept and not delivered.
    """
    lines, confidence = calls.billed(hold, _used(finished))
    job = jobs.locked(job)
    booked = late.settle(hold=hold, lines=lines, now=now, confidence=confidence)
    if not booked and not _was_presumed(hold):
        return artifacts.of_job(job)
    is_late = job.state == ImageJob.State.CANCELLED or booked != Booked.IN_TIME
    state = Artifact.State.LATE if is_late else Artifact.State.READY
    states = jobs.states_of(job)
    # Of a job with one call nothing was kept before.
    first = artifacts.number_of(job) if len(states) > 1 else 0
    made = artifacts.rows_for(job, finished, files, state=state, first=first, key=hold.key)
    artifacts.set_aside(job, unsound, hold_id=hold.pk)
    paid = _number(lines) if booked else hold.pictures  # as presumed
    if not booked or paid > len(files):
        losses.note(hold=hold, pictures=max(paid - len(files), 0))
    is_shown = bool(made) and not is_late
    jobs.conclude(job, now=now, code=inspection.code_of(files), states=states, is_shown=is_shown)
    return made


def _number(lines: list[dict[str, Any]]) -> int:
    """Of the pictures that were billed."""
    return sum(line.get("pictures", 0) for line in lines)


def _was_presumed(hold: Hold) -> bool:
    """Booked in full without its pictures, and none was kept since."""
    lines = Entry.objects.of(hold.organisation).filter(hold=hold.pk)
    kept = Artifact.objects.of(hold.organisation).filter(
        path__startswith=f"{artifacts.folder_of(hold.pk)}/"
    )
    return lines.filter(kind=Entry.Kind.PRESUMED).exists() and not kept.exists()


def _used(finished: Finished) -> Usage:
    """What came was drawn, whatever its provider counts."""
    came = len(finished.pictures)
    return replace(finished.usage, pictures=max(finished.usage.pictures, came))
