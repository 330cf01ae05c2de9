"""Fields get their settings: words in other languages, required from a stage, unique, default, sections; jobs."""

import django.db.models.deletion
import django.db.models.functions.datetime
import django_fsm
from django.conf import settings
from django.db import migrations, models

TO_WORDS = (
    "ALTER TABLE processes_field ALTER COLUMN required TYPE varchar(6)"
    " USING CASE WHEN required THEN 'always' ELSE 'never' END"
)
TO_BOOLEAN = "ALTER TABLE processes_field ALTER COLUMN required TYPE boolean USING required = 'always'"


class Migration(migrations.Migration):
    dependencies = [
        ("processes", "0002_version_and_lock"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FieldJob",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("add", "Adding"),
                            ("fill", "Filling in"),
                            ("index", "Indexing"),
                            ("convert", "Converting"),
                            ("purge", "Deleting for good"),
                        ],
                        max_length=7,
                    ),
                ),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("working", "Working"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="waiting",
                        max_length=50,
                        protected=True,
                    ),
                ),
                ("position", models.BigIntegerField(default=0)),
                ("total", models.BigIntegerField(default=0)),
                ("done", models.BigIntegerField(default=0)),
                ("problems", models.BigIntegerField(default=0)),
                ("error", models.TextField(blank=True)),
                ("lease", models.UUIDField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("turn_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("crashes", models.SmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="Section",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("label", models.CharField(max_length=100)),
                ("labels", models.JSONField(default=dict)),
                ("position", models.IntegerField(default=0)),
            ],
            options={
                "ordering": ["position", "id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="field",
            name="field_key_unique",
        ),
        migrations.AddField(
            model_name="field",
            name="default",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="field",
            name="helps",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="field",
            name="is_searchable",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="field",
            name="is_unique",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="field",
            name="labels",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="field",
            name="required_from",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="processes.stage"
            ),
        ),
        migrations.AddField(
            model_name="field",
            name="shadow_of",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="shadow", to="processes.field"
            ),
        ),
        migrations.AddField(
            model_name="field",
            name="state",
            field=django_fsm.FSMField(
                choices=[("adding", "Being added"), ("filling", "Being filled"), ("ready", "Ready")],
                default="ready",
                max_length=50,
                protected=True,
            ),
        ),
        migrations.AddField(
            model_name="field",
            name="visible_if",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="process",
            name="has_stages",
            field=models.BooleanField(default=True),
        ),
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(TO_WORDS, TO_BOOLEAN)],
            [
                migrations.AlterField(
                    "field",
                    "required",
                    models.CharField(
                        choices=[("never", "Never"), ("always", "Always"), ("stage", "From a stage on")],
                        default="never",
                        max_length=6,
                    ),
                )
            ],
        ),
        migrations.AddField(
            model_name="fieldjob",
            name="field",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="jobs", to="processes.field"
            ),
        ),
        migrations.AddField(
            model_name="fieldjob",
            name="user",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="section",
            name="process",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="sections", to="processes.process"
            ),
        ),
        migrations.AddField(
            model_name="field",
            name="section",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="fields", to="processes.section"
            ),
        ),
        migrations.AddConstraint(
            model_name="field",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at", None), ("shadow_of", None)),
                fields=("process", "key"),
                name="field_key_unique",
            ),
        ),
        migrations.AddIndex(
            model_name="fieldjob",
            index=models.Index(
                condition=models.Q(("state__in", ["waiting", "working"])), fields=["turn_at"], name="field_job_working"
            ),
        ),
    ]
