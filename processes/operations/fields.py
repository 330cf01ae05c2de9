"""Making and changing fields."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import Conflict, Invalid, LimitReached
from core.text import check_key, clean_line, key_from
from events.publish import publish
from processes.drafts import FieldDraft
from processes.fieldtype import field_types
from processes.models import Field, Operation, Process
from processes.operations.changing import change_lock
from processes.permissions import access_for
from processes.storage import storage

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
        storage().add_field(process, field)
    publish("field.added", actor=actor, process_id=process.pk, data={"key": field.key, "type": field.type})
    return field


@transaction.atomic
def update_field(
    field: Field,
    *,
    actor: Actor,
    label: str,
    help: str = "",
    required: bool = False,
    on_card: bool = False,
    in_list: bool = True,
    settings: Mapping[str, Any] | None = None,
) -> Field:
    """Change a field's words, places and settings; its key and type stay. Writes `field.updated`.

    An option that records still use may not be taken away by this. Raises NotAllowed, Invalid.
    """
    process = field.process
    access_for(actor, process).require(Operation.DESIGN)
    with change_lock(process):
        before = {key: getattr(field, key) for key in ("label", "help", "required", "on_card", "in_list", "settings")}
        field.label = clean_line(label, field="label", limit=100)
        field.help = clean_line(help, field="help", limit=255, required=False)
        field.required, field.on_card, field.in_list = required, on_card, in_list
        if settings is not None:
            field.settings = field_types[field.type].clean_settings(settings, context=process)
        field.save(update_fields=["label", "help", "required", "on_card", "in_list", "settings"])
    changes = {key: (old, getattr(field, key)) for key, old in before.items() if old != getattr(field, key)}
    publish("field.updated", actor=actor, process_id=process.pk, changes=changes, data={"key": field.key})
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
    label = clean_line(draft.label, field="label", limit=100)
    if draft.type not in field_types:
        raise Invalid(_("There is no such field type."), {"type": [_("There is no such field type.")]})
    return Field(
        process=process,
        key=check_key(draft.key, taken=taken) if draft.key else key_from(label, taken=taken),
        label=label,
        type=draft.type,
        help=clean_line(draft.help, field="help", limit=255, required=False),
        required=draft.required,
        on_card=draft.on_card,
        in_list=draft.in_list,
        settings=field_types[draft.type].clean_settings(draft.settings, context=process),
    )
