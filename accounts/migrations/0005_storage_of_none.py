import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_public_statements"),
    ]

    operations = [
        migrations.AlterField(
            model_name="organisation",
            name="storage_mib",
            field=models.PositiveIntegerField(
                default=2048,
                help_text="What a person uploads counts. When it is full, they delete or you give more. "
                "0: none, so nothing can be uploaded.",
                validators=[django.core.validators.MaxValueValidator(1048576)],
                verbose_name="storage for each person, in MiB",
            ),
        ),
    ]
