"""The sequence of definition versions, and the function that locks a process and reads its version afterwards."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION smartcrm_lock_process(lock_class integer, process bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(lock_class, process::integer);
    RETURN (SELECT p.version FROM processes_process p WHERE p.id = process);
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("processes", "0001_initial")]
    operations = [
        migrations.RunSQL("CREATE SEQUENCE processes_version_seq", "DROP SEQUENCE processes_version_seq"),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION smartcrm_lock_process(integer, bigint)"),
    ]
