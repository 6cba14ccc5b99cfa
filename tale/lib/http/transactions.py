"""Nothing waits for a provider while a transaction is open: it would hold its locks for minutes."""

from __future__ import annotations

import asyncio

from asgiref.sync import AsyncToSync
from django.db import connections


async def refuse_inside() -> None:
    """The transaction may be of this thread (asyncio.run under atomic), or of the thread that
    waits for us in async_to_sync, which asgiref knows and lets us ask."""
    is_open = _without_a_loop()
    waiting = getattr(AsyncToSync.executors, "current", None)
    if not is_open and waiting is not None:
        try:
            is_open = await asyncio.get_running_loop().run_in_executor(waiting, _is_open)
        except RuntimeError:
            is_open = False  # it no longer waits: a task that outlived its caller
    if is_open:
        raise RuntimeError("A network call inside a database transaction. Commit first.")


def _without_a_loop() -> bool:
    """Django shows a thread's own connections only where no loop runs."""
    loop = asyncio.get_running_loop()
    asyncio._set_running_loop(None)
    try:
        return _is_open()
    finally:
        asyncio._set_running_loop(loop)


def _is_open() -> bool:
    """The transaction around a test of its own is not what is meant."""
    return any(
        connection.in_atomic_block
        and not all(vars(block)["_from_testcase"] for block in connection.atomic_blocks)
        for connection in connections.all(initialized_only=True)
    )
