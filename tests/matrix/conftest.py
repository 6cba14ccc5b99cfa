import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import client

from assistants import artifacts
from providers import registry
from tale import health
from tests.conftest import redis_at
from tests.matrix.judging import Judge
from tests.matrix.world import World


@pytest.fixture(scope="package")
def judge(django_db_setup: None, django_db_blocker: Any) -> Iterator[Judge]:
    """One world for all checks; each check is undone, and so is the world."""
    with (
        django_db_blocker.unblock(),
        pytest.MonkeyPatch.context() as patch,
        transaction.atomic(),
    ):
        where = ("Scripted", "tests.upstream.scripted.Scripted")
        patch.setitem(registry.KINDS, "scripted", where)  # type: ignore[arg-type]
        patch.setattr(settings, "TALE_METRICS_TOKEN", "not shown to anybody here")
        # As if everybody had just given their password, which a change of address asks for again.
        patch.setattr(settings, "ACCOUNT_REAUTHENTICATION_REQUIRED", False)
        patch.setattr(settings, "TALE_DB_THREADS", 0)
        # Its checks come on connections of their own, and wait for the world to be committed.
        patch.setattr(health, "CHECKS", {})
        patch.setattr(client, "store_rendered_templates", keep_the_form)
        # No savepoint brings a file back.
        patch.setattr(artifacts, "remove", lambda path: None)
        world = World()
        logging.disable()  # ten thousand requests: writing their lines would take a third of it
        yield Judge(world, forget_counts)
        logging.disable(logging.NOTSET)
        transaction.set_rollback(True)


@pytest.fixture
def _django_db_helper(judge: Judge) -> None:
    """In place of pytest-django's, which closes the connection behind each test, and with it the
    transaction that the world lives in."""


def forget_counts() -> None:
    """Redis counts callers for all checks together; the database forgets with each."""
    if settings.REDIS_URL:
        redis_at(settings.REDIS_URL).flushdb()


def keep_the_form(
    store: dict[str, Any], signal: Any, sender: Any, template: Any, **more: Any
) -> None:
    """Django's copies the context of every fragment; the page that holds a form is all we ask."""
    if "context" not in store and "adminform" in more["context"]:
        store_all(store, signal, sender, template, **more)


store_all = client.store_rendered_templates
