"""Values that no two records may share: looked at before a write, and kept apart by an index at last."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Count, Q, Window
from django.utils.translation import gettext as _

from core.errors import Invalid
from processes.definition_types import Definition, FieldDef
from records.operations.passing import is_told
from records.operations.writing import Writing
from records.typed import TypedRecord, model_for


def require_unique(writing: Writing, row: TypedRecord, fields: Iterable[FieldDef] | None = None) -> None:
    """Raise Invalid where a record that is not in the bin has the same value as a row about to be written.

    One query for all fields; none where none is unique. The words tell nothing of the other record: one may not be
    allowed to see it.
    """
    asked = [f for f in fields or writing.definition.fields if f.is_unique and row.value(f) is not None]
    taken = taken_by_others(writing.definition, row, asked) if asked else []
    if row.pk is None:
        mine = {f: (f.id, f.type.compared_value(row.value(f))) for f in asked}
        taken += [f for f, value in mine.items() if value in writing.drafted and f not in taken]
        writing.drafted.update(mine.values())
    if taken:
        # A record may come out of the bin with values that it does not show.
        told = [f for f in taken if is_told(writing.access, f, row)]
        raise Invalid(_("Some values are taken."), {f.key: [_("Another record has this value.")] for f in told})


def taken_by_others(definition: Definition, row: TypedRecord, fields: Sequence[FieldDef]) -> list[FieldDef]:
    """Those of the fields whose value another record has."""
    model = model_for(definition)
    others = model.objects.filter(deleted_at=None).exclude(pk=row.pk)
    same = {f"f{f.id}_same": f for f in fields}
    values = {name: f.type.compared_value(row.value(f)) for name, f in same.items()}
    found = others.alias(**{name: f.type.compared(f) for name, f in same.items()})
    anyone = Q()
    for name, value in values.items():
        anyone |= Q(**{name: value})
    rows = list(found.annotate(**{f"is_{n}": f.type.compared(f) for n, f in same.items()}).filter(anyone).values()[:50])
    return [f for name, f in same.items() if any(row_[f"is_{name}"] == values[name] for row_ in rows)]


def duplicates(definition: Definition, field: FieldDef, *, limit: int) -> list[int]:
    """Ids of records that share their value with another one."""
    live = model_for(definition).objects.filter(deleted_at=None, **{f"{field.attname}__isnull": False})
    counted = live.annotate(same=Window(Count("pk"), partition_by=[field.type.compared(field)]))
    found: Any = counted.filter(same__gt=1).order_by("pk").values_list("pk", flat=True)[:limit]
    return list(found)
