"""A database that broke off says so in several ways; who asked hears one."""

from __future__ import annotations

import time

import pytest
from django.db import DatabaseError, connections, transaction

from tale.lib import env
from tale.lib.causes import refusal_of
from tests.lib.test_env import ADDRESS, opened

BREAKS = {
    "a transaction that slept": "SET LOCAL idle_in_transaction_session_timeout = 30",
    "a server that only reads": "SET LOCAL transaction_read_only = on",
    "a statement that took too long": "SET LOCAL statement_timeout = 30",
}


def broken_off(setting: str) -> None:
    with transaction.atomic("other"), connections["other"].cursor() as cursor:
        cursor.execute(setting)
        time.sleep(0.1)
        cursor.execute("CREATE TABLE slow AS SELECT pg_sleep(0.2)::text")


@pytest.mark.postgres
@pytest.mark.parametrize("what", BREAKS)
def test_it_does_not_answer(what: str, db: None) -> None:
    here = connections["default"].settings_dict
    parts = {key.lower(): here[key] for key in ("USER", "HOST", "PORT", "NAME")}
    connections["other"] = opened(env.database(ADDRESS.format(**parts, query=""), postgres_pool=1))
    try:
        with pytest.raises(DatabaseError) as broken:
            broken_off(BREAKS[what])
    finally:
        connections["other"].close()
        del connections["other"]
    told = refusal_of(broken.value)
    assert told is not None
    assert told.code == "database_unavailable"
