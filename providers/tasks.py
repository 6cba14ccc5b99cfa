from celery import shared_task
from django.utils import timezone

from providers import listing
from tale.lib import aio


@shared_task
def look_at_lists(**_later: object) -> None:
    aio.start(listing.look(now=timezone.now())).result()
