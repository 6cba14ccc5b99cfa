import time

from celery import shared_task
from django.core.cache import cache
from django.core.files.storage import storages
from django.utils import timezone

from tale.health import WORKER_SEEN
from tale.lib import limits, live
from tale.lib.disk import Disk


@shared_task
def keep_house(**_later: object) -> None:
    """Says that a worker lives, and throws away what nobody reads any more."""
    cache.set(WORKER_SEEN, time.time(), timeout=None)
    live.forget(now=timezone.now())
    limits.forget(now=time.time())
    store = storages["default"]
    if isinstance(store, Disk):
        store.forget_halves()
