"""Changing the type of a field while it is used, and the way back. See docs/decisions/0011."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import Conflict, Invalid, LimitReached
from events.publish import publish
from processes.conversion import can_become
from processes.definition import field_def
from processes.fieldtype import field_types
from processes.models import Field, FieldGrant, FieldJob, Operation, Process
from processes.operations.changing import in_turns
from processes.operations.fields import MOST_FIELDS, begin_job, purge_field, refill_readers, require_settled
from processes.permissions import access_for
from processes.storage import storage
from records.queries.conversion import former_form
from records.queries.conversion_rules import OPTIONS, completed_settings, default_for, makes_options, unread

CARRIED = (
    *("key", "label", "labels", "help", "helps", "required", "required_from", "on_card", "in_list"),
    *("visible_if", "section", "position"),
)
"""What a field keeps whatever its type is."""


class WayBack(Conflict):
    """The field still has the form it had before its type changed last."""

    code: ClassVar[str] = "way_back"


@transaction.atomic
def convert_field(
    field: Field, *, type: str, settings: Mapping[str, Any], actor: Actor, confirmed: bool = False
) -> FieldJob:
    """Begin to change a field's type; a job does it while records are read and written.

    Options of a choice that are not given are made from the values there are, if the actor reads them all. Writes
    `field.converting`, and the job `field.converted`. Raises NotAllowed, Invalid (the type, messages per setting),
    Conflict (it is changing already), WayBack (the form before the present one would go for good) unless that is
    confirmed, LimitReached, Busy.
    """
    process = field.process
    access = access_for(actor, process)
    access.require(Operation.DESIGN)
    if type not in field_types or not can_become(field_def(field), field_types[type]):
        message = _("This field cannot become a field of this type.")
        raise Invalid(message, {"type": [message]})
    if makes_options(field, type, settings) and unread(access, field_def(field)).exists():
        message = _("You do not read all values. Say which options there are.")
        raise Invalid(message, {OPTIONS: [message]})
    cleaned = field_types[type].clean_settings(completed_settings(access, field, type, settings), context=access)
    in_turns(process, lambda: _put_new_form(field, type, cleaned, confirmed=confirmed))
    job = begin_job(field, FieldJob.Kind.CONVERT, user_id=actor.user_id)
    data = {"key": field.key, "from": field.type, "to": type, "job": job.pk}
    publish("field.converting", actor=actor, process_id=process.pk, data=data)
    return job


@transaction.atomic
def revert_field(field: Field, *, actor: Actor) -> Field:
    """Give a field its former type back, at once: untouched records have the very values they had, those written since
    have them converted. The present form is the way back from there.

    Writes `field.reverted`. Raises NotAllowed, Conflict (there is no way back), Busy.
    """
    process = field.process
    access_for(actor, process).require(Operation.DESIGN)
    in_turns(process, lambda: _go_back(field, user_id=actor.user_id))
    former = Field.objects.select_related("process").get(shadow=field)
    data = {"key": former.key, "from": field.type, "to": former.type}
    publish("field.reverted", actor=actor, process_id=process.pk, data=data)
    return former


@transaction.atomic
def forget_former_form(field: Field, *, actor: Actor) -> FieldJob:
    """Give up the way back: what the field held before its type changed is thrown away, by a job.

    Writes `field.purging`. Raises NotAllowed, Conflict (there is none).
    """
    access_for(actor, field.process).require(Operation.DESIGN)
    former = former_form(field)
    if former is None:
        raise Conflict(_("There is no way back: the values of the former type are gone."))
    return purge_field(former, actor=actor)


def new_form(field: Field) -> Field | None:
    """What a field is to become while its type changes."""
    return Field.objects.select_related("process").filter(shadow_of=field, removed_at=None).first()


def take_over(process: Process, present: Field, other: Field, *, user_id: int | None) -> None:
    """The two forms of a field change places: the one that was written beside is the field now.

    For use inside a change lock. Rules that the new type cannot have wait in the old row for the way back. Raises Busy.
    """
    _carry(present, other)
    _carry_rules(present, other)
    present.shadow_of, present.removed_at = other, timezone.now()
    present.save(update_fields=["shadow_of", "removed_at"])
    other.shadow_of = other.removed_at = None
    if other.state == Field.State.FILLING:
        other.make_ready()
    other.save()
    _carry_what_speaks_of_it(present, other)
    storage().drop_uniqueness(process, present)
    if storage().wants_index(other):
        begin_job(other, FieldJob.Kind.INDEX, user_id=user_id)
    if present.is_searchable or other.is_searchable:
        begin_job(other, FieldJob.Kind.FILL, user_id=user_id)
    refill_readers(process, other, user_id=user_id)
    storage().refresh(process, patient=False)


def _put_new_form(field: Field, type: str, settings: Mapping[str, Any], *, confirmed: bool) -> None:
    present = _present(field)
    _make_room(present, confirmed=confirmed)
    shadow = Field(process=present.process, type=type, state=Field.State.ADDING, shadow_of=present)
    _carry(present, shadow)
    shadow.settings = settings
    shadow.save()


def _go_back(field: Field, *, user_id: int | None) -> None:
    present = _present(field)
    former = former_form(present)
    if former is None:
        raise Conflict(_("There is no way back: the values of the former type are gone."))
    take_over(present.process, present, former, user_id=user_id)


def _present(field: Field) -> Field:
    """The row as it is now, locked. Raises Conflict where it cannot change its type just now."""
    row = Field.objects.select_for_update(of=("self",)).select_related("process").filter(pk=field.pk).first()
    if row is None or row.removed_at is not None or row.shadow_of_id is not None:
        raise Conflict(_("The field is removed, or changed its type meanwhile."))
    require_settled(row)
    if row.state != Field.State.READY:
        raise Conflict(_("The field is being changed. Try again when that is done."))
    return row


def _make_room(field: Field, *, confirmed: bool) -> None:
    """A field has one other form at most: what a former conversion left goes. Raises WayBack, LimitReached, Busy."""
    if former_form(field) is not None and not confirmed:
        raise WayBack(_("The values from before the last change of type would be lost. Confirm that they may go."))
    for shadow in Field.objects.filter(shadow_of=field):
        storage().drop_field(field.process, shadow)
        shadow.delete()
    if Field.objects.filter(process=field.process_id).count() >= MOST_FIELDS:
        raise LimitReached(_("A process has at most %d fields.") % MOST_FIELDS)


def _carry(source: Field, target: Field) -> None:
    for name in CARRIED:
        setattr(target, name, getattr(source, name))


def _carry_what_speaks_of_it(present: Field, other: Field) -> None:
    """Gates that require the field, stages that lock it and rights to it mean the question, whatever the type of its
    answers is."""
    other.gates.set(present.gates.all())
    present.gates.clear()
    other.locked_in.set(present.locked_in.all())
    present.locked_in.clear()
    FieldGrant.objects.filter(field=other).delete()
    FieldGrant.objects.filter(field=present).update(field=other)


def _carry_rules(present: Field, other: Field) -> None:
    """What the present type can say holds for the other one, as far as that can have it; what it cannot say stays."""
    old, new = field_types[present.type], field_types[other.type]
    other.is_unique = (present.is_unique if old.can_be_unique else other.is_unique) and new.can_be_unique
    other.is_searchable = (
        present.is_searchable if old.can_be_searched else other.is_searchable
    ) and new.can_be_searched
    could_be_kept = other.default is not None and default_for(other, present) is not None
    if present.default is not None or could_be_kept:
        other.default = default_for(present, other)
