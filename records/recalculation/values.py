"""What fields show of linked records: for a batch of records in a few statements, whatever they link to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, Max, Min, QuerySet, Sum
from django.utils import timezone

from expressions.conditions import to_q
from expressions.schema import Moment
from expressions.values import Money
from processes.computed_type import ComputedType
from processes.definition_types import FieldDef
from processes.field_types.lookup import LOOKUP
from processes.field_types.rollup import AVERAGE, COUNT, LEAST, MOST, SUM
from processes.relations import Reading
from processes.schema import columns_of
from records.models import Link
from records.typed import TypedRecord, model_for

Values = Mapping[int, Any]
"""Record id → value; what is not in it is what comes of no records."""


def linked_values(reading: Reading, rows: Sequence[TypedRecord]) -> dict[int, Any]:
    """What the field of a reading says for each of the rows, as its column holds it. Two statements at most."""
    if reading.source.is_backwards and reading.link.type.kind == "reference":
        found: Values = _grouped(reading, [row.pk for row in rows])
    else:
        found = _gathered(reading, _targets(reading, rows))
    assert isinstance(reading.field.type, ComputedType)
    nothing = reading.field.type.of_nothing(reading.field)
    return {row.pk: _fitted(reading, found.get(row.pk, nothing)) for row in rows}


def _readable(reading: Reading) -> QuerySet[Any]:
    """The records that count: not in the bin, and the condition holds."""
    rows = model_for(reading.other).objects.filter(deleted_at=None)
    if reading.condition is None:
        return rows
    moment = Moment(now=timezone.now(), zone=timezone.get_default_timezone(), me=None)
    return rows.filter(to_q(reading.condition, columns_of(reading.other), moment))


def _targets(reading: Reading, rows: Sequence[TypedRecord]) -> dict[int, Sequence[int]]:
    """Which records each of the rows is linked to."""
    if not reading.source.is_backwards:
        return {row.pk: reading.link.type.ids_in(row.value(reading.link)) for row in rows}
    found: dict[int, Sequence[int]] = {}
    links = Link.objects.filter(field=reading.link.id, target__in=[row.pk for row in rows])
    for target, source in links.values_list("target_id", "source_id"):
        found[target] = [*found.get(target, ()), source]
    return found


def _gathered(reading: Reading, targets: Mapping[int, Iterable[int]]) -> Values:
    """Values of the linked records, read once, and put together here."""
    wanted = {pk for ids in targets.values() for pk in ids}
    shown = reading.shown
    attributes = shown.attributes if shown is not None else ()
    known = {
        pk: shown.type.join(parts) if shown is not None else None
        for pk, *parts in _readable(reading).filter(pk__in=wanted).values_list("pk", *attributes)
    }
    found: dict[int, Any] = {}
    for pk, ids in targets.items():
        values = [known[target] for target in ids if target in known]
        found[pk] = len(values) if reading.function == COUNT else _GATHER[reading.function](_filled(values))
    return {pk: value for pk, value in found.items() if value is not None}


def _filled(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if value is not None]


def _total(values: list[Any]) -> Any:
    return _as_money(values, sum) if _is_money(values) else sum(values, start=0) if values else None


def _least(values: list[Any]) -> Any:
    return _as_money(values, min) if _is_money(values) else min(values, default=None)


def _most(values: list[Any]) -> Any:
    return _as_money(values, max) if _is_money(values) else max(values, default=None)


def _average(values: list[Any]) -> Any:
    return _as_money(values, _mean) if _is_money(values) else _mean(values) if values else None


def _mean(values: Iterable[Any]) -> Decimal:
    numbers = [Decimal(value) for value in values]
    return sum(numbers, start=Decimal()) / len(numbers)


def _is_money(values: list[Any]) -> bool:
    return bool(values) and isinstance(values[0], Money)


def _as_money(values: list[Money], made: Callable[[Iterable[Decimal]], Any]) -> Money | None:
    """Amounts of one currency together; nothing of several, for there is no such amount."""
    currencies = {value.currency for value in values}
    return Money(made([value.amount for value in values]), currencies.pop()) if len(currencies) == 1 else None


_GATHER: Mapping[str, Callable[[list[Any]], Any]] = {
    LOOKUP: lambda values: values[0] if values else None,
    SUM: _total,
    LEAST: _least,
    MOST: _most,
    AVERAGE: _average,
}
_AGGREGATES = {SUM: Sum, LEAST: Min, MOST: Max, AVERAGE: Avg}


def _grouped(reading: Reading, ids: Sequence[int]) -> Values:
    """The same by the database, for links that are a column: a record may be named by a million others."""
    owner = reading.link.attname
    rows = _readable(reading).filter(**{f"{owner}__in": ids}).order_by().values(owner)
    if reading.shown is None:
        return dict(rows.annotate(result=Count("pk")).values_list(owner, "result"))
    column, *currency = reading.shown.attributes
    result = rows.annotate(result=_AGGREGATES[reading.function](column))
    if not currency:
        return {pk: value for pk, value in result.values_list(owner, "result") if value is not None}
    (code,) = currency
    found = result.exclude(**{column: None}).annotate(first=Min(code), last=Max(code))
    return {
        pk: Money(value, first)
        for pk, value, first, last in found.values_list(owner, "result", "first", "last")
        if first == last
    }


def _fitted(reading: Reading, value: Any) -> Any:
    """A value as the column holds it; a lookup's is a value already."""
    field: FieldDef = reading.field
    if reading.function == LOOKUP or value is None:
        return value
    assert isinstance(field.type, ComputedType)
    if field.type.plain_key == "number":
        value = round(Decimal(value), field.settings.get("decimals", 2))
    if isinstance(value, Money):
        value = {"amount": round(value.amount, 2), "currency": value.currency}
    return field.type.fitted(value, field)
