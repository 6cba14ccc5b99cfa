"""The broker only wakes workers. What is to be done stands in the database; whatever a broker or
a killed worker drops, the sweeper announces again."""

import os

from celery import Celery

from tale.lib import wakeups

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tale.settings")
wakeups.use()
app = Celery("tale")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
