"""What a person does with runs."""

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from automation.effects import host_of, robot_types
from automation.engine import ledger
from automation.models import RULES, Robot, Run
from core.actor import Actor
from core.errors import Conflict
from core.rows import one_row
from events.publish import publish
from processes.models import Operation
from processes.permissions import Access, access_for
from records.operations.writing import publish_of
from records.typed import model_for


@transaction.atomic
def retry_run(run: Run, *, actor: Actor) -> Run:
    """Try a run again that failed, was held or is uncertain: the same version, the same key, the same intent.

    Because a person asks, neither the switch of the robot nor the stage stops it. Writes `run.retried`.
    Raises NotAllowed, Conflict.
    """
    access = _allowed(run, actor)
    if not ledger.retry(run.pk):
        raise Conflict(_("Only a run that has ended badly can be tried again."))
    return _told(run, "run.retried", access)


@transaction.atomic
def run_again(run: Run, *, actor: Actor) -> Run:
    """Do once more what a finished run did, as a new run with its own key: a robot by its present settings, a trigger
    the same move.

    Writes `run.repeated`. Raises NotAllowed, Conflict (the robot or trigger is gone, the run is not finished).
    """
    access = _allowed(run, actor)
    rule = RULES[run.rule_kind].objects.filter(pk=run.rule_id, removed_at=None).first()
    if rule is None or (isinstance(rule, Robot) and rule.kind not in robot_types):
        raise Conflict(_("This robot or trigger has been removed."))
    if not run.is_finished:
        raise Conflict(_("This run is not finished yet."))
    is_robot = isinstance(rule, Robot)
    rows = Run.objects.filter(rule_kind=run.rule_kind, rule_id=run.rule_id, event_id=run.event_id)
    again = Run.objects.create(
        rule_kind=run.rule_kind,
        rule_id=run.rule_id,
        rule_version=rule.version,
        name=rule.name,
        event_id=run.event_id,
        occurrence=(rows.aggregate(last=Max("occurrence"))["last"] or 0) + 1,
        process_id=run.process_id,
        record_id=run.record_id,
        visit_id=run.visit_id,
        host=host_of(robot_types[rule.kind], rule.settings) if is_robot else "",
        lane=robot_types[rule.kind].lane if is_robot else run.lane,
        run_at=Now(),
        by_hand=True,
        max_attempts=robot_types[rule.kind].max_attempts if is_robot else run.max_attempts,
        intent=None if is_robot else run.intent,
        root_id=run.root_id,
        cause_run_id=run.cause_run_id,
    )
    return _told(again, "run.repeated", access)


@transaction.atomic
def cancel_run(run: Run, *, actor: Actor) -> Run:
    """Cancel a run that waits or is held. Writes `run.cancelled`. Raises NotAllowed, Conflict."""
    access = _allowed(run, actor)
    if not ledger.cancel(run.pk, _("Cancelled by %s.") % actor.label):
        raise Conflict(_("Only a run that has not begun can be cancelled."))
    return _told(run, "run.cancelled", access)


@transaction.atomic
def confirm_run(run: Run, *, actor: Actor) -> Run:
    """Say of an uncertain run that its effect did happen. Writes `run.confirmed`. Raises NotAllowed, Conflict."""
    access = _allowed(run, actor)
    if not ledger.confirm(run.pk, _("Confirmed by %s.") % actor.label):
        raise Conflict(_("Only an uncertain run can be confirmed."))
    return _told(run, "run.confirmed", access)


def _allowed(run: Run, actor: Actor) -> Access:
    access = access_for(actor, run.process_id)
    access.require(Operation.AUTOMATE)
    return access


def _told(run: Run, kind: str, access: Access) -> Run:
    """Write the event, of which whoever has the record open hears, and return the run as it is now."""
    data = {"run": run.pk, "record": run.record_id, "name": run.name}
    row = one_row(model_for(access.definition), run.record_id)
    if row is None or row.deleted_at is not None:
        publish(kind, actor=access.actor, process_id=run.process_id, data=data)
    else:
        publish_of(row, kind, process_id=run.process_id, actor=access.actor, data=data)
    return Run.objects.get(pk=run.pk)
