"""Which questions are asked of a record, and which must be answered: what forms show while they are filled in."""

from collections.abc import Mapping
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
from records.queries.filters import readable_fields
from records.typed import TypedRecord, model_for


@dataclass(frozen=True, slots=True)
class Asked:
    """Keys of the fields that are asked, and of those among them whose answer is required."""

    asked: frozenset[str]
    required: frozenset[str]


def asked_of_row(access: Access, row: TypedRecord, stage: StageDef) -> Asked:
    """What is asked of a record, and what is required of it in a stage; of the fields that the access may read."""
    is_asked = asking(access.definition, row, me=access.actor.user_id)
    asked = frozenset(field.key for field in readable_fields(access) if is_asked(field))
    required = {field.key for field in access.definition.required_in(stage)}
    return Asked(asked, asked & required)


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
    for field in readable_fields(access):
        if not field.type.is_computed:
            for name, part in field.stored(_read(field, raw.get(field.key))).items():
                setattr(row, name, part)
    compute(access.definition, row)
    return asked_of_row(access, row, stage)


def _read(field: FieldDef, raw: Any) -> Any:
    try:
        return field.type.parse(raw, field)
    except (WrongValue, Invalid):
        return None
