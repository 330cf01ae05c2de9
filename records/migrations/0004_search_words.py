"""Quotation marks and dashes are no letters: the generated search vector is made anew."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations, models

MARKS = "«»„“”‘’‹›—–…№·•¿¡"
TEMPLATE = f"to_tsvector('simple'::regconfig, translate(lower(title), 'ё{MARKS}', 'е{' ' * len(MARKS)}'))"


class Migration(migrations.Migration):
    dependencies = [("records", "0003_idempotency")]
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
