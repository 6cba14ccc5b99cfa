from django.db import migrations

from tale.lib.append_only import guarding


class Migration(migrations.Migration):
    dependencies = [("policies", "0001_initial")]
    operations = [guarding("policies_entry")]
