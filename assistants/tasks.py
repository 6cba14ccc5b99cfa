from celery import shared_task

from assistants import reconcile
from tale.lib import aio


@shared_task
def sweep(**_later: object) -> None:
    aio.start(reconcile.sweep()).result()
