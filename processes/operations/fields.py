"""Making and changing fields."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.actor import SYSTEM, Actor
from core.errors import Conflict, Invalid, LimitReached, NotAllowed
from core.text import check_key, key_from
from events.publish import publish
from processes.definition import field_def, fresh_definition
from processes.definition_types import Definition
from processes.drafts import FieldDraft
from processes.fieldtype import field_types
from processes.formulas import check_circles, check_same_kind, formulas_of
from processes.models import Field, FieldJob, Operation, Process, Section, Stage
from processes.operations.changing import Busy, change_lock, renew_versions
from processes.operations.checking import check_field
from processes.permissions import Access, access_for
from processes.queries import field_uses
from processes.relations import LINKED, check_linked_circles, readers_of
from processes.storage import storage

CHANGEABLE = (
    *("label", "labels", "help", "helps", "required", "required_from", "on_card", "in_list"),
    *("is_unique", "is_searchable", "default", "visible_if", "section", "settings"),
)
"""What can be said of a field beside its key and type."""
KEPT_DAYS = 30
"""How long a removed field can be restored."""
MOST_FIELDS = 500
"""PostgreSQL allows 1,600 columns; removed ones count until they are dropped."""


class InUse(Conflict):
    """Something else speaks of the field."""

    code: ClassVar[str] = "in_use"


@transaction.atomic
def add_field(process: Process, draft: FieldDraft, *, actor: Actor) -> Field:
    """Add a field with its column; empty in every existing record. Writes `field.added`.

    Where the table is in heavy use the field stays in the state *adding*, and a job goes on trying; what existing
    records must get is filled in by a job too. Raises NotAllowed, Invalid, LimitReached, Busy.
    """
    access = access_for(actor, process)
    access.require(Operation.DESIGN)
    field = _fitting(process, draft, access)
    with change_lock(process) as version:
        if version != access.definition.version:
            field = _fitting(process, draft, access_for(actor, fresh_definition(process.pk)))
        field.position = Field.objects.filter(process=process).count()
        field.save()
        if field.type in LINKED:  # Which fields read linked records is read from the rows.
            _check_circles(_with(fresh_definition(process.pk), field))
        try:
            with transaction.atomic():
                storage().add_field(process, field)
                settle_field(process, field, user_id=actor.user_id)
        except Busy:
            field.refresh_from_db()
            begin_job(field, FieldJob.Kind.ADD, user_id=actor.user_id)
    publish("field.added", actor=actor, process_id=process.pk, data={"key": field.key, "type": field.type})
    return field


def settle_field(process: Process, field: Field, *, user_id: int | None) -> None:
    """The column of a new field is there: it joins the definition; what is left to do is left to jobs.

    For use inside a change lock.
    """
    kind = field_types[field.type]
    if kind.is_computed and storage().has_records(process):
        field.begin_filling()
        begin_job(field, FieldJob.Kind.FILL, user_id=user_id)
    else:
        field.make_ready()
    field.save(update_fields=["state"])
    if storage().wants_index(field):
        begin_job(field, FieldJob.Kind.INDEX, user_id=user_id)
    refill_readers(process, field, user_id=user_id)
    storage().refresh(process)


def refill_readers(process: Process, field: Field, *, user_id: int | None) -> None:
    """Formulas speak of a field that came (back): they were broken until now, so existing records get their values.

    One job is enough: it computes all formulas of every record.
    """
    for linked in readers_of([field.pk]):
        begin_job(linked, FieldJob.Kind.FILL, user_id=user_id)
    formulas = formulas_of(fresh_definition(process.pk))
    ids = [reader.id for reader, formula in formulas if field.key in formula.fields_used]
    reader = Field.objects.filter(pk__in=ids).first()
    if reader is None:
        return
    if reader.state == Field.State.READY:
        reader.refill()
        reader.save(update_fields=["state"])
    begin_job(reader, FieldJob.Kind.FILL, user_id=user_id)


def begin_job(field: Field, kind: str, *, user_id: int | None) -> FieldJob:
    """Ask for long work on a field; one that was asked for and has not begun is asked for once."""
    waiting = FieldJob.objects.filter(field=field, kind=kind, state=FieldJob.State.WAITING).first()
    if waiting is not None:
        return waiting
    job = FieldJob.objects.create(field=field, kind=kind, user_id=user_id)
    publish(
        "field.job", actor=SYSTEM, process_id=field.process_id, data={"key": field.key, "job": job.pk, "kind": kind}
    )
    return job


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
        check_field(field, access_for(actor, fresh_definition(process.pk)), before)
        check_same_kind(before["settings"].get("gives", ""), field.settings.get("gives", ""))
        if field.settings != before["settings"]:
            require_settled(field)
        field.save(update_fields=CHANGEABLE)
        _check_circles(fresh_definition(process.pk))
        _begin_what_follows(field, before, actor)
        storage().refresh(process)
    changed = {name: (old, getattr(field, name)) for name, old in before.items() if old != getattr(field, name)}
    told = {name: (_told(old), _told(new)) for name, (old, new) in changed.items()}
    publish("field.updated", actor=actor, process_id=process.pk, changes=told, data={"key": field.key})
    return field


@transaction.atomic
def remove_field(field: Field, *, actor: Actor, confirmed: bool = False) -> Field:
    """Hide a field at once; its values stay for `KEPT_DAYS`, as long as it can be restored. Writes `field.removed`.

    The key is free again: another field of the same key gets a column of its own, without the old values. Raises
    InUse, with what uses the field, unless that is confirmed; NotAllowed, Conflict.
    """
    process = field.process
    access_for(actor, process).require(Operation.DESIGN)
    if field.removed_at is not None:
        raise Conflict(_("The field is removed already."))
    uses = field_uses(field)
    if uses and not confirmed:
        raise InUse(
            _("This field is used: %s. Confirm that it may go.") % ", ".join(use.name for use in uses[:10]),
            uses=[{"kind": use.kind, "name": use.name} for use in uses],
        )
    with change_lock(process):
        field.removed_at = timezone.now()
        field.save(update_fields=["removed_at"])
        if field.is_searchable:
            begin_job(field, FieldJob.Kind.FILL, user_id=actor.user_id)
        storage().refresh(process)
    publish("field.removed", actor=actor, process_id=process.pk, data={"key": field.key})
    return field


@transaction.atomic
def restore_field(field: Field, *, actor: Actor, key: str = "") -> Field:
    """Show a removed field again, with the values it had; under another key where its own is taken by now.

    Writes `field.restored`. Raises NotAllowed (also where something would tell its values to somebody who does not
    read them), Conflict (it is not removed), Invalid (the key).
    """
    process = field.process
    access = access_for(actor, process)
    access.require(Operation.DESIGN)
    if field.removed_at is None or field.shadow_of_id is not None:
        raise Conflict(_("The field is not removed."))
    with change_lock(process):
        live = Field.objects.filter(process=process, removed_at=None, shadow_of=None)
        taken = set(live.values_list("key", flat=True))
        field.key = check_key(key or field.key, taken=taken)
        field.removed_at = None
        field.save(update_fields=["removed_at", "key"])
        if not access.reads_everywhere(field.pk) and (uses := field_uses(field)):
            told = ", ".join(use.name for use in uses[:10])
            raise NotAllowed(_("You do not read this field, and this would tell its values: %s.") % told)
        _check_circles(fresh_definition(process.pk))
        if field_types[field.type].is_computed:
            field.refill()
            field.save(update_fields=["state"])
            begin_job(field, FieldJob.Kind.FILL, user_id=actor.user_id)
        elif field.is_searchable:
            begin_job(field, FieldJob.Kind.FILL, user_id=actor.user_id)
        if field.is_unique:
            begin_job(field, FieldJob.Kind.INDEX, user_id=actor.user_id)
        refill_readers(process, field, user_id=actor.user_id)
        storage().refresh(process)
    publish("field.restored", actor=actor, process_id=process.pk, data={"key": field.key})
    return field


@transaction.atomic
def purge_field(field: Field, *, actor: Actor) -> FieldJob:
    """Throw a removed field and its values away for good, by a job. Writes `field.purging`.

    Raises NotAllowed, Conflict (it is not removed).
    """
    access_for(actor, field.process).require(Operation.DESIGN)
    if field.removed_at is None:
        raise Conflict(_("Remove the field first."))
    publish("field.purging", actor=actor, process_id=field.process_id, data={"key": field.key})
    return begin_job(field, FieldJob.Kind.PURGE, user_id=actor.user_id)


def purge_old_fields() -> int:
    """Ask for the end of every field that was removed more than `KEPT_DAYS` ago; how many there are."""
    old = Field.objects.filter(removed_at__lt=timezone.now() - timedelta(days=KEPT_DAYS))
    ended = (FieldJob.State.DONE, FieldJob.State.CANCELLED)
    asked_for = FieldJob.objects.filter(kind=FieldJob.Kind.PURGE).exclude(state__in=ended)
    fields = list(old.select_related("process").exclude(pk__in=asked_for.values("field")))
    for field in fields:
        purge_field(field, actor=SYSTEM)
    return len(fields)


@transaction.atomic
def reorder_fields(process: Process, keys: Sequence[str], *, actor: Actor) -> None:
    """Put the fields in the order of `keys` (all of them, each once). Writes `field.reordered`. Raises Invalid."""
    access_for(actor, process).require(Operation.DESIGN)
    with change_lock(process):
        live = Field.objects.filter(process=process, removed_at=None, shadow_of=None)
        fields = {field.key: field for field in live}
        if sorted(keys) != sorted(fields):
            raise Invalid(_("Name every field once."), {"keys": [_("Name every field once.")]})
        for position, key in enumerate(keys):
            fields[key].position = position
        Field.objects.bulk_update(fields.values(), ["position"])
        storage().refresh(process)
    publish("field.reordered", actor=actor, process_id=process.pk, data={"keys": list(keys)})


def require_settled(field: Field) -> None:
    """Raise Conflict while the field's type is changing."""
    if FieldJob.objects.filter(field=field, kind=FieldJob.Kind.CONVERT, state__in=FieldJob.UNFINISHED).exists():
        raise Conflict(_("The type of this field is changing. Wait until that is done, or stop it."))


