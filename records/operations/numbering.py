"""Numbers that records get when they are created."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from psycopg import sql

from processes.definition_types import Definition, FieldDef
from processes.field_types.auto_number import AutoNumberType
from records.typed import TypedRecord, sequence_name

_NEXT_GAPLESS = """
    INSERT INTO records_counter AS c (field_id, period, value) VALUES (%(field)s, %(period)s, %(start)s + %(count)s - 1)
    ON CONFLICT (field_id, period) DO UPDATE SET value = c.value + %(count)s RETURNING c.value
"""


def number_records(definition: Definition, rows: Sequence[TypedRecord], only: FieldDef | None = None) -> None:
    """Give new rows, in their order, the numbers of every field that has some, or of one: a statement each."""
    for its_field in definition.fields if only is None else (only,):
        if isinstance(its_field.type, AutoNumberType) and rows:
            _number(its_field, its_field.type, rows)


def _number(its_field: FieldDef, kind: AutoNumberType, rows: Sequence[TypedRecord]) -> None:
    zone = ZoneInfo(settings.TIME_ZONE)
    by_period: dict[str, list[tuple[TypedRecord, date]]] = {}
    for row in rows:
        day = row.created_at.astimezone(zone).date()
        period = f"{day.year:04}" if its_field.settings["yearly"] else ""
        by_period.setdefault(period, []).append((row, day))
    for period, dated in sorted(by_period.items()):
        for number, (row, day) in zip(_take(its_field, period, len(dated)), dated, strict=True):
            setattr(row, its_field.attname, kind.written(number, day, its_field))


def _take(its_field: FieldDef, period: str, count: int) -> Sequence[int]:
    """The next numbers. From a sequence they may leave gaps, and nobody waits."""
    with connection.cursor() as cursor:
        if its_field.settings["gapless"]:
            start = its_field.settings["start"]
            cursor.execute(_NEXT_GAPLESS, {"field": its_field.id, "period": period, "start": start, "count": count})
            last = cursor.fetchone()[0]
            return range(last - count + 1, last + 1)
        statement = sql.SQL("SELECT nextval({}) FROM generate_series(1, %s)").format(
            sql.Literal(sequence_name(its_field.id))
        )
        cursor.execute(statement, [count])
        return [row[0] for row in cursor.fetchall()]
