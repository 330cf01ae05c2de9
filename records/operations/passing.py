"""Passing gates: what comes along is taken in, what is missing is told whole, what was passed stands in the history."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.functional import lazy
from django.utils.translation import gettext as _

from accounts.models import Role
from core.errors import Invalid, Text
from core.text import clean_line
from processes.definition_types import Definition, FieldDef, StageDef
from processes.models import Operation
from processes.permissions import Access
from records.gates import (
    NOTHING,
    Obstacles,
    Passing,
    Terms,
    obstacles_to,
    reasons_for,
    refusal_of,
    unmet,
    why_not_filled,
)
from records.models import Record
from records.operations.writing import Writing
from records.typed import TypedRecord

OVERRIDE_LIMIT = 500


class GatePending(Invalid):
    """A gate on the way is closed; `terms` says all that is missing, and details say it to programs."""

    code: ClassVar[str] = "gate"

    def __init__(self, access: Access, row: TypedRecord, target: StageDef, terms: Terms, *, can_override: bool) -> None:
        shown = told_terms(access, row, terms, can_override=can_override)
        message = _lazy_summary(target.name, shown)
        fields: dict[str, list[Text]] = {f["key"]: [_("Fill this in.")] for f in shown["fields"]}
        super().__init__(message, fields, stage=target.key, gate=shown)
        self.terms = terms
        self.target = target

    @property
    def kept(self) -> dict[str, Any]:
        """What was missing as it is stored, for readers of any language; `told_again` gives it back."""
        return {**self.details["gate"], "refusals": [gate.refusal for gate in self.terms.conditions]}

    def said_to(self, access: Access, row: TypedRecord | Record) -> str:
        """The message for somebody else, who may know of other fields."""
        told = told_terms(access, row, self.terms, can_override=False)
        return summary(self.target.name, {**told, "obstacles": []})


@dataclass(frozen=True, slots=True)
class Passed:
    """What a move leaves in the history: why it failed, what was confirmed, what was overridden."""

    reason_id: int | None = None
    comment: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    """What the event says beside the stages."""


def told_terms(access: Access, row: TypedRecord | Record, terms: Terms, *, can_override: bool) -> dict[str, Any]:
    """Terms as programs read them; of fields that the record does not show only that there are some."""
    fields = [field for field in terms.fields if is_told(access, field, row)]
    return {
        "fields": [{"key": field.key, "label": field.label, "type": field.type.key} for field in fields],
        "hidden_fields": len(terms.fields) - len(fields),
        "refusals": list(terms.refusals),
        "checklist": [{"key": item.key, "text": item.text} for item in terms.checklist],
        "comment": terms.needs_comment,
        "reasons": [{"id": reason.id, "name": reason.name} for reason in terms.reasons],
        "roles": _role_names(terms),
        "obstacles": obstacle_words(access, row, obstacles_to(access, row, terms)),
        "can_override": can_override,
    }


def told_again(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Stored terms as programs read them, in the reader's language; what the reader may not give is another matter."""
    return {**kept, "refusals": [refusal_of(refusal) for refusal in kept["refusals"]], "obstacles": []}


def obstacle_words(access: Access, row: TypedRecord | Record, obstacles: Obstacles) -> list[str]:
    """What of the terms the actor may not give, in words: sentences without their full stops."""
    labels: dict[str, list[str]] = {}
    for its_field in obstacles.fields:
        if is_told(access, its_field, row) and not its_field.type.is_computed:
            labels.setdefault(why_not_filled(access, its_field, row).rstrip("."), []).append(its_field.label)
    words = [f"{', '.join(fields)}: {why}" for why, fields in labels.items()]
    return [*words, _("Comment: you have no right to write one")] if obstacles.comment else words


