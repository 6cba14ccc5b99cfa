"""A provider that answers what a test tells it to, and keeps a bill as outside witness."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from PIL import Image

from accounts.models import Organisation
from providers import registry
from providers.base import Adapter
from providers.errors import ProviderFailed
from providers.models import Provider
from providers.shapes import (
    Capabilities,
    Ended,
    Finished,
    Happening,
    Order,
    Picture,
    Piece,
    Plan,
    Question,
    Text,
    ToolCall,
    Usage,
)
from tale import demo


@dataclass
class Script:
    """What it will say, step by step, and what it was asked."""

    steps: list[list[Piece]] = field(default_factory=list)
    asked: list[Question] = field(default_factory=list)
    bill: list[Plan] = field(default_factory=list)
    takes_s: float = 0.0
    is_held: bool = False  # it draws for as long as this says
    fails: ProviderFailed | None = None
    broken: dict[str, ProviderFailed] = field(default_factory=dict)  # models that alone fail
    sends: list[bytes] = field(default_factory=list)  # instead of what was asked for
    able: dict[str, Any] = field(default_factory=dict)  # capabilities other than the usual
    tells: list[Happening] = field(default_factory=list)  # before it has finished
    keeps: Happening | ProviderFailed | None = None  # what is there for who has the handle
    was_billed: bool | None = None
    cancelled: list[dict[str, Any]] = field(default_factory=list)

    def failure_of(self, model: str) -> ProviderFailed | None:
        return self.broken.get(model, self.fails)

    def says(self, *texts: str) -> None:
        self.steps.append([*map(Text, texts), Ended(Usage(text_in=50, text_out=20))])

    def calls(self, arguments: str, *, name: str = "image_generation", id: str = "call_1") -> None:
        self.steps.append([ToolCall(id, name, arguments), Ended(Usage(text_in=60, text_out=9))])


SCRIPT = Script()


class Scripted(Adapter):
    default_url = "https://scripted.test"
    deadline_s = 20  # a loaded machine is slow, and no provider

    def capabilities(self, model: str) -> Capabilities:
        usual = {"operations": ("generate", "edit"), "longest_side": 2048, "most_references": 4}
        return Capabilities(**{**usual, **SCRIPT.able})

    async def make_pictures(self, order: Order) -> AsyncIterator[Happening]:
        plan = order.plan
        if failed := SCRIPT.failure_of(order.model):
            raise failed
        SCRIPT.bill.append(plan)
        for happening in SCRIPT.tells:
            yield happening
        await asyncio.sleep(SCRIPT.takes_s)
        while SCRIPT.is_held:
            await asyncio.sleep(0.01)
        sent = SCRIPT.sends or [png(plan.width, plan.height)] * plan.n
        drawn = tuple(map(Picture, sent))
        yield Finished(drawn, Usage(pictures=plan.n, request_id=f"req_{len(SCRIPT.bill)}"))

    async def resume(self, handle: dict[str, Any]) -> AsyncIterator[Happening]:
        if isinstance(SCRIPT.keeps, ProviderFailed):
            raise SCRIPT.keeps
        if SCRIPT.keeps is not None:
            yield SCRIPT.keeps

    async def cancel(self, handle: dict[str, Any]) -> None:
        SCRIPT.cancelled.append(handle)

    async def was_billed(self, request_id: str) -> bool | None:
        return SCRIPT.was_billed

    async def answer(self, question: Question) -> AsyncIterator[Piece]:
        if failed := SCRIPT.broken.get(question.model):
            raise failed
        SCRIPT.asked.append(question)
        for piece in SCRIPT.steps.pop(0):
            yield piece
            await asyncio.sleep(0)


def png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("1", (width, height)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    fresh = Script()
    monkeypatch.setattr("tests.upstream.scripted.SCRIPT", fresh)
    where = ("Scripted", "tests.upstream.scripted.Scripted")
    monkeypatch.setitem(registry.KINDS, "scripted", where)  # type: ignore[arg-type]
    return fresh


@pytest.fixture
def workspace(script: Script) -> Callable[[Organisation], None]:
    """Gives an organisation what a new one has, with this provider in Studio's place."""

    def furnish(organisation: Organisation) -> None:
        demo.set_up_workspace(organisation)
        Provider.objects.of(organisation).update(kind="scripted")

    return furnish
