from celery import shared_task
from django.utils import timezone

from policies import alarm


@shared_task
def check_money(**_later: object) -> None:
    alarm.look(now=timezone.now())
