"""Doing what a claimed run says. An effect inside is one transaction with the end of its run; one outside is planned,
stored, sent without any transaction, and then recorded."""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import Role
from accounts.models.role import ROBOTS_ROLE_KEY
from automation.effects import Context, InsideRobot, OutsideRobot, Result, robot_types
from automation.engine import ledger
from automation.engine.failpoints import hit
from automation.engine.ledger import End
from automation.engine.retries import ending_of
from automation.models import RobotVersion, Run
from core.actor import Actor, ActorKind
from core.errors import NotAllowed, NotFound, SmartCRMError
from processes.models import Operation
from records.operations.writing import begin

logger = logging.getLogger(__name__)


class NotWanted(SmartCRMError):
    """The run must not happen any more: the record left or is gone, the robot is off."""

    code = "not_wanted"


class Fenced(Exception):
    """Somebody else has the run now; whatever was done is rolled back and nothing is written."""


@dataclass(frozen=True)
class Batch:
    """Claimed runs with what executing them needs."""

    runs: list[Run]
    versions: dict[tuple[int, int], RobotVersion]
    roles: frozenset[int]


def prepare(runs: list[Run]) -> Batch:
    """Load the pinned versions of the robots and the role they act under. Two queries."""
    ids = {run.rule_id for run in runs}
    versions = RobotVersion.objects.filter(robot_id__in=ids)
    roles = Role.objects.filter(key=ROBOTS_ROLE_KEY).values_list("pk", flat=True)
    return Batch(runs, {(v.robot_id, v.version): v for v in versions}, frozenset(roles))


def execute(run: Run, batch: Batch) -> None:
    """Do one run and record its end. Raises only what the database or the shutdown raises."""
    version = batch.versions.get((run.rule_id, run.rule_version))
    if version is None or version.kind not in robot_types:
        ledger.finish(run, End("fail", error_code="no_robot", error=_("There is no such kind of robot any more.")))
        return
    kind = robot_types[version.kind]
    actor = _actor(run, batch.roles)
    if isinstance(kind, OutsideRobot):
        _execute_outside(run, version, kind, actor)
    elif isinstance(kind, InsideRobot):
        _execute_inside(run, version, kind, actor)


def _execute_inside(run: Run, version: RobotVersion, kind: InsideRobot, actor: Actor) -> None:
    try:
        with transaction.atomic():
            context = _enter(run, version, actor)
            hit("before_effect", run.pk)
            result = kind.perform(context)
            hit("after_effect", run.pk)
            if not ledger.finish(run, _success(result)):
                raise Fenced
            hit("before_commit", run.pk)
        hit("after_commit", run.pk)
    except NotWanted as error:
        ledger.finish(run, End("cancel", reason=str(error), is_attempt=False))
    except Fenced:
        logger.warning("Run %s was taken over; its effect is rolled back", run.pk)
    except Exception as error:  # noqa: BLE001 - a failure becomes a row that a person can read
        ledger.finish(run, ending_of(error, run))


def _execute_outside(run: Run, version: RobotVersion, kind: OutsideRobot, actor: Actor) -> None:
    repeatable = kind.is_repeatable(version.settings)
    started_at: datetime | None = None
    try:
        with transaction.atomic():
            context = _enter(run, version, actor)
            if run.intent is None:
                run.intent = kind.plan(context)
            started_at = ledger.begin_sending(run, run.intent, in_doubt=not repeatable)
        if started_at is None:
            raise Fenced
        hit("before_send", run.pk)
        result = kind.send(run.intent, settings=version.settings, key=run.effect_key)
        hit("after_send", run.pk)
        if not ledger.finish(run, _success(result), started_at=started_at):
            raise Fenced
    except NotWanted as error:
        ledger.finish(run, End("cancel", reason=str(error), is_attempt=False))
    except Fenced:
        logger.warning("Run %s was taken over", run.pk)
    except Exception as error:  # noqa: BLE001 - a failure becomes a row that a person can read
        ledger.finish(run, ending_of(error, run, repeatable=repeatable), started_at=started_at)


def _enter(run: Run, version: RobotVersion, actor: Actor) -> Context:
    """Lock the record, and look under the lock whether the run is still wanted. Raises NotWanted, NotAllowed."""
    writing = begin(run.process_id, actor=actor)
    if not writing.access.can(Operation.VIEW):
        raise NotAllowed(_("The role of robots may not see the records of this process."))
    try:
        row = writing.row(run.record_id)
    except NotFound as error:
        raise NotWanted(_("The record was deleted.")) from error
    if not run.by_hand:
        _require_wanted(run)
    return Context(
        run_id=run.pk,
        effect_key=run.effect_key,
        event_id=run.event_id,
        settings=version.settings,
        definition=writing.definition,
        row=row,
        actor=actor,
        now=writing.now,
    )


def _require_wanted(run: Run) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT is_on AND removed_at IS NULL FROM automation_robot WHERE id = %s),"
            " (SELECT left_at IS NULL FROM records_stagevisit WHERE id = %s)",
            [run.rule_id, run.visit_id],
        )
        is_on, is_open = cursor.fetchone()
    if not is_on:
        raise NotWanted(_("The robot was switched off."))
    if not is_open and not run.keep_running:
        raise NotWanted(_("The record left the stage."))


def _success(result: Result) -> End:
    return End("succeed", reason=result.summary, result=result.data, http_status=result.http_status)


def _actor(run: Run, roles: frozenset[int]) -> Actor:
    return Actor(
        kind=ActorKind.RUN,
        label=run.name,
        run_id=run.pk,
        root_id=run.root_id,
        depth=run.depth + 1,
        role_ids=roles,
        language=settings.LANGUAGE_CODE,
    )
