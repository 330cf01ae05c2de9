"""Making and changing fields."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import Conflict, Invalid, LimitReached
from core.text import check_key, key_from
from events.publish import publish
from processes.definition import fresh_definition
from processes.drafts import FieldDraft
from processes.fieldtype import field_types
from processes.formulas import check_circles, check_same_kind
from processes.models import Field, Operation, Process, Section, Stage
from processes.operations.changing import change_lock
from processes.operations.checking import check_field
from processes.permissions import access_for
from processes.storage import storage

CHANGEABLE = (
    *("label", "labels", "help", "helps", "required", "required_from", "on_card", "in_list"),
    *("is_unique", "is_searchable", "default", "visible_if", "section", "settings"),
)
"""What can be said of a field beside its key and type."""
MOST_FIELDS = 500
"""PostgreSQL allows 1,600 columns; removed ones count until they are dropped."""


@transaction.atomic
def add_field(process: Process, draft: FieldDraft, *, actor: Actor) -> Field:
    """Add a field with its column; empty in every existing record. Writes `field.added`.

    Raises NotAllowed, Invalid, LimitReached, Conflict (the table is too busy to change now).
    """
    access_for(actor, process).require(Operation.DESIGN)
    with change_lock(process):
        count = Field.objects.filter(process=process).count()
        field = put_field(process, draft, position=count)
        check_circles(fresh_definition(process.pk))
        storage().add_field(process, field)
    publish("field.added", actor=actor, process_id=process.pk, data={"key": field.key, "type": field.type})
    return field


@transaction.atomic
def update_field(field: Field, *, changes: Mapping[str, Any], actor: Actor) -> Field:
    """Change a field's words, rules, places and settings (some of `CHANGEABLE`); its key and type stay.

    Writes `field.updated`. Raises NotAllowed, Invalid (messages per name).
    """
    process = field.process
    access_for(actor, process).require(Operation.DESIGN)
    if unknown := set(changes) - set(CHANGEABLE):
        raise Invalid(_("This cannot be changed."), {name: [_("This cannot be changed.")] for name in unknown})
    with change_lock(process):
        before = {name: getattr(field, name) for name in CHANGEABLE}
        for name, value in changes.items():
            setattr(field, name, value)
        check_field(field)
        check_same_kind(before["settings"].get("gives", ""), field.settings.get("gives", ""))
        field.save(update_fields=CHANGEABLE)
        check_circles(fresh_definition(process.pk))
        storage().refresh(process)
    changed = {name: (old, getattr(field, name)) for name, old in before.items() if old != getattr(field, name)}
    told = {name: (_told(old), _told(new)) for name, (old, new) in changed.items()}
    publish("field.updated", actor=actor, process_id=process.pk, changes=told, data={"key": field.key})
    return field


@transaction.atomic
def remove_field(field: Field, *, actor: Actor) -> Field:
    """Hide a field at once; its column and values stay until they are purged. Writes `field.removed`.

    The key is free again: another field of the same key gets a column of its own, without the old values.
    """
    process = field.process
    access_for(actor, process).require(Operation.DESIGN)
    if field.removed_at is not None:
        raise Conflict(_("The field is removed already."))
    with change_lock(process):
        field.removed_at = timezone.now()
        field.save(update_fields=["removed_at"])
        storage().refresh(process)
    publish("field.removed", actor=actor, process_id=process.pk, data={"key": field.key})
    return field


@transaction.atomic
def reorder_fields(process: Process, keys: Sequence[str], *, actor: Actor) -> None:
    """Put the fields in the order of `keys` (all of them, each once). Writes `field.reordered`. Raises Invalid."""
    access_for(actor, process).require(Operation.DESIGN)
    with change_lock(process):
        fields = {field.key: field for field in Field.objects.filter(process=process, removed_at=None)}
        if sorted(keys) != sorted(fields):
            raise Invalid(_("Name every field once."), {"keys": [_("Name every field once.")]})
        for position, key in enumerate(keys):
            fields[key].position = position
        Field.objects.bulk_update(fields.values(), ["position"])
        storage().refresh(process)
    publish("field.reordered", actor=actor, process_id=process.pk, data={"keys": list(keys)})


def put_field(process: Process, draft: FieldDraft, *, position: int) -> Field:
    """Check a draft and write its row; for use inside a change lock."""
    field = _checked(process, draft)
    field.position = position
    field.save()
    return field


def _checked(process: Process, draft: FieldDraft) -> Field:
    rows = Field.objects.filter(process=process)
    if rows.count() >= MOST_FIELDS:
        raise LimitReached(_("A process has at most %d fields.") % MOST_FIELDS)
    taken = set(rows.filter(removed_at=None).values_list("key", flat=True))
    if draft.type not in field_types:
        raise Invalid(_("There is no such field type."), {"type": [_("There is no such field type.")]})
    field = Field(process=process, type=draft.type)
    for name in CHANGEABLE:
        setattr(field, name, getattr(draft, name))
    check_field(field)
    field.key = check_key(draft.key, taken=taken) if draft.key else key_from(field.label, taken=taken)
    return field


def _told(value: Any) -> Any:
    """What an event keeps of a setting."""
    return value.pk if isinstance(value, Stage | Section) else value
