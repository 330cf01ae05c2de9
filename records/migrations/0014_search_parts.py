"""Addresses and numbers are found by their parts: the generated search vector is made anew."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations, models

MARKS = "«»„“”‘’‹›—–…№·•¿¡@.+-_/:~<>&=?#"
TEMPLATE = (
    f"to_tsvector('simple'::regconfig, translate(lower(title || ' ' || words), 'ё{MARKS}', 'е{' ' * len(MARKS)}'))"
)


class Migration(migrations.Migration):
    dependencies = [("records", "0013_export_written")]
    operations = [
        migrations.RemoveIndex("record", "record_search"),
        migrations.RemoveField("record", "search"),
        migrations.AddField(
            "record",
            "search",
            models.GeneratedField(
                db_persist=True,
                expression=models.Func(
                    output_field=django.contrib.postgres.search.SearchVectorField(), template=TEMPLATE
                ),
                output_field=django.contrib.postgres.search.SearchVectorField(),
            ),
        ),
        migrations.AddIndex(
            "record", django.contrib.postgres.indexes.GinIndex(fields=["search"], name="record_search")
        ),
    ]
