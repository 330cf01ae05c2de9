"""Rows that somebody else may change or remove at the same time, and changes that go one after another."""

from typing import TypeVar

from django.db import connection, models
from django.utils.translation import gettext as _

from core.errors import NotFound

Row = TypeVar("Row", bound=models.Model)


def present(row: Row, *related: str, held: bool = False) -> Row:
    """The row as it is now, read together with `related`: for use behind a lock, where what was read before it may be
    of yesterday. With `held` the row itself is the lock: nobody changes or removes it until the transaction ends.
    Raises NotFound where somebody has removed it.
    """
    rows = type(row)._default_manager.select_related(*related)
    if held:
        rows = rows.select_for_update(of=("self",), no_key=True)
    found = rows.filter(pk=row.pk).first()
    if found is None:
        raise NotFound(_("Somebody has removed this meanwhile."))
    return found


def in_turn(lock: int) -> None:
    """Wait until nobody else does what this lock stands for, and keep others waiting until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock])
