"""The broker only wakes workers. What is to be done stands in the database; whatever a broker or
a killed worker drops, the sweeper announces again."""

import os

from celery import Celery
from celery.signals import worker_shutdown

from tale.lib import aio, wakeups

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tale.settings")
wakeups.use()
app = Celery("tale")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_shutdown.connect
def finish_what_is_under_way(**_of: object) -> None:
    """A task hands its row to the loop and returns: Celery sees nothing left to wait for."""
    from django.conf import settings  # noqa: PLC0415  not before the app is there

    aio.finish(within_s=settings.TALE_GRACE_S)
