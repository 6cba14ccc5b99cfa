"""Says of a hold that its caller lives, for as long as it does: the sweeper acts within seconds of
a death, and not only when the longest call would have ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
from django.db import Error
from django.utils import timezone

from policies import budgets
from policies.models import Hold
from tale.lib.aio import in_db

LEASE = timedelta(seconds=20)
RENEW_S = 5
log = structlog.get_logger()


class Pulse:
    def __init__(self, hold: Hold) -> None:
        self.hold = hold  # changes when another model steps in

    async def beat(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            try:
                await in_db(budgets.renew, hold=self.hold, lease=LEASE, now=timezone.now())
            except Error as away:  # it may be back before the lease ends
                log.warning("hold_not_renewed", hold=self.hold.pk, error=type(away).__name__)


@asynccontextmanager
async def of(hold: Hold) -> AsyncIterator[Pulse]:
    pulse = Pulse(hold)
    beating = asyncio.create_task(pulse.beat())
    try:
        yield pulse
    finally:
        beating.cancel()