def _begin_what_follows(field: Field, before: Mapping[str, Any], actor: Actor) -> None:
    """The jobs that a change of settings asks for: an index for what is unique now, new values of a formula."""
    if field.settings != before["settings"]:
        renew_versions(reader.process_id for reader in readers_of([field.pk]))
    if field.is_unique != before["is_unique"]:
        begin_job(field, FieldJob.Kind.INDEX, user_id=actor.user_id)
    is_refilled = field_types[field.type].is_refilled(before["settings"], field.settings)
    if is_refilled or field.is_searchable != before["is_searchable"]:
        if is_refilled and field.state == Field.State.READY:
            field.refill()
            field.save(update_fields=["state"])
        begin_job(field, FieldJob.Kind.FILL, user_id=actor.user_id)


def put_field(process: Process, draft: FieldDraft, *, position: int, actor: Actor) -> Field:
    """Check a draft and write its row; for use inside a change lock."""
    field = _checked(process, draft, access_for(actor, fresh_definition(process.pk)))
    field.position = position
    field.save()
    return field


def _fitting(process: Process, draft: FieldDraft, access: Access) -> Field:
    """The row of a draft, checked against the process as it is and not written. Checks take a while in which writers
    need not wait: they hold for as long as the process keeps its version."""
    field = _checked(process, draft, access)
    if field_types[field.type].is_computed and field.type not in LINKED:
        _check_circles(_with(fresh_definition(process.pk), field))
    return field


def _check_circles(definition: Definition) -> None:
    check_circles(definition)
    check_linked_circles(definition)


def _with(definition: Definition, field: Field) -> Definition:
    """The definition as it will be with a field that is being added."""
    return replace(definition, fields=(*definition.fields, field_def(field)))


def _checked(process: Process, draft: FieldDraft, access: Access) -> Field:
    rows = Field.objects.filter(process=process)
    if rows.count() >= MOST_FIELDS:
        raise LimitReached(_("A process has at most %d fields.") % MOST_FIELDS)
    taken = set(rows.filter(removed_at=None, shadow_of=None).values_list("key", flat=True))
    if draft.type not in field_types:
        raise Invalid(_("There is no such field type."), {"type": [_("There is no such field type.")]})
    field = Field(process=process, type=draft.type, state=Field.State.ADDING)
    for name in CHANGEABLE:
        setattr(field, name, getattr(draft, name))
    check_field(field, access)
    field.key = check_key(draft.key, taken=taken) if draft.key else key_from(field.label, taken=taken)
    return field


def _told(value: Any) -> Any:
    """What an event keeps of a setting."""
    return value.pk if isinstance(value, Stage | Section) else value
