from celery import shared_task
from django.utils import timezone

from policies import alarm, thresholds


@shared_task
def check_money(**_later: object) -> None:
    alarm.look(now=timezone.now())


@shared_task
def warn(**_later: object) -> None:
    thresholds.look(now=timezone.now())
