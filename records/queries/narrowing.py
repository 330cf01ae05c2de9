"""Narrowing records of one process: by a condition over its fields, by words of a title."""

from typing import Any

from django.db.models import F, Value
from django.db.models.lookups import Contains
from django.utils import timezone
from django.utils.translation import gettext as _

from expressions.conditions import Condition, to_q
from expressions.folding import Folded, folded
from expressions.schema import FieldSpec, Moment, Schema
from expressions.values import DATETIME, KINDS, PERSON, REFERENCE, TEXT
from processes.definition_types import Definition, FieldDef
from processes.permissions import Access


def filter_schema(definition: Definition) -> Schema:
    """What a condition over records of the process may speak of: base columns, then its fields."""
    stages = {stage.id: stage.name for stage in definition.stage_by_id.values()}
    return {
        "title": FieldSpec(TEXT, _("Title")),
        "stage": FieldSpec(REFERENCE, _("Stage"), stages),
        "assignee": FieldSpec(PERSON, _("Assignee")),
        "author": FieldSpec(PERSON, _("Author")),
        "created_at": FieldSpec(DATETIME, _("Created")),
        "updated_at": FieldSpec(DATETIME, _("Changed")),
        "stage_changed_at": FieldSpec(DATETIME, _("In this stage since")),
        **{field.key: _spec(field) for field in definition.fields},
    }


def filter_columns(definition: Definition) -> dict[str, str]:
    """Key → attribute of the typed model."""
    return {
        "title": "title",
        "stage": "stage_id",
        "assignee": "assignee_id",
        "author": "author_id",
        "created_at": "created_at",
        "updated_at": "updated_at",
        "stage_changed_at": "stage_changed_at",
        **{field.key: field.attname for field in definition.fields},
    }


def moment_of(access: Access) -> Moment:
    """Now, in the active time zone, for the access's actor."""
    return Moment(now=timezone.now(), zone=timezone.get_current_timezone(), me=access.actor.user_id)


def narrowed(rows: Any, access: Access, *, condition: Condition | None = None, search: str = "") -> Any:
    """The rows for which the condition holds and whose title has every word of the search in it."""
    if condition is not None and not condition.is_always:
        rows = rows.filter(to_q(condition, filter_columns(access.definition), moment_of(access)))
    for word in folded(search).split():
        rows = rows.filter(Contains(Folded(F("title")), Value(word)))
    return rows


def _spec(field: FieldDef) -> FieldSpec:
    options = field.settings.get("options")
    labels = {option["key"]: option["label"] for option in options} if options else None
    return FieldSpec(KINDS[field.type.kind], field.label, labels)
