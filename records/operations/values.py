"""What the values of a record must obey: they are read, known, complete; and what a new record begins with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import Invalid, Text
from core.text import clean_line
from processes.definition_types import FieldDef, StageDef
from processes.field_types.people import OBSERVERS_FIELD
from processes.field_types.person import PERSON_FIELD
from processes.fieldtype import WrongValue
from processes.permissions import Access
from records.asking import asking
from records.conversion import Conversion, settled
from records.operations.references import unknown_in
from records.operations.writing import Writing
from records.typed import TypedRecord

TITLE_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Checked values on their way to a record: of the base columns by attribute, and of fields."""

    base: dict[str, Any] = field(default_factory=dict)
    values: dict[FieldDef, Any] = field(default_factory=dict)

    def over(self, other: "Cleaned") -> "Cleaned":
        """These values, and those of the other where these say nothing."""
        return Cleaned({**other.base, **self.base}, {**other.values, **self.values})

    def put_on(self, row: TypedRecord) -> list[str]:
        """Set them on a row, unsaved; the attributes touched."""
        attributes = dict(self.base)
        for its_field, value in self.values.items():
            attributes |= its_field.stored(value)
        attributes |= self._in_other_form(row)
        for name, value in attributes.items():
            setattr(row, name, value)
        return list(attributes)

    def _in_other_form(self, row: TypedRecord) -> dict[str, Any]:
        """What changes of fields whose type changes, or has changed, as their shadows hold it.

        A value that stays leaves its shadow alone: the way back leads to the very value there was.
        """
        found: dict[str, Any] = {}
        for its_field, value in self.values.items():
            if its_field.shadow is not None and value != row.value(its_field):
                with settled():
                    found |= Conversion(its_field, its_field.shadow).stored(value)
        return found


def clean_values(
    writing: Writing, values: Mapping[str, Any], row: TypedRecord | None = None, *, begins: StageDef | None = None
) -> Cleaned:
    """The base keys `title`, `assignee` and `observers` and the field keys in `values`, checked for a record, or for a
    new one that `begins` in a stage. Without either nobody is asked for rights to fields: the product itself writes.

    Raises Invalid naming every key that is unknown, that the actor may not write, or whose value is wrong.
    """
    fields = writing.definition.field_by_key
    cleaned = Cleaned()
    problems: dict[str, list[Text]] = {}
    for key, raw in values.items():
        try:
            if key == "title":
                title = "" if raw is None else raw
                cleaned.base["title"] = clean_line(title, field="title", limit=TITLE_LIMIT, required=False)
            elif key == "assignee":
                cleaned.base["assignee_id"] = PERSON_FIELD.type.parse(raw, PERSON_FIELD)
            elif key == "observers":
                cleaned.base["observer_ids"] = OBSERVERS_FIELD.type.parse(raw, OBSERVERS_FIELD)
            elif key not in fields or not _may_know(writing.access, fields[key], row, begins):
                problems[key] = [_("There is no such field.")]
            elif fields[key].type.is_computed:
                problems[key] = [_("This value is computed; it cannot be written.")]
            elif not _may_write(writing.access, fields[key], row, begins):
                problems[key] = [writing.access.why_not_edited(fields[key], row.stage_id if row is not None else None)]
            else:
                cleaned.values[fields[key]] = _parsed(fields[key], raw, row)
        except WrongValue as error:
            problems[key] = [error.message]
        except Invalid as error:
            problems[key] = error.fields.get(key, [error.message])
    problems |= {key: [message] for key, message in _unknown(writing, cleaned, row)}
    if problems:
        raise Invalid(_("Some values are wrong."), problems)
    return cleaned


def _may_know(access: Access, its_field: FieldDef, row: TypedRecord | None, begins: StageDef | None) -> bool:
    """Whether there is such a field at all for the actor: a hidden one answers like one that does not exist."""
    if row is not None:
        return access.reads(its_field, row)
    return begins is None or access.fills(its_field, begins.id) or its_field in access.readable_fields


def _may_write(access: Access, its_field: FieldDef, row: TypedRecord | None, begins: StageDef | None) -> bool:
    if row is not None:
        return access.edits(its_field, row)
    return begins is None or access.fills(its_field, begins.id)


def _parsed(its_field: FieldDef, raw: Any, row: TypedRecord | None) -> Any:
    value = its_field.type.parse(raw, its_field)
    if value is not None:
        its_field.type.refuse_new(value, None if row is None else row.value(its_field), its_field)
    return value


def defaults_for(writing: Writing, given: Mapping[str, Any]) -> dict[str, Any]:
    """Key → JSON value of what a new record begins with, for the fields that the caller says nothing about."""
    found: dict[str, Any] = {}
    for its_field in writing.definition.fields:
        if its_field.default is not None and its_field.key not in given:
            found[its_field.key] = default_of(its_field, me=writing.actor.user_id)
    return {key: value for key, value in found.items() if value is not None}


def default_of(its_field: FieldDef, *, me: int | None) -> Any:
    """The JSON value of a field's default, right now and for somebody; None where it has none."""
    default = its_field.default or {}
    if default.get("now"):
        now = timezone.localtime()
        return now.date().isoformat() if its_field.type.kind == "date" else now.isoformat(timespec="minutes")
    if default.get("me"):
        return [me] if its_field.type.kind == "people" and me is not None else me
    return default.get("constant")


def asked_of(writing: Writing, row: TypedRecord) -> Callable[[FieldDef], bool]:
    """Whether a field is asked of a record: its condition holds there."""
    return asking(writing.definition, row, me=writing.actor.user_id)


def _unknown(writing: Writing, cleaned: Cleaned, row: TypedRecord | None) -> list[tuple[str, str]]:
    """Keys whose values name rows that may not be named, with what to say."""
    named: list[tuple[FieldDef, Any, Any]] = []
    if (assignee := cleaned.base.get("assignee_id")) is not None:
        named.append((PERSON_FIELD, assignee, row.assignee_id if row is not None else None))
    if watching := cleaned.base.get("observer_ids"):
        named.append((OBSERVERS_FIELD, watching, row.observer_ids if row is not None else None))
    for its_field, value in cleaned.values.items():
        if its_field.type.refers and value is not None:
            named.append((its_field, value, row.value(its_field) if row is not None else None))
    return unknown_in(writing, named, row) if named else []
