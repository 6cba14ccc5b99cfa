"""The broker of this run wakes a real worker; what that did is read from the database."""

import os
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from tale import supervisor, tasks
from tale.celery import app
from tale.lib.fields import new_id
from tale.lib.models import LiveState

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[str]:
    """Named anew each time, and with the one worker that serves it: the broker may be shared."""
    name = new_id("queue")
    wards = supervisor.children(home=tmp_path, host="127.0.0.1", port=1)
    command = list(next(ward.command for ward in wards if ward.name == "worker"))
    command[command.index("--queues") + 1] = name
    Path(settings.TALE_HOME, "queue").mkdir(exist_ok=True)
    with subprocess.Popen(
        command, cwd=settings.ROOT, env={**os.environ, "DATABASE_URL": database_of_the_test()}
    ) as worker:
        yield name
        worker.terminate()
    with app.connection_for_write() as broker:
        served = app.amqp.queues[name](broker.default_channel)
        served.declare()  # Redis deletes what this connection has bound
        served.delete()


def database_of_the_test() -> str:
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"


def a_worker_is_woken(queue: str) -> None:
    old = LiveState.objects.create(
        key="old", body="{}", updated_at=timezone.now() - timedelta(days=1)
    )
    tasks.keep_house.apply_async(queue=queue)
    deadline = time.monotonic() + 30
    while LiveState.objects.filter(pk=old.pk).exists():
        assert time.monotonic() < deadline, "no worker came"
        time.sleep(0.1)


def test_the_broker_of_the_settings_wakes_a_worker(queue: str) -> None:
    a_worker_is_woken(queue)


@pytest.mark.rabbitmq
def test_rabbitmq_wakes_a_worker(queue: str) -> None:
    a_worker_is_woken(queue)
