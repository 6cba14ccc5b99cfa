"""What an address of a database becomes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend

from tale.lib import env

ADDRESS = "postgres://{user}@{host}:{port}/{name}{query}"


def opened(settings: dict[str, Any]) -> BaseDatabaseWrapper:
    whole = connections["default"].settings_dict | settings
    whole["OPTIONS"].pop("pool", None)
    wrapper: BaseDatabaseWrapper = load_backend(whole["ENGINE"]).DatabaseWrapper(whole, "other")
    return wrapper


@pytest.mark.postgres
@pytest.mark.parametrize(("query", "is_kept"), [("", True), ("?server_side_binding=off", False)])
def test_plans_are_kept_unless_a_pooler_forbids_it(query: str, is_kept: bool, db: None) -> None:
    here = connections["default"].settings_dict
    parts = {key.lower(): here[key] for key in ("USER", "HOST", "PORT", "NAME")}
    wrapper = opened(env.database(ADDRESS.format(**parts, query=query), postgres_pool=1))
    try:
        with wrapper.cursor() as cursor:
            for number in range(5):
                cursor.execute("SELECT %s::int", [number])
            cursor.execute("SELECT count(*) FROM pg_prepared_statements")
            assert bool(cursor.fetchone()[0]) == is_kept
    finally:
        wrapper.close()


def test_what_is_deleted_is_not_left_in_the_file(tmp_path: Path, db: None) -> None:
    file = tmp_path / "some.sqlite3"
    wrapper = opened(env.database(f"sqlite:///{file}", postgres_pool=1))
    try:
        with wrapper.cursor() as cursor:
            cursor.execute("CREATE TABLE said (words text)")
            cursor.execute("INSERT INTO said VALUES ('a purplewhale'), ('a fox')")
            cursor.execute("DELETE FROM said WHERE words = 'a purplewhale'")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        wrapper.close()
    assert b"fox" in file.read_bytes()
    assert b"purplewhale" not in file.read_bytes()
