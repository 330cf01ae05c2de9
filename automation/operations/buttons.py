"""Pressing a button of a record."""

from django.db import transaction
from django.utils.translation import gettext as _

from automation.buttons import Standing, holds, standing, unfinished
from automation.models import RULES, Robot, RuleKind, Trigger
from automation.triggers.button import PRESSED, ButtonPressed
from automation.verifier import RuleKey
from core.actor import Actor
from core.errors import Conflict, NotFound
from events.models import Event
from processes.models import Operation
from records.models import StageVisit
from records.operations.writing import ProcessRef, Writing, begin
from records.typed import TypedRecord


class CannotPress(Conflict):
    """The button takes no press on this record now.

    `reason` says why: `removed`, `off`, `stage`, `condition`, `unfinished`.
    """

    code = "cannot_press"


@transaction.atomic
def press_button(process: ProcessRef, record_id: int, rule: RuleKey, *, actor: Actor) -> Event:
    """Press a button of a record: `rule` is the kind and id of the robot or trigger behind it.

    Writes `button.pressed`, of which the run is made; whoever presses needs no right to what the automation does then.
    Raises NotFound (record, button), NotAllowed, Conflict (the process is not in use), CannotPress.
    """
    writing = begin(process, actor=actor)
    row = writing.row(record_id)
    writing.access.require(Operation.RUN_BUTTON, row)
    button = _pressable(writing, row, rule)
    visits = StageVisit.objects.filter(record_id=row.pk, stage_id=row.stage_id)
    data = {
        "rule_kind": rule[0],
        "rule": rule[1],
        "text": button.text,
        "visit": visits.order_by("-id").values_list("pk", flat=True).first(),
    }
    return writing.publish(PRESSED, row, data=data)


def _pressable(writing: Writing, row: TypedRecord, rule: RuleKey) -> Standing:
    behind = _require_button(writing, rule)
    if behind.removed_at is not None:
        raise CannotPress(_("This button has been removed."), reason="removed")
    if not behind.is_on:
        raise CannotPress(_("This button is switched off."), reason="off")
    here = {button.rule: button for button in standing(writing.definition, row.stage_id)}
    if rule not in here:
        raise CannotPress(_("The record is not where this button belongs any more."), reason="stage")
    if not holds(here[rule], writing.definition, row, now=writing.now, actor=writing.actor):
        raise CannotPress(_("The condition of this button does not hold now."), reason="condition")
    if begun := unfinished(row.pk).get(rule):
        waits = _("What this button began here waits for somebody who looks after the automation.")
        text = waits if begun.is_stuck else _("What this button began here is not finished yet.")
        raise CannotPress(text, reason="unfinished")
    return here[rule]


def _require_button(writing: Writing, rule: RuleKey) -> Robot | Trigger:
    kind, rule_id = rule
    of_kind = {"kind": ButtonPressed.key} if kind == RuleKind.TRIGGER else {"button__gt": ""}
    rules = RULES[kind].objects.filter(process_id=writing.definition.id, **of_kind)
    found: Robot | Trigger | None = rules.filter(pk=rule_id).first()
    if found is None:
        raise NotFound(_("There is no such button."), button=f"{kind}-{rule_id}")
    return found
