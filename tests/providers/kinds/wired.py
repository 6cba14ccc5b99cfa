"""A kind wired to its simulator, and all that it says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

from providers.base import Adapter, Connection
from providers.errors import ProviderFailed
from providers.shapes import Ended, Finished, Happening, Order, Picture, Plan, Question, Text

T = TypeVar("T")
METADATA = "169.254.169.254"


def connected(kind: type[Adapter], sim: Any, **more: Any) -> Any:
    known: dict[str, Any] = {"secret": sim.key, "reaches_private": True, "deadline_s": 5}
    return kind(Connection(**{"base_url": sim.base_url, **known, **more}))


async def _all(told: AsyncIterator[T]) -> list[T]:
    return [one async for one in told]


def listened(told: Callable[[], AsyncIterator[T]]) -> list[T]:
    return asyncio.run(_all(told()))


def order(model: str, **more: Any) -> Order:
    named = {
        name: more.pop(name) for name in ("references", "mask", "partials", "user") if name in more
    }
    plan: dict[str, Any] = {"prompt": "a fox", "n": 1, "width": 1024, "height": 1024}
    return Order(model, Plan(**{**plan, "quality": "low", **more}), **named)


def happened(adapter: Adapter, wanted: Order) -> list[Happening]:
    return listened(lambda: adapter.make_pictures(wanted))


def made(adapter: Adapter, wanted: Order) -> Finished:
    finished = happened(adapter, wanted)[-1]
    assert isinstance(finished, Finished)
    return finished


def failure(told: Callable[[], Any]) -> ProviderFailed:
    try:
        told()
    except ProviderFailed as failed:
        return failed
    raise AssertionError("it did not fail")


def question(model: str, *, text: Any = "hi", **more: Any) -> Question:
    return Question(model, ({"role": "user", "content": text},), **more)


def answered(adapter: Adapter, asked: Question) -> tuple[str, list[Any], Ended]:
    """The text, every other piece, and the end."""
    *pieces, ended = listened(lambda: adapter.answer(asked))
    assert isinstance(ended, Ended)
    text = "".join(piece.text for piece in pieces if isinstance(piece, Text))
    return text, [piece for piece in pieces if not isinstance(piece, Text)], ended


def photo(content: bytes) -> Picture:
    return Picture(content, "image/png")
