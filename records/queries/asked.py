"""Which questions are asked of a record, and which must be answered: what forms show while they are filled in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from core.errors import Invalid
from processes.definition_types import FieldDef, StageDef
from processes.field_types.person import PERSON_FIELD
from processes.fieldtype import WrongValue
from processes.permissions import Access
from records.asking import asking
from records.operations.computed import compute
from records.typed import TypedRecord, model_for


@dataclass(frozen=True, slots=True)
class Asked:
    """Keys of the fields that are asked, and of those among them whose answer is required."""

    asked: frozenset[str]
    required: frozenset[str]


def asked_of_row(access: Access, row: TypedRecord, stage: StageDef) -> Asked:
    """What is asked of a record, and what is required of it in a stage; of the fields that it shows."""
    return _asked(access, row, stage, access.fields_of(row))


def asked_of_draft(access: Access, raw: Mapping[str, Any], stage: StageDef) -> Asked:
    """The same for a record that is being described: `raw` is what was typed so far, by key. What cannot be read
    yet counts as empty."""
    now, me = timezone.now(), access.actor.user_id
    row = model_for(access.definition)(
        title=str(raw.get("title") or ""),
        assignee_id=_read(PERSON_FIELD, raw["assignee"]) if "assignee" in raw else me,
        author_id=me,
        pipeline_id=stage.pipeline_id,
        stage_id=stage.id,
        created_at=now,
        updated_at=now,
        stage_changed_at=now,
    )
    filled = fillable_fields(access, stage)
    for field in filled:
        for name, part in field.stored(_read(field, raw.get(field.key))).items():
            setattr(row, name, part)
    compute(access.definition, row)
    return _asked(access, row, stage, filled)


def fillable_fields(access: Access, stage: StageDef) -> tuple[FieldDef, ...]:
    """The fields that the form of a new record has in a stage."""
    return tuple(f for f in access.definition.fields if not f.type.is_computed and access.fills(f, stage.id))


def _asked(access: Access, row: TypedRecord, stage: StageDef, fields: Iterable[FieldDef]) -> Asked:
    is_asked = asking(access.definition, row, me=access.actor.user_id)
    asked = frozenset(field.key for field in fields if is_asked(field))
    required = {field.key for field in access.definition.required_in(stage)}
    return Asked(asked, asked & required)


def _read(field: FieldDef, raw: Any) -> Any:
    try:
        return field.type.parse(raw, field)
    except (WrongValue, Invalid):
        return None
