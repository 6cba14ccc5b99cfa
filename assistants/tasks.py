from collections.abc import Callable

import structlog
from celery import shared_task
from django.utils import timezone

from assistants import deletion, orphans, reconcile, spool, trials
from tale.lib import aio

log = structlog.get_logger()


@shared_task
def sweep(**_later: object) -> None:
    """Money first. What one broom meets keeps none of the others from its floor."""
    now = timezone.now()
    brooms: tuple[Callable[[], object], ...] = (
        lambda: aio.start(reconcile.sweep()).result(),
        lambda: deletion.sweep(now=now),
        lambda: trials.sweep(now=now),
        spool.carry,
    )
    for broom in brooms:
        try:
            broom()
        except Exception as broken:
            log.error("not_swept", exc_info=broken)


@shared_task
def draw_trial(*, trial_id: str, **_later: object) -> None:
    aio.start(trials.draw(trial_id))


@shared_task
def audit_files(**_later: object) -> None:
    orphans.audit(now=timezone.now())
