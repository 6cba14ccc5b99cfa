"""An adapter and a simulator, and what passed between them."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from providers.base import Adapter, Connection
from providers.errors import ProviderFailed
from providers.fitting import fit
from providers.shapes import Finished, Order, Picture, Wish
from tests.upstream import pictures


def adapter(kind: type[Adapter], sim: Any, **changed: Any) -> Adapter:
    connection = Connection(base_url=sim.base_url, secret=sim.key, reaches_private=True)
    return kind(replace(connection, **changed))


def order_for(
    asked: Adapter,
    model: str,
    prompt: str = "a fox",
    *,
    references: tuple[Picture, ...] = (),
    mask: Picture | None = None,
    **wish: Any,
) -> Order:
    wished = Wish(prompt, references=len(references), has_mask=mask is not None, **wish)
    plan = fit(wished, asked.capabilities(model))
    return Order(model, plan, references=references, mask=mask)


def drawn(asked: Adapter, order: Order) -> Finished:
    async def last() -> Any:
        async with aclosing(asked.make_pictures(order)) as happenings:  # type: ignore[type-var]
            return [happening async for happening in happenings][-1]

    finished = asyncio.run(last())
    assert isinstance(finished, Finished)
    return finished


def failure(asked: Adapter, order: Order) -> ProviderFailed:
    with pytest.raises(ProviderFailed) as failed:
        drawn(asked, order)
    return failed.value


def photo(width: int = 512, height: int = 512, form: str = "png") -> Picture:
    return Picture(pictures.picture(width, height, form), pictures.MEDIA_TYPES[form])
