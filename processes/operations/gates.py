"""Changing what must hold on the way into a stage, and the reasons for a failure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Role
from accounts.operations import held_roles
from core.actor import Actor
from core.errors import Invalid
from core.locks import present
from core.problems import Problems
from core.seen import require_as_seen
from core.text import check_key, clean_line, key_from
from events.publish import publish
from expressions.conditions import parse_condition
from processes.definition import fresh_definition
from processes.drafts import GateDraft, LineDraft, ReasonDraft
from processes.models import Field, Gate, LostReason, Operation, Pipeline, Stage
from processes.operations.changing import change_lock
from processes.operations.stages import fields_of_process, require_stages
from processes.permissions import Access, access_for
from processes.publishing import as_said, publishable
from processes.schema import schema_of
from processes.seen import gate_on, reasons_of
from processes.storage import storage

MOST_LINES = 20
MOST_REASONS = 50


@transaction.atomic
def set_gate(target: Stage, draft: GateDraft, *, actor: Actor, source: Stage | None = None, seen: str = "") -> Gate:
    """Say what must hold on the way from a stage, or from anywhere (None), into another; replaces what was said.

    From anywhere means new records too. `seen` is the mark of the gate that a page showed. Writes `gate.set`.
    Raises NotAllowed, NotFound (a stage has gone meanwhile), Conflict, Invalid with messages per name.
    """
    process = target.pipeline.process
    access_for(actor, process).require(Operation.DESIGN)
    require_stages(process)
    with change_lock(process):
        target, source = present(target, "pipeline__process"), source and present(source)
        if seen:
            pipeline = fresh_definition(process.pk).pipeline_by_id[target.pipeline_id]
            require_as_seen(seen, gate_on(pipeline, source.pk if source else None, target.pk))
        gate = put_gate(target, draft, source=source, access=access_for(actor, fresh_definition(process.pk)))
    publish("gate.set", actor=actor, process_id=process.pk, data={**_way(gate), "asks": _told(draft)})
    return gate


@transaction.atomic
def remove_gate(gate: Gate, *, actor: Actor) -> None:
    """Let everybody pass who may move. Writes `gate.removed`. Raises NotAllowed, NotFound."""
    process = gate.target.pipeline.process
    access_for(actor, process).require(Operation.DESIGN)
    require_stages(process)
    with change_lock(process):
        gate = present(gate, "source", "target")
        way = _way(gate)
        gate.delete()
    publish("gate.removed", actor=actor, process_id=process.pk, data=way)


@transaction.atomic
def set_lost_reasons(
    pipeline: Pipeline, drafts: Sequence[ReasonDraft], *, is_required: bool, actor: Actor, seen: str = ""
) -> list[LostReason]:
    """Replace the reasons for a failure, in this order; those with an id are renamed and come back if retired.

    A reason that is left out is retired where records speak of it, and deleted where none does. `seen` is the
    mark of the reasons that a page showed. Writes `reasons.set`. Raises NotAllowed, NotFound, Invalid, Conflict.
    """
    process = pipeline.process
    access_for(actor, process).require(Operation.DESIGN)
    require_stages(process)
    with change_lock(process):
        pipeline = present(pipeline, "process")
        if seen:
            require_as_seen(seen, reasons_of(fresh_definition(process.pk).pipeline_by_id[pipeline.pk]))
        reasons = put_lost_reasons(pipeline, drafts, is_required=is_required)
    names = [reason.name for reason in reasons]
    data = {"pipeline": pipeline.key, "reasons": names, "is_required": is_required}
    publish("reasons.set", actor=actor, process_id=process.pk, data=data)
    return reasons


def put_gate(target: Stage, draft: GateDraft, *, source: Stage | None = None, access: Access) -> Gate:
    """Check a gate and write its rows; for use inside a change lock. Raises Invalid."""
    if source is not None and (source.pk == target.pk or source.pipeline_id != target.pipeline_id):
        raise _wrong("source", _("A move goes from one stage of a pipeline to another."))
    if draft.is_empty:
        raise Invalid(_("A gate asks for something; remove it otherwise."))
    problems = Problems()
    fields: list[Field] = []
    roles: list[Role] = []
    present = Gate.objects.filter(target=target, source=source).first()
    gate = present or Gate(target=target, source=source)
    with problems.at():
        fields = fields_of_process(target.pipeline.process, draft.fields, "fields")
    with problems.at():
        roles = _roles(draft.roles)
    with problems.at():
        gate.condition = _condition(access, draft.condition, gate.condition)
    with problems.at():
        gate.refusal = clean_line(draft.refusal, field="refusal", limit=255, required=False)
    with problems.at():
        gate.checklist = _checklist(gate, draft.checklist)
    problems.raise_any()
    gate.is_comment_required = draft.is_comment_required
    gate.save()
    gate.fields.set(fields)
    gate.roles.set(roles)
    return gate


def put_lost_reasons(pipeline: Pipeline, drafts: Sequence[ReasonDraft], *, is_required: bool) -> list[LostReason]:
    """Check reasons and write their rows; for use inside a change lock. Raises Invalid."""
    if len(drafts) > MOST_REASONS:
        raise _wrong("reasons", _("At most %d reasons.") % MOST_REASONS)
    if is_required and not drafts:
        raise _wrong("reasons", _("Name at least one reason, or do not ask for one."))
    present = {reason.pk: reason for reason in pipeline.lost_reasons.all()}
    names = _reason_names(drafts, present)
    kept = {draft.id for draft in drafts if draft.id is not None}
    _put_away([reason for pk, reason in present.items() if pk not in kept], names)
    # Names move out of each other's way first: two reasons may exchange theirs.
    for pk in kept & present.keys():
        LostReason.objects.filter(pk=pk).update(name=f"#{pk}")
    reasons = []
    for position, (draft, name) in enumerate(zip(drafts, names, strict=True)):
        reason = present.get(draft.id or 0) or LostReason(pipeline=pipeline)
        reason.name, reason.position, reason.is_retired = name, position, False
        reason.save()
        reasons.append(reason)
    pipeline.is_reason_required = is_required
    pipeline.save(update_fields=["is_reason_required"])
    return reasons


def _roles(ids: Sequence[int]) -> list[Role]:
    found = held_roles(ids)
    if len(found) != len(set(ids)):
        raise _wrong("roles", _("There is no such role."))
    return found


def _condition(access: Access, condition: Mapping[str, Any] | None, before: Any) -> Any:
    if not condition:
        return None
    try:
        return as_said(
            access, lambda author: parse_condition(condition, schema_of(publishable(author))).to_json(), before
        )
    except Invalid as error:
        raise Invalid(error.message, {"condition": [error.message]}) from error


def _checklist(gate: Gate, drafts: Sequence[LineDraft]) -> list[dict[str, str]]:
    """Lines with keys that no other line of the pipeline has, so that a move names them without saying the gate."""
    if len(drafts) > MOST_LINES:
        raise _wrong("checklist", _("At most %d lines.") % MOST_LINES)
    others = Gate.objects.filter(target__pipeline=gate.target.pipeline_id).exclude(pk=gate.pk)
    own = {line["key"] for line in gate.checklist}
    taken = {line["key"] for other in others for line in other.checklist}
    lines = []
    for draft in drafts:
        text = clean_line(draft.text, field="checklist", limit=200)
        key = draft.key or key_from(text, taken=taken | own, fallback="line")
        taken.add(check_key(key, taken=taken, field="checklist"))
        lines.append({"key": key, "text": text})
    return lines


def _reason_names(drafts: Sequence[ReasonDraft], present: Mapping[int, LostReason]) -> list[str]:
    if any(draft.id is not None and draft.id not in present for draft in drafts):
        raise _wrong("reasons", _("There is no such reason."))
    if len({draft.id for draft in drafts if draft.id}) != sum(draft.id is not None for draft in drafts):
        raise _wrong("reasons", _("Name every reason once."))
    names = [clean_line(draft.name, field="reasons", limit=150) for draft in drafts]
    if len(set(names)) != len(names):
        raise _wrong("reasons", _("Two reasons are called the same."))
    return names


def _put_away(left_out: Iterable[LostReason], names: Sequence[str]) -> None:
    """Delete reasons that no record speaks of; retire the others, but for one whose name is wanted again."""
    for reason in left_out:
        if not storage().is_reason_used(reason.pipeline.process, reason.pk):
            reason.delete()
        elif reason.name in names:
            raise _wrong("reasons", _("“%s” is in use already; bring that one back instead.") % reason.name)
        else:
            reason.is_retired = True
            reason.save(update_fields=["is_retired"])


def _way(gate: Gate) -> dict[str, Any]:
    return {"source": gate.source.key if gate.source else None, "target": gate.target.key}


def _told(draft: GateDraft) -> dict[str, Any]:
    """What an event tells of a gate."""
    return {
        "fields": list(draft.fields),
        "roles": list(draft.roles),
        "condition": draft.condition,
        "checklist": [line.text for line in draft.checklist],
        "comment": draft.is_comment_required,
    }


def _wrong(name: str, message: str) -> Invalid:
    return Invalid(message, {name: [message]})
