"""Typed tables get the index that lists of a department's records need, without blocking anybody."""

from typing import Any

from django.db import migrations


def add_indexes(apps: Any, schema_editor: Any) -> None:
    """`p<id>_department` on every typed table; one that a broken run left invalid is made anew."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT substring(tablename FROM 10)::bigint FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename ~ '^records_p[0-9]+$'"
        )
        for (process,) in cursor.fetchall():
            cursor.execute(
                "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = %s",
                [f"p{process}_department"],
            )
            found = cursor.fetchone()
            if found == (True,):
                continue
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS p{process}_department")
            cursor.execute(
                f"CREATE INDEX CONCURRENTLY p{process}_department ON records_p{process} (department_id, id)"
                " WHERE deleted_at IS NULL"
            )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("records", "0006_files_links_words")]
    operations = [migrations.RunPython(add_indexes, migrations.RunPython.noop)]
