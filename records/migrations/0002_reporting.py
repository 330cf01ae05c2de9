"""The schema with one readable view per process."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial")]
    operations = [migrations.RunSQL("CREATE SCHEMA IF NOT EXISTS reporting", "DROP SCHEMA reporting CASCADE")]
