"""What an address of a database becomes."""

from __future__ import annotations

import pytest
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper

from tale.lib import env

ADDRESS = "postgres://{user}@{host}:{port}/{name}{query}"


@pytest.mark.postgres
@pytest.mark.parametrize(("query", "is_kept"), [("", True), ("?server_side_binding=off", False)])
def test_plans_are_kept_unless_a_pooler_forbids_it(query: str, is_kept: bool, db: None) -> None:
    here = connections["default"].settings_dict
    parts = {key.lower(): here[key] for key in ("USER", "HOST", "PORT", "NAME")}
    other = connections["default"].settings_dict | env.database(
        ADDRESS.format(**parts, query=query), postgres_pool=1
    )
    other["OPTIONS"].pop("pool")
    wrapper = DatabaseWrapper(other, alias="other")
    try:
        with wrapper.cursor() as cursor:
            for number in range(5):
                cursor.execute("SELECT %s::int", [number])
            cursor.execute("SELECT count(*) FROM pg_prepared_statements")
            assert bool(cursor.fetchone()[0]) == is_kept
    finally:
        wrapper.close()
