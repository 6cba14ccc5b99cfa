from django.db import migrations

from tale.lib.append_only import guarding


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [guarding("accounts_auditline", "accounts_auditseal")]
