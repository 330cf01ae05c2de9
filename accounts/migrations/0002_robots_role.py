"""The role under which automations act."""

from typing import Any

from django.db import migrations


def create(apps: Any, schema_editor: Any) -> None:
    """One built-in role; what it may do is set in every process's matrix."""
    apps.get_model("accounts", "Role").objects.get_or_create(
        key="robots", defaults={"name": "Robots", "position": 1000}
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
