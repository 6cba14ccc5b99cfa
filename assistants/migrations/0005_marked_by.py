from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def move(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Out of the plan, where it was kept until now. What was deleted has no plan left."""
    rows = apps.get_model("assistants", "Artifact").objects.filter(origin="generated")
    for row in rows.only("parameters").iterator(chunk_size=500):
        if "marked_by" in row.parameters:
            row.marked_by = row.parameters.pop("marked_by")
            row.save(update_fields=["marked_by", "parameters"])


class Migration(migrations.Migration):
    dependencies = [("assistants", "0004_retention")]

    operations = [
        migrations.AddField(
            model_name="artifact",
            name="marked_by",
            field=models.CharField(blank=True, max_length=8),
        ),
        migrations.RunPython(move, migrations.RunPython.noop),
    ]
