"""The bridge between the two colours, where a sync edge waits for async work."""

import pytest
from django.db import transaction
from django.utils import timezone

from tale.lib import aio
from tale.lib.models import LiveState


def write(key: str) -> None:
    LiveState.objects.create(key=key, body="{}", updated_at=timezone.now())


async def written(key: str) -> None:
    await aio.in_db(write, key)


def a_form_that_fails() -> None:
    with transaction.atomic():
        write("the form's own")
        aio.waited(written)("what it waits for")
        assert LiveState.objects.count() == 2
        raise KeyError


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(30)
def test_inside_a_transaction_all_of_it_happens_there() -> None:
    """On another thread SQLite would wait for the very transaction that waits."""
    with pytest.raises(KeyError):
        a_form_that_fails()
    assert not LiveState.objects.exists()


def drawn(done: list[str]) -> None:
    done.append("a picture")


@pytest.mark.django_db(transaction=True)
def test_a_process_that_ends_waits_for_what_it_was_handed() -> None:
    done: list[str] = []

    async def draw() -> None:
        await aio.in_db(drawn, done)

    aio.start(draw())
    aio.finish(within_s=5)
    assert done == ["a picture"]


def test_it_does_not_wait_for_ever() -> None:
    async def hang() -> None:
        await aio.asyncio.sleep(60)

    hanging = aio.start(hang())
    aio.finish(within_s=0.05)
    assert not hanging.done()
    hanging.cancel()
