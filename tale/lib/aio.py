"""Two colours meet here. What waits for the network is async, what touches the database is sync.

`in_db` is the one bridge: it runs a sync function on one of a few threads and gives the database
connection back before anything waits, so 300 open streams need 8 connections, not 300.
A worker has one event loop, on a thread of its own: `start` hands it a coroutine.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache, partial
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.db import connection, connections

P = ParamSpec("P")
T = TypeVar("T")

_handed: "set[Future[Any]]" = set()
_inside = contextvars.ContextVar("inside", default=False)


async def in_db(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    # Tests inside one transaction, and edges that wait inside one, stay on its connection.
    if not settings.TALE_DB_THREADS or _inside.get():
        return await sync_to_async(work, thread_sensitive=True)(*args, **kwargs)
    run = partial(contextvars.copy_context().run, _give_back_after, partial(work, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_threads(), run)


def waited(work: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """For a sync edge that must wait. Its connection goes back first: were all of them held by
    those who wait, what they wait for would get none. Inside a transaction, as the admin's forms
    are, all of it happens there: SQLite would have another thread wait for the writer it is."""

    def waiting(*args: P.args, **kwargs: P.kwargs) -> T:
        if settings.TALE_DB_THREADS and not connection.in_atomic_block:
            _give_back()
        was_inside = _inside.set(connection.in_atomic_block)
        try:
            return async_to_sync(work)(*args, **kwargs)
        finally:
            _inside.reset(was_inside)

    return waiting


def start(work: Coroutine[Any, Any, T]) -> "Future[T]":
    future = asyncio.run_coroutine_threadsafe(work, _loop())
    _handed.add(future)
    future.add_done_callback(_handed.discard)
    return future


def finish(*, within_s: float) -> None:
    """Before the process ends: what was handed over may be a call that is paid for."""
    wait(set(_handed), timeout=within_s)


def _give_back_after(work: Callable[[], T]) -> T:
    try:
        return work()
    finally:
        _give_back()


def _give_back() -> None:
    # SQLite has no pool: its connection stays with the thread, opening one costs pragmas.
    if connection.vendor != "sqlite":
        connections.close_all()


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(settings.TALE_DB_THREADS, thread_name_prefix="db")


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="loop", daemon=True).start()
    return loop
