"""The counters are moved by the database itself: one round trip for any number of caps, each
locked in the order given. Reversible."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from tale.lib.append_only import guarding, lifting

FUNCTIONS = (
    """
    CREATE OR REPLACE FUNCTION policies_reserve(ids bigint[], asked bigint[], limits bigint[])
    RETURNS integer LANGUAGE plpgsql AS $$
    BEGIN
        FOR i IN 1 .. cardinality(ids) LOOP
            UPDATE policies_window SET reserved = reserved + asked[i]
            WHERE id = ids[i]
                AND (limits[i] IS NULL OR settled + reserved + asked[i] <= limits[i]);
            IF NOT FOUND THEN
                RETURN i - 1;
            END IF;
        END LOOP;
        RETURN cardinality(ids);
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION policies_move(ids bigint[], held bigint[], spent bigint[])
    RETURNS integer LANGUAGE plpgsql AS $$
    BEGIN
        FOR i IN 1 .. cardinality(ids) LOOP
            UPDATE policies_window
            SET reserved = reserved - held[i], settled = settled + spent[i]
            WHERE id = ids[i];
        END LOOP;
        RETURN cardinality(ids);
    END $$
    """,
)


def make(_apps: object, schema: BaseDatabaseSchemaEditor) -> None:
    if schema.connection.vendor == "postgresql":
        for function in FUNCTIONS:
            schema.execute(function)


def drop(_apps: object, schema: BaseDatabaseSchemaEditor) -> None:
    if schema.connection.vendor == "postgresql":
        for name in ("policies_reserve", "policies_move"):
            schema.execute(f"DROP FUNCTION IF EXISTS {name}(bigint[], bigint[], bigint[])")


class Migration(migrations.Migration):
    dependencies = [("policies", "0005_legal_holds")]
    operations = [
        migrations.AddField("rulebook", "edition", models.CharField(default="", max_length=32)),
        migrations.AddField(
            "budgetrule",
            "is_default",
            models.BooleanField(
                default=False,
                help_text="It yields to a rule that names one of them for the same thing.",
                verbose_name="only without a rule of their own",
            ),
        ),
        lifting("policies_entry"),
        migrations.AddField(
            "entry",
            "is_overrun",
            models.BooleanField(default=False, verbose_name="above its quote"),
        ),
        guarding("policies_entry"),
        migrations.RunPython(make, drop, elidable=False),
    ]
