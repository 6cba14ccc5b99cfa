from celery import shared_task
from django.utils import timezone

from assistants import deletion, orphans, reconcile, spool, trials
from tale.lib import aio


@shared_task
def sweep(**_later: object) -> None:
    spool.carry()
    aio.start(reconcile.sweep()).result()
    deletion.sweep(now=timezone.now())
    trials.sweep(now=timezone.now())


@shared_task
def draw_trial(*, trial_id: str, **_later: object) -> None:
    aio.start(trials.draw(trial_id))


@shared_task
def audit_files(**_later: object) -> None:
    orphans.audit(now=timezone.now())
