from celery import shared_task
from django.utils import timezone

from assistants import deletion, reconcile
from tale.lib import aio


@shared_task
def sweep(**_later: object) -> None:
    aio.start(reconcile.sweep()).result()
    deletion.sweep(now=timezone.now())
