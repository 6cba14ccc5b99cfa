"""Tables that can only be added to, by trigger, on both databases.

A line may go only when a seal covers it (`sealed_by`); a correction is a new line. Tests lift the
guard to empty the tables between two tests; nothing else may.
"""

from collections.abc import Callable

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

Step = Callable[[object, BaseDatabaseSchemaEditor], None]

GUARDED: dict[str, str] = {
    # table: the condition under which a line may be deleted
    "accounts_auditline": (
        "EXISTS (SELECT 1 FROM accounts_auditseal s"
        " WHERE s.chain = OLD.chain AND s.last_seq >= OLD.seq)"
    ),
    "accounts_auditseal": "1 = 0",
    "assistants_deletionproof": "1 = 0",
    "policies_entry": "1 = 0",
}


def guard(schema: BaseDatabaseSchemaEditor, table: str) -> None:
    vendor = schema.connection.vendor
    may_delete = GUARDED[table]
    if vendor == "sqlite":
        for event, condition in (("UPDATE", "1 = 1"), ("DELETE", f"NOT ({may_delete})")):
            schema.execute(
                f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
                f"WHEN {condition} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    schema.execute(
        f"CREATE OR REPLACE FUNCTION {table}_guard() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN IF TG_OP = 'DELETE' THEN IF {may_delete} THEN RETURN OLD; END IF; END IF; "
        f"RAISE EXCEPTION '{table} is append-only' "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    schema.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_guard()"
    )
    schema.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_guard()"
    )


def lift(schema: BaseDatabaseSchemaEditor, table: str) -> None:
    if schema.connection.vendor == "sqlite":
        for event in ("update", "delete"):
            schema.execute(f"DROP TRIGGER IF EXISTS {table}_no_{event}")
        return
    schema.execute(f"DROP FUNCTION IF EXISTS {table}_guard() CASCADE")


def guarding(*tables: str) -> migrations.RunPython:
    """The step of a migration that puts the guards on."""
    return migrations.RunPython(_put_on(tables), _take_off(tables), elidable=False)


def lifting(*tables: str) -> migrations.RunPython:
    """Before a step that changes such a table: SQLite makes it anew and loses its triggers. Its
    migration ends with `guarding`."""
    return migrations.RunPython(_take_off(tables), _put_on(tables), elidable=False)


def _put_on(tables: tuple[str, ...]) -> Step:
    def put_on(_apps: object, schema: BaseDatabaseSchemaEditor) -> None:
        for table in tables:
            guard(schema, table)

    return put_on


def _take_off(tables: tuple[str, ...]) -> Step:
    def take_off(_apps: object, schema: BaseDatabaseSchemaEditor) -> None:
        for table in tables:
            lift(schema, table)

    return take_off
