"""A provider that takes an order into its queue gives it a name: with that, what a dead process
had ordered is fetched instead of guessed at, and never ordered twice."""

from __future__ import annotations

import asyncio
from typing import Any

from django.utils import timezone

from assistants import arrivals, booking
from assistants.models import ImageJob
from policies.models import Hold
from providers.base import Adapter, closing
from providers.errors import ProviderFailed
from providers.shapes import Finished
from tale.lib.aio import in_db

LOOKS_S = 10.0  # and again at the next sweep: others wait for theirs


async def resume(job: ImageJob, hold: Hold, adapter: Adapter) -> bool:
    """False: it has no name there, or is not there, or not yet."""
    handle = job.handles.get(hold.pk)
    if handle is None:
        return False
    try:
        async with asyncio.timeout(LOOKS_S):
            finished = await _fetched(adapter, handle)
    except (ProviderFailed, TimeoutError):
        return False
    if finished is None:
        return False
    await in_db(arrivals.write, hold.pk, finished)
    await booking.complete(job=job, hold=hold, finished=finished, now=timezone.now())
    return True


async def _fetched(adapter: Adapter, handle: dict[str, Any]) -> Finished | None:
    async with closing(adapter.resume(handle)) as happenings:
        async for happening in happenings:
            if isinstance(happening, Finished):
                return happening
    return None
