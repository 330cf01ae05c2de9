"""Files, links to several records, and the words of fields in the search."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("processes", "0003_fields"),
        ("records", "0005_imports"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="record",
            name="words",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.RemoveIndex("record", "record_search"),
        migrations.RemoveField("record", "search"),
        migrations.AddField(
            "record",
            "search",
            models.GeneratedField(
                db_persist=True,
                expression=models.Func(
                    output_field=django.contrib.postgres.search.SearchVectorField(),
                    template="to_tsvector('simple'::regconfig, translate(lower(title || ' ' || words), 'ё«»„“”‘’‹›—–…№·•¿¡', 'е                 '))",
                ),
                output_field=django.contrib.postgres.search.SearchVectorField(),
            ),
        ),
        migrations.AddIndex(
            "record", django.contrib.postgres.indexes.GinIndex(fields=["search"], name="record_search")
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=255)),
                ("size", models.BigIntegerField()),
                ("content_type", models.CharField(max_length=100)),
                ("digest", models.CharField(max_length=64)),
                ("path", models.CharField(max_length=100, unique=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "field",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="processes.field"
                    ),
                ),
                (
                    "process",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="processes.process"
                    ),
                ),
                (
                    "record",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attachments",
                        to="records.record",
                    ),
                ),
                (
                    "uploader",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("record", None)), fields=["created_at"], name="attachment_loose")
                ],
            },
        ),
        migrations.CreateModel(
            name="Link",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "field",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="processes.field"
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="records.record"
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="records.record",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["target", "field", "source"], name="link_backwards")],
                "constraints": [models.UniqueConstraint(fields=("field", "source", "target"), name="link_once")],
            },
        ),
    ]
