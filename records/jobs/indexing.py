"""Indexes of fields, built while the process is used."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from core.errors import Conflict
from processes.definition import definition_of
from processes.definition_types import Definition, FieldDef
from processes.models import Field, FieldJob
from processes.operations.changing import Busy, change_lock
from records.jobs.held import end, held_job
from records.operations.uniqueness import duplicates
from records.tables import build_field_indexes, build_unique_index, drop_unique_index

SHOWN = 10
LOCK_CLASS = 7302
"""First half of the key of the advisory lock on an index; the second is the field's id."""


def index_values(job: FieldJob) -> bool:
    """Build what belongs to the field, outside a transaction; where values repeat, the field is not unique after all.

    Raises Conflict, naming records, for values that repeat.
    """
    definition = definition_of(job.field.process_id)
    field = definition.field_by_id.get(job.field_id)
    if field is not None:
        with _alone(job.field_id), _as_long_as_it_takes():
            _build(job, definition, field)
    with transaction.atomic():
        if (held := held_job(job)) is not None:
            end(held)
    return False


def _build(job: FieldJob, definition: Definition, field: FieldDef) -> None:
    build_field_indexes(definition, field)
    if not field.is_unique:
        drop_unique_index(definition.id, field.id)
        return
    try:
        build_unique_index(definition, field)
    except IntegrityError as error:
        drop_unique_index(definition.id, field.id)
        _give_up(job)
        found = duplicates(definition, field, limit=SHOWN)
        numbers = ", ".join(f"#{number}" for number in found)
        raise Conflict(_("Values repeat, for example in the records %s.") % numbers, records=found) from error


@contextmanager
def _alone(field_id: int) -> Iterator[None]:
    """One builder for each field while its connection lives: an index takes longer than a lease. Raises Busy."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_CLASS, field_id])
        if cursor.fetchone() != (True,):
            raise Busy(_("Another worker builds this index."))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, field_id])


@contextmanager
def _as_long_as_it_takes() -> Iterator[None]:
    """Without the time limits of ordinary statements: an index of a million records takes minutes, and waits."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET lock_timeout = 0")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET statement_timeout")
            cursor.execute("RESET lock_timeout")


@transaction.atomic
def _give_up(job: FieldJob) -> None:
    field = Field.objects.select_related("process").get(pk=job.field_id)
    with change_lock(field.process):
        field.is_unique = False
        field.save(update_fields=["is_unique"])
