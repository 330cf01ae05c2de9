"""Doing what a claimed run says. An effect inside is one transaction with the end of its run; one outside is planned,
stored, sent without any transaction, and then recorded."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import connection, transaction
from django.utils.translation import gettext as _
from psycopg import sql

from automation.actors import actor_of, roles_of_automation
from automation.effects import Context, InsideRobot, OutsideRobot, Result, Temporary, robot_types
from automation.engine import ledger
from automation.engine.endpoints import note_answer, note_silence
from automation.engine.failpoints import hit
from automation.engine.ledger import End
from automation.engine.moving import perform_trigger
from automation.engine.retries import ending_of
from automation.engine.telling import switch_off_gone, tell_of_blocked
from automation.models import RULES, RobotVersion, RuleKind, Run
from automation.scope import date_field, due_of
from core.actor import Actor
from core.errors import NotAllowed, NotFound, SmartCRMError
from processes.models import Operation
from records.operations import GatePending, MoveRefused
from records.operations.writing import Writing, begin
from records.typed import TypedRecord

GONE = 410
"""HTTP for: never call here again."""

logger = logging.getLogger(__name__)


class NotWanted(SmartCRMError):
    """The run must not happen any more: the record left or is gone, the robot is off."""

    code = "not_wanted"


class RecordGone(NotWanted):
    """The run must not happen while its record is in the bin."""

    code = ledger.RECORD_DELETED


class Fenced(Exception):
    """Somebody else has the run now; whatever was done is rolled back and nothing is written."""


@dataclass(frozen=True)
class Batch:
    """Claimed runs with what executing them needs."""

    runs: list[Run]
    versions: dict[tuple[int, int], RobotVersion]
    roles: frozenset[int]


def prepare(runs: list[Run]) -> Batch:
    """Load the pinned versions of the robots and the role that automations act under. Two queries."""
    ids = {run.rule_id for run in runs if run.rule_kind == RuleKind.ROBOT}
    versions = RobotVersion.objects.filter(robot_id__in=ids) if ids else ()
    return Batch(runs, {(v.robot_id, v.version): v for v in versions}, roles_of_automation())


def execute(run: Run, batch: Batch) -> None:
    """Do one run and record its end. Raises only what the database or the shutdown raises."""
    actor = actor_of(run, batch.roles)
    if run.rule_kind == RuleKind.TRIGGER:
        _execute_inside(run, actor, partial(perform_trigger, run))
        return
    version = batch.versions.get((run.rule_id, run.rule_version))
    if version is None or version.kind not in robot_types:
        ledger.finish(run, End("fail", error_code="no_robot", error=_("There is no such kind of robot any more.")))
        return
    kind = robot_types[version.kind]
    if isinstance(kind, OutsideRobot):
        _execute_outside(run, version, kind, actor)
    elif isinstance(kind, InsideRobot):
        perform = kind.perform
        _execute_inside(run, actor, lambda writing, row: perform(_context(run, version, writing, row)))


def _execute_inside(run: Run, actor: Actor, perform: Callable[[Writing, TypedRecord], Result]) -> None:
    try:
        with transaction.atomic():
            entered = _enter(run, actor)
            if entered is None:
                return
            hit("before_effect", run.pk)
            result = perform(*entered)
            hit("after_effect", run.pk)
            if not ledger.finish(run, _success(result)):
                raise Fenced
            hit("before_commit", run.pk)
        hit("after_commit", run.pk)
    except NotWanted as error:
        ledger.finish(run, _unwanted(error))
    except Fenced:
        logger.warning("Run %s was taken over; its effect is rolled back", run.pk)
    except Exception as error:  # noqa: BLE001 - a failure becomes a row that a person can read
        if ledger.finish(run, ending_of(error, run)) and isinstance(error, GatePending | MoveRefused):
            tell_of_blocked(run, error)


def _execute_outside(run: Run, version: RobotVersion, kind: OutsideRobot, actor: Actor) -> None:
    repeatable = kind.is_repeatable(version.settings)
    started_at: datetime | None = None
    try:
        with transaction.atomic():
            entered = _enter(run, actor)
            if entered is None:
                return
            if run.intent is None:
                run.intent = kind.plan(_context(run, version, *entered))
            started_at = ledger.begin_sending(run, run.intent, in_doubt=not repeatable)
        if started_at is None:
            raise Fenced
        hit("before_send", run.pk)
        result = kind.send(run.intent, settings=version.settings, key=run.effect_key)
        hit("after_send", run.pk)
        if not ledger.finish(run, _success(result), started_at=started_at):
            raise Fenced
        note_answer(run.host)
    except NotWanted as error:
        ledger.finish(run, _unwanted(error))
    except Fenced:
        logger.warning("Run %s was taken over", run.pk)
    except Exception as error:  # noqa: BLE001 - a failure becomes a row that a person can read
        if started_at is not None:
            _note_failure(run, error)
        end = ending_of(error, run, repeatable=repeatable)
        if started_at is not None and not repeatable and end.move == "postpone" and not isinstance(error, Temporary):
            end = End("doubt", error_code=end.error_code, error=end.error)
        if ledger.finish(run, end, started_at=started_at) and end.http_status == GONE:
            switch_off_gone(run)


def _unwanted(error: NotWanted) -> End:
    """What waits for a record in the bin comes back with it; everything else is over."""
    code = error.code if isinstance(error, RecordGone) else ""
    return End("cancel", reason=str(error), error_code=code, is_attempt=False)


def _note_failure(run: Run, error: Exception) -> None:
    """Whether the other side was silent, or has answered that it will not."""
    if isinstance(error, Temporary):
        note_silence(run.host)
    elif isinstance(error, SmartCRMError) and "http_status" in error.details:
        note_answer(run.host)


def _enter(run: Run, actor: Actor) -> tuple[Writing, TypedRecord] | None:
    """Lock the record, and look under the lock whether the run is still wanted and due.

    None when it is not due yet and has been given back until then; nobody changes the date meanwhile.
    Raises NotWanted, NotAllowed, NotFound (the date that it follows is no field any more).
    """
    writing = begin(run.process_id, actor=actor)
    if not writing.access.can(Operation.VIEW):
        raise NotAllowed(_("The role of robots may not see the records of this process."))
    try:
        row = writing.row(run.record_id)
    except NotFound as error:
        raise RecordGone(_("The record was deleted.")) from error
    if not run.by_hand:
        _require_wanted(run)
        if not _is_due(run, writing, row):
            return None
    return writing, row


def _context(run: Run, version: RobotVersion, writing: Writing, row: TypedRecord) -> Context:
    return Context(
        run_id=run.pk,
        effect_key=run.effect_key,
        event_id=run.event_id,
        settings=version.settings,
        writing=writing.holding(row),
        row=row,
    )


def _require_wanted(run: Run) -> None:
    table = sql.Identifier(RULES[run.rule_kind]._meta.db_table)
    statement = sql.SQL(
        "SELECT (SELECT is_on AND removed_at IS NULL FROM {} WHERE id = %s),"
        " (SELECT left_at IS NULL FROM records_stagevisit WHERE id = %s)"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement.format(table), [run.rule_id, run.visit_id])
        is_on, is_open = cursor.fetchone()
    if not is_on:
        raise NotWanted(_("It was switched off."))
    if run.visit_id is not None and not is_open and not run.keep_running:
        raise NotWanted(_("The record left the stage."))


def _is_due(run: Run, writing: Writing, row: TypedRecord) -> bool:
    """A run that follows a date asks the record for it: the relay may not have heard of a change yet."""
    if not run.delay_field:
        return True
    field = date_field(writing.definition, run.delay_field)
    if field is None:
        raise NotFound(_("The field whose date it follows is gone."), field=run.delay_field)
    moment = due_of(run, row.value(field))
    if moment is None or moment > writing.now:
        ledger.retime(run, moment)
        return False
    return True


def _success(result: Result) -> End:
    return End("succeed", reason=result.summary, result=result.data, http_status=result.http_status)