def require_open(
    writing: Writing, row: TypedRecord, target: StageDef, passing: Passing = NOTHING, *, is_new: bool = False
) -> Passed:
    """Raise GatePending with everything that keeps the record from the stage; else what the history is to say.

    Raises Invalid for what fits no gate on the way, NotAllowed for an override without the right.
    """
    pipeline = writing.definition.pipeline_by_id[target.pipeline_id]
    gates = pipeline.gates_between(None if is_new else row.stage_id, target.id)
    lines = {item.key: item.text for gate in gates for item in gate.checklist}
    reasons = {reason.id: reason.name for reason in reasons_for(pipeline, target)}
    _refuse_strange(passing, lines, reasons)
    override = clean_line(passing.override, field="override", limit=OVERRIDE_LIMIT, required=False)
    if override:
        writing.access.require(Operation.OVERRIDE, row)
    terms = unmet(writing.access, row, target, passing, is_new=is_new)
    if terms and not override:
        if is_new and not gates and not terms.reasons:
            raise _empty(writing.access, row, terms)
        can_override = writing.access.covers(Operation.OVERRIDE, row)
        raise GatePending(writing.access, row, target, terms, can_override=can_override)
    data: dict[str, Any] = {}
    if checked := [{"key": key, "text": text} for key, text in lines.items() if key in passing.checked]:
        data["checked"] = checked
    if passing.reason is not None:
        data["reason"] = {"id": passing.reason, "name": reasons[passing.reason]}
    if terms:
        data["override"] = {"reason": override, "missing": _kept(writing.definition, terms)}
    return Passed(passing.reason, passing.comment.strip(), data)


def is_told(access: Access, field: FieldDef, row: TypedRecord | Record) -> bool:
    """Whether the actor may know of a field of a record, or of one that is to be made."""
    return access.reads(field, row) if row.pk is not None else access.fills(field, row.stage_id)


def _empty(access: Access, row: TypedRecord, terms: Terms) -> Invalid:
    told = [field for field in terms.fields if is_told(access, field, row)]
    if len(told) < len(terms.fields):
        return Invalid(
            _("A field that you may not fill in is required here."), {f.key: [_("Fill this in.")] for f in told}
        )
    return Invalid(_("Some required fields are empty."), {f.key: [_("Fill this in.")] for f in told})


def summary(stage: str, terms: dict[str, Any]) -> str:
    """What is missing, and what of it one may not give, in a few sentences."""
    parts = [field["label"] for field in terms["fields"]]
    if terms["hidden_fields"]:
        parts.append(_("a field that you may not see"))
    parts += [_("confirm “%s”") % item["text"] for item in terms["checklist"]]
    parts += [_("a comment")] if terms["comment"] else []
    parts += [_("a reason")] if terms["reasons"] else []
    words = [refusal.rstrip(".") for refusal in terms["refusals"]]
    if terms["roles"]:
        words.append(_("Only these roles may do it: %s") % ", ".join(terms["roles"]))
    if parts:
        words.append(_("Missing for “%(stage)s”: %(what)s") % {"stage": stage, "what": ", ".join(parts)})
    words += terms["obstacles"]
    return ". ".join(words) + "."


_lazy_summary = lazy(summary, str)


def _refuse_strange(passing: Passing, lines: dict[str, str], reasons: dict[int, str]) -> None:
    """What speaks of no line and no reason of this move is refused by name."""
    problems: dict[str, list[Text]] = {}
    if strange := sorted(passing.checked - lines.keys()):
        problems["checked"] = [_("There is no such line: %s.") % ", ".join(strange)[:100]]
    if passing.reason is not None and passing.reason not in reasons:
        problems["reason"] = [_("There is no such reason for this stage.")]
    if problems:
        raise Invalid(_("Some values are wrong."), problems)


def _kept(definition: Definition, terms: Terms) -> dict[str, Any]:
    """What was missing when a gate was overridden, as the history keeps it."""
    missing = {
        "fields": [field.key for field in terms.fields],
        "gates": [gate.id for gate in terms.conditions],
        "checklist": [item.text for item in terms.checklist],
        "comment": terms.needs_comment,
        "reason": bool(terms.reasons),
        "roles": sorted(terms.role_ids),
    }
    return {name: value for name, value in missing.items() if value}


def _role_names(terms: Terms) -> list[str]:
    if not terms.role_ids:
        return []
    return list(Role.objects.filter(pk__in=terms.role_ids).values_list("name", flat=True))
