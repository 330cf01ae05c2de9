"""A grant may hold in one stage only; scopes of departments."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_departments_letters_sessions"),
        ("processes", "0003_fields"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="grant",
            name="grant_unique",
        ),
        migrations.RemoveConstraint(
            model_name="grant",
            name="grant_grants_something",
        ),
        migrations.AddField(
            model_name="grant",
            name="stage",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="grants", to="processes.stage"
            ),
        ),
        migrations.AlterField(
            model_name="grant",
            name="scope",
            field=models.SmallIntegerField(
                choices=[(0, "Nobody's"), (1, "Own"), (3, "Department"), (4, "Department and below"), (5, "All")]
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.UniqueConstraint(
                fields=("role", "process", "operation", "stage"), name="grant_unique", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(("scope__gt", 0), models.Q(("stage", None), _negated=True), _connector="OR"),
                name="grant_grants_something",
            ),
        ),
    ]
