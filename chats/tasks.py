from celery import shared_task
from django.utils import timezone

from chats import answering, deletion, turns
from tale.lib import aio


@shared_task
def run(*, turn_id: str, **_later: object) -> None:
    """Hands the turn to the process's one loop and is done: a worker's thread waits for nobody."""
    aio.start(answering.answer(turn_id))


@shared_task
def sweep(**_later: object) -> None:
    turns.sweep(now=timezone.now())


@shared_task
def clear_away(**_later: object) -> None:
    deletion.expire(now=timezone.now())
