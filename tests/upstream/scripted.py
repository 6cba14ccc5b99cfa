"""A provider that answers what a test tells it to, and keeps a bill as outside witness."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

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
    fails: ProviderFailed | None = None
    broken: dict[str, ProviderFailed] = field(default_factory=dict)  # models that alone fail
    sends: list[bytes] = field(default_factory=list)  # instead of what was asked for

    def failure_of(self, model: str) -> ProviderFailed | None:
        return self.broken.get(model, self.fails)

    def says(self, *texts: str) -> None:
        self.steps.append([*map(Text, texts), Ended(Usage(text_in=50, text_out=20))])

    def calls(self, arguments: str, *, name: str = "image_generation", id: str = "call_1") -> None:
        self.steps.append([ToolCall(id, name, arguments), Ended(Usage(text_in=60, text_out=9))])


SCRIPT = Script()


class Scripted(Adapter):
    default_url = "https://scripted.test"
    deadline_s = 5

    def capabilities(self, model: str) -> Capabilities:
        able = ("generate", "edit")
        return Capabilities(operations=able, longest_side=2048, most_references=4)

    async def make_pictures(self, order: Order) -> AsyncIterator[Happening]:
        plan = order.plan
        if failed := SCRIPT.failure_of(order.model):
            raise failed
        SCRIPT.bill.append(plan)
        await asyncio.sleep(SCRIPT.takes_s)
        sent = SCRIPT.sends or [png(plan.width, plan.height)] * plan.n
        drawn = tuple(map(Picture, sent))
        yield Finished(drawn, Usage(pictures=plan.n, request_id=f"req_{len(SCRIPT.bill)}"))

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
