"""A wish for more pictures than one call brings: several calls at once, and one result."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from providers.base import closing
from providers.errors import Doubtful, ProviderFailed, Retry
from providers.shapes import Finished, Happening, Order, Partial, Usage

_TOKENS = ("text_in", "cached_in", "image_in", "text_out", "image_out", "credits")


def portioned(order: Order, *, most: int) -> list[Order]:
    """Each with at most `most` pictures, and a seed of its own."""
    plan, portions = order.plan, []
    for start in range(0, plan.n, most):
        part = replace(plan, n=min(most, plan.n - start), seed=plan.seed + start)
        portions.append(replace(order, plan=part))
    return portions


async def drawn(
    orders: list[Order], draw: Callable[[Order], AsyncIterator[Happening]]
) -> AsyncIterator[Happening]:
    """What came is delivered, whatever became of the rest. Closed early, every call ends."""
    queue: asyncio.Queue[Partial | None] = asyncio.Queue()
    ends: dict[int, Finished | ProviderFailed] = {}

    async def run(place: int, order: Order) -> None:
        try:
            async with closing(draw(order)) as happenings:
                async for happening in happenings:
                    if isinstance(happening, Finished):
                        ends[place] = happening
                    elif isinstance(happening, Partial):
                        queue.put_nowait(replace(happening, ordinal=place + happening.ordinal))
        except ProviderFailed as failed:
            ends[place] = failed
        finally:
            queue.put_nowait(None)

    starts = [sum(order.plan.n for order in orders[:at]) for at in range(len(orders))]
    tasks = [
        asyncio.create_task(run(start, order)) for start, order in zip(starts, orders, strict=True)
    ]
    try:
        for _ in tasks:
            while (partial := await queue.get()) is not None:
                yield partial
        await asyncio.gather(*tasks)  # a bug of ours is heard here
        told = [(order, ends[start]) for start, order in zip(starts, orders, strict=True)]
        yield _together(told)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _together(told: list[tuple[Order, Finished | ProviderFailed]]) -> Finished:
    arrived = [end for _, end in told if isinstance(end, Finished)]
    failures = [end for _, end in told if isinstance(end, ProviderFailed)]
    usages = [end.usage for _, end in told if end.usage is not None]
    in_doubt = sum(
        order.plan.n for order, end in told if isinstance(end, Doubtful) and end.usage is None
    )
    if not arrived:
        failed = _worst(failures)
        failed.usage = _sum(usages) if usages and not in_doubt else None
        raise failed
    missing = [end.missing for end in arrived if end.missing]
    return Finished(
        pictures=tuple(picture for end in arrived for picture in end.pictures),
        usage=_sum(usages, in_doubt=in_doubt),
        revised_prompt=next((end.revised_prompt for end in arrived if end.revised_prompt), ""),
        adjustments=tuple(dict.fromkeys(one for end in arrived for one in end.adjustments)),
        missing=_worst(failures).code if failures else "".join(missing[:1]),
    )


def _worst(failures: list[ProviderFailed]) -> ProviderFailed:
    """Money in doubt is told before anything else, and a refusal before a fault."""
    doubtful = [failed for failed in failures if isinstance(failed, Doubtful)]
    unknown = [failed for failed in doubtful if failed.usage is None]
    final = [failed for failed in failures if failed.retry is Retry.NEVER]
    return (unknown or doubtful or final or failures)[0]


def _sum(usages: list[Usage], *, in_doubt: int = 0) -> Usage:
    """A call in doubt is counted as if it had been like the others."""
    pictures = sum(usage.pictures for usage in usages)

    def share(told: int) -> int:
        """Rounded up, in whole numbers: money is never a float."""
        return -(-told * (pictures + in_doubt) // pictures) if pictures else told

    counts = {name: share(sum(getattr(usage, name) for usage in usages)) for name in _TOKENS}
    told = [usage.told_micro for usage in usages if usage.told_micro is not None]
    is_told = len(told) == len(usages)
    return Usage(
        pictures=pictures + in_doubt,
        told_micro=share(sum(told)) if is_told else None,
        told_currency=usages[0].told_currency if is_told else "",
        is_estimate=in_doubt > 0 or any(usage.is_estimate for usage in usages),
        request_id=next((usage.request_id for usage in usages if usage.request_id), ""),
        **counts,
    )
