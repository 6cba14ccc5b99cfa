"""What this process is drawing. Once a second it looks what of it somebody stopped, in whatever
process: one look for all of them, however many there are."""

from __future__ import annotations

import asyncio
from functools import cache

import structlog
from django.db import Error

from assistants import jobs
from tale.lib.aio import in_db

LOOK_S = 1.0
log = structlog.get_logger()


class Book:
    def __init__(self) -> None:
        self.stopped: dict[str, asyncio.Event] = {}
        self.looking: asyncio.Task[None] | None = None

    async def look(self) -> None:
        while self.stopped:
            await asyncio.sleep(LOOK_S)
            try:
                heard = await in_db(jobs.stopped_of, list(self.stopped))
            except Error as broken:  # it comes back, and so do we
                log.warning("jobs_not_looked_at", broken=type(broken).__name__)
                continue
            for pk in heard:
                if pk in self.stopped:
                    self.stopped[pk].set()
        self.looking = None


def enter(job_id: str) -> asyncio.Event:
    """Set when somebody stops it, in whatever process."""
    book = _book(asyncio.get_running_loop())
    event = book.stopped[job_id] = asyncio.Event()
    if book.looking is None:
        book.looking = asyncio.create_task(book.look())
    return event


def leave(job_id: str) -> None:
    _book(asyncio.get_running_loop()).stopped.pop(job_id, None)


@cache
def _book(_loop: asyncio.AbstractEventLoop) -> Book:
    return Book()
