"""Series of numbers without gaps."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("processes", "0004_access"),
        ("records", "0007_department_index"),
    ]

    operations = [
        migrations.CreateModel(
            name="Counter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("period", models.CharField(blank=True, max_length=4)),
                ("value", models.BigIntegerField()),
                (
                    "field",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="processes.field"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("field", "period"), name="counter_once")],
            },
        ),
    ]
