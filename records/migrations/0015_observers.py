"""Catalogue and typed tables know who watches a record; the index is built without blocking anybody."""

from typing import Any

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


def add_columns(apps: Any, schema_editor: Any) -> None:
    """`observer_ids` and `p<id>_observers` on every typed table; an index that a broken run left invalid is made anew."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT substring(tablename FROM 10)::bigint FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename ~ '^records_p[0-9]+$'"
        )
        for (process,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE records_p{process} ADD COLUMN IF NOT EXISTS observer_ids bigint[]")
            cursor.execute(
                "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = %s",
                [f"p{process}_observers"],
            )
            if cursor.fetchone() == (True,):
                continue
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS p{process}_observers")
            cursor.execute(
                f"CREATE INDEX CONCURRENTLY p{process}_observers ON records_p{process} USING gin (observer_ids)"
                " WHERE deleted_at IS NULL AND observer_ids IS NOT NULL"
            )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("records", "0014_search_parts")]
    operations = [
        migrations.AddField(
            model_name="record",
            name="observer_ids",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), null=True, size=None),
        ),
        AddIndexConcurrently(
            model_name="record",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("deleted_at", None), ("observer_ids__isnull", False)),
                fields=["observer_ids"],
                name="record_observers",
            ),
        ),
        migrations.RunPython(add_columns, migrations.RunPython.noop),
    ]
