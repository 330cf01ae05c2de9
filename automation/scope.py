"""What conditions and texts of robots may speak of, and the plain values behind it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from automation.models import Robot, Run
from automation.moments import due_at
from expressions.conditions import Condition, parse_condition
from expressions.placeholders import Template, parse_template
from expressions.schema import FieldSpec, Schema, Scope
from expressions.values import DATE, DATETIME, INTEGER, PERSON, TEXT
from processes.conversion import read_past
from processes.definition_types import Definition, FieldDef
from processes.fieldtype import WrongValue
from processes.schema import schema_of
from records.conversion import Conversion, settled
from records.models import Task
from records.typed import TypedRecord

_BASE = ("title", "stage", "assignee", "author")
DATES = frozenset({"date", "datetime"})
"""Kinds of values that a delay can follow."""
TASK_FIELDS = {
    "tasks.open": FieldSpec(INTEGER, _("Open tasks")),
    "tasks.done": FieldSpec(INTEGER, _("Done tasks")),
}
"""What conditions may ask of a record's tasks: counts, read when an event is looked at."""
_CACHED = 2048


def zone() -> tzinfo:
    """The time zone in which automations read the clock."""
    return ZoneInfo(settings.TIME_ZONE)


def condition_schema(definition: Definition) -> Schema:
    """What a condition may ask: what an event's snapshot holds, and how many tasks there are."""
    return {**_snapshot_schema(definition), **TASK_FIELDS}


def text_schema(definition: Definition) -> Schema:
    """What a text may speak of: the record, names of its people, its address, the moment."""
    plain = dict(_snapshot_schema(definition))
    people = {key: spec for key, spec in plain.items() if spec.kind is PERSON}
    names = {f"{key}.name": FieldSpec(TEXT, spec.label) for key, spec in people.items()}
    stage = {"stage.name": FieldSpec(TEXT, _("Stage"))} if definition.has_stages else {}
    return {
        **plain,
        **names,
        "record.id": FieldSpec(INTEGER, _("Number of the record")),
        "record.url": FieldSpec(TEXT, _("Address of the card")),
        "process.name": FieldSpec(TEXT, _("Process")),
        **stage,
        "today": FieldSpec(DATE, _("Today")),
        "now": FieldSpec(DATETIME, _("Now")),
    }


def event_scope(
    definition: Definition, snapshot: Mapping[str, Any], changes: Mapping[str, Any], **moment: Any
) -> Scope:
    """The scope of an event: values as they were right after it, and what changed values were before."""
    values = _plain_values(definition, snapshot)
    before = _plain_values(definition, {key: pair[0] for key, pair in changes.items()})
    return Scope(values=values, before=before, **moment)


def scope_before(scope: Scope) -> Scope:
    """The scope of an event as it was right before it."""
    return replace(scope, values={**scope.values, **scope.before}, before={})


def with_tasks(scope: Scope, counts: Mapping[str, int]) -> Scope:
    """The scope with the counts of `tasks_of`."""
    return replace(scope, values={**scope.values, **counts})


def asks_of_tasks(condition: Condition) -> bool:
    """Whether a condition asks how many tasks there are."""
    return not condition.fields_used().isdisjoint(TASK_FIELDS)


def tasks_of(record_id: int) -> dict[str, int]:
    """How many tasks a record has, open and done. One query."""
    is_open = Q(done_at=None)
    return Task.objects.filter(record_id=record_id).aggregate(
        **{"tasks.open": Count("pk", filter=is_open), "tasks.done": Count("pk", filter=~is_open)}
    )


def date_field(definition: Definition, key: str) -> FieldDef | None:
    """The date or moment that delays can follow under this key; None when there is none (any more)."""
    field = definition.field_by_key.get(key)
    return field if field is not None and field.type.kind in DATES else None


def due_of(rule: Robot | Run, moment: Any) -> datetime | None:
    """When a robot, or a run of it, is due that follows this date or moment of its record."""
    return due_at(moment, seconds=rule.delay_seconds, at=rule.delay_time, zone=zone())


def record_scope(definition: Definition, row: TypedRecord, now: datetime) -> Scope:
    """The scope of a record as it is now, for texts. People are ids until `names_in` adds their names."""
    stage = row.stage
    values: dict[str, Any] = {
        "title": row.title,
        "stage": row.stage_id,
        "assignee": row.assignee_id,
        "author": row.author_id,
        "observers": row.observer_ids,
        "record.id": row.pk,
        "record.url": record_url(definition, row.pk),
        "process.name": definition.name,
        "stage.name": stage.name,
        "today": now.astimezone(zone()).date(),
        "now": now,
    }
    values |= {field.key: row.value(field) for field in definition.fields}
    return Scope(values=values, now=now, zone=zone())


def names_in(scope: Scope, keys: Iterable[str], definition: Definition) -> Scope:
    """The scope with the names of those people that a text speaks of; one query if there are any."""
    schema = condition_schema(definition)
    wanted = {base for key in keys if (base := key.removesuffix(".name")) in schema and schema[base].kind is PERSON}
    ids = {key: scope.values[key] for key in wanted if scope.values.get(key) is not None}
    if not ids:
        return scope
    names = dict(User.objects.filter(pk__in=set(ids.values())).values_list("pk", "name"))
    named: dict[str, Any] = {}
    for key, person_id in ids.items():
        name = names.get(person_id, f"#{person_id}")
        named |= {key: {"id": person_id, "name": name}, f"{key}.name": name}
    return replace(scope, values={**scope.values, **named})


def record_url(definition: Definition, record_id: int) -> str:
    """The address of a record's page."""
    return f"{settings.BASE_URL}/p/{definition.key}/records/{record_id}/"


def template_for(definition: Definition, source: str) -> Template:
    """The parsed text, cached by the definition's version. Raises InvalidExpression."""
    return _template(definition, source)


def condition_for(definition: Definition, tree: Mapping[str, Any] | None) -> Condition:
    """The parsed condition. Raises InvalidExpression."""
    return parse_condition(tree, condition_schema(definition))


def value_of_event(field: FieldDef, raw: Any) -> Any:
    """A value as an event told it. Where the field was of another type then, the value is converted as its record's
    was; empty where that cannot be."""
    try:
        return read_past(field, raw)
    except WrongValue:
        former = field.shadow
    if former is None:
        return None
    try:
        with settled():
            return Conversion(former, field).convert(read_past(former, raw))
    except WrongValue:
        return None


def _snapshot_schema(definition: Definition) -> Schema:
    known = schema_of(definition)
    return {key: known[key] for key in (*_BASE, *(field.key for field in definition.fields)) if key in known}


@lru_cache(maxsize=_CACHED)
def _template(definition: Definition, source: str) -> Template:
    return parse_template(source, text_schema(definition))


def _plain_values(definition: Definition, snapshot: Mapping[str, Any]) -> dict[str, Any]:
    fields = definition.field_by_key
    return {
        key: value_of_event(fields[key], raw) if key in fields else raw
        for key, raw in snapshot.items()
        if key in fields or key in _BASE
    }
