"""What holds for every test: nothing leaves this machine, and nothing stays for the next test.

A test with `db` (all people of tests/people.py ask for it) runs inside one transaction, on one
connection: `aio.in_db` stays on its thread. A test that needs commits, several threads or a live
server says `@pytest.mark.django_db(transaction=True)`, and the tables are emptied behind it.
"""

import gc
import ipaddress
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from django.core.cache import cache as django_cache
from django.db import connection, transaction
from django.test import TransactionTestCase
from redis import Redis
from servestatic.middleware import ServeStaticMiddleware

from tale.lib import append_only
from tests.people import (
    acme,
    alice,
    api,
    as_,
    bob,
    charlie,
    dana,
    design,
    erin,
    key_for,
    lena,
    operator,
    rival,
)
from tests.upstream.scripted import script, workspace

__all__ = [
    "acme",
    "alice",
    "api",
    "as_",
    "bob",
    "charlie",
    "dana",
    "design",
    "erin",
    "key_for",
    "lena",
    "operator",
    "rival",
    "script",
    "workspace",
]


def stay_at_home(event: str, arguments: tuple[Any, ...]) -> None:
    """Python tells its audit hooks before it opens a connection or asks for a name, so no library
    gets around this one. `pytest.fail` passes `except Exception`, which an OSError would not."""
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else ""
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if host and not is_here(host.decode() if isinstance(host, bytes) else host):
        pytest.fail(f"a test reached out to {host}")


@cache
def is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


sys.addaudithook(stay_at_home)


def empty_the_tables(case: TransactionTestCase) -> None:
    """Of those that hold rows alone. Django's own way empties every table and makes the permissions
    anew behind each test, which takes longer than most tests do."""
    full = tables_with_rows()
    guarded = append_only.GUARDED.keys() & full
    with connection.schema_editor() as schema:
        for table in guarded:
            append_only.lift(schema, table)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for table in full:
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")
    finally:
        with connection.schema_editor() as schema:
            for table in guarded:
                append_only.guard(schema, table)
    django_cache.clear()  # its table is no model's


def tables_with_rows() -> list[str]:
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    asked = [
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(table)})"
        for table in tables
        if table not in MIGRATED
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        return [table for (table,) in cursor.fetchall()]


MIGRATED = {"django_content_type", "auth_permission"}  # what `migrate` writes; no test does
TransactionTestCase._fixture_teardown = empty_the_tables


def find_static_files(middleware: ServeStaticMiddleware) -> None:
    """Once: every client of a test has middleware of its own, and none finds others."""
    if not static_files:
        find(middleware)
        static_files.append((middleware.files, middleware.directories))
    files, directories = static_files[0]
    middleware.files, middleware.directories = dict(files), list(directories)


static_files: list[tuple[dict[str, Any], list[Any]]] = []
find = ServeStaticMiddleware.add_files_from_finders
ServeStaticMiddleware.add_files_from_finders = find_static_files


def pytest_collection_finish() -> None:
    """What is there by now stays until the end: the collector need not look through it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def one_connection(request: pytest.FixtureRequest, settings: Any) -> None:
    marker = request.node.get_closest_marker("django_db")
    commits = marker and (marker.kwargs.get("transaction") or marker.args[:1] == (True,))
    if not commits and not {"transactional_db", "live_server"} & set(request.fixturenames):
        settings.TALE_DB_THREADS = 0


@pytest.fixture(autouse=True)
def empty_redis(settings: Any) -> Iterator[None]:
    """REDIS_URL of a test run names a database that is ours to empty."""
    yield
    if settings.REDIS_URL:
        redis_at(settings.REDIS_URL).flushdb()


@cache
def redis_at(url: str) -> "Redis":
    return Redis.from_url(url)
