"""A kind that does what a test tells it to."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from accounts.models import Organisation
from providers import registry
from providers.base import Adapter
from providers.errors import (
    BadKey,
    ProviderFailed,
)
from providers.models import Provider
from providers.shapes import (
    Capabilities,
    Checked,
    Ended,
    Finished,
    Happening,
    Order,
    Piece,
    Plan,
    Question,
    Text,
    Usage,
)

ORDER = Order("painter", Plan("a fox", 1, 64, 64, "low"))
DONE = Finished((), Usage(pictures=1))
Step = Happening | ProviderFailed | float


@dataclass
class Upstream:
    """What the next calls meet, in turn; the last of them for ever."""

    calls: list[list[Step]] = field(default_factory=lambda: [[DONE]])
    keys: list[str] = field(default_factory=list)
    deadlines: list[float] = field(default_factory=list)
    good_key: str = ""
    unknown: str = ""


UPSTREAM = Upstream()


class Painter(Adapter):
    deadline_s = 4

    def capabilities(self, model: str) -> Capabilities:
        return Capabilities(typical_s=(0.1, 1))

    async def make_pictures(self, order: Order) -> AsyncIterator[Happening]:
        UPSTREAM.keys.append(self.connection.secret)
        UPSTREAM.deadlines.append(self.deadline_s)
        if UPSTREAM.good_key not in ("", self.connection.secret):
            raise BadKey
        if UPSTREAM.unknown:
            self.connection.on_refused(UPSTREAM.unknown)
        steps = UPSTREAM.calls[0] if len(UPSTREAM.calls) == 1 else UPSTREAM.calls.pop(0)
        for step in steps:
            if isinstance(step, ProviderFailed):
                raise step
            if isinstance(step, float):
                await asyncio.sleep(step)
            else:
                yield step

    def resume(self, handle: dict[str, Any]) -> AsyncIterator[Happening]:
        return self.make_pictures(ORDER)

    async def answer(self, question: Question) -> AsyncIterator[Piece]:
        yield Text("Hello")
        yield Ended()

    async def check(self) -> Checked:
        return Checked(("asked",), 5)


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Upstream:
    fresh = Upstream()
    monkeypatch.setattr("tests.providers.painter.UPSTREAM", fresh)
    where = ("Painter", "tests.providers.painter.Painter")
    monkeypatch.setitem(registry.KINDS, "painter", where)  # type: ignore[arg-type]
    return fresh


@pytest.fixture
def provider(acme: Organisation, upstream: Upstream) -> Provider:
    return Provider.objects.create(organisation=acme, kind="painter", name="Painter")


async def drawn(adapter: Adapter) -> list[Happening]:
    return [happening async for happening in adapter.make_pictures(ORDER)]


def draw(provider: Provider) -> list[Happening]:
    provider.refresh_from_db()
    return async_to_sync(drawn)(registry.adapter_for(provider))


def fail(provider: Provider, times: int = 1) -> ProviderFailed:
    for _ in range(times):
        with pytest.raises(ProviderFailed) as failed:
            draw(provider)
    provider.refresh_from_db()
    return failed.value


def let_it_have_rested(provider: Provider) -> None:
    provider.rests_until = timezone.now() - timedelta(seconds=1)
    provider.save(update_fields=["rests_until"])


def rest_s(provider: Provider) -> float:
    provider.refresh_from_db()
    assert provider.rests_until is not None
    return (provider.rests_until - timezone.now()).total_seconds()
