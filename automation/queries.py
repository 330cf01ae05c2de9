"""What has been automated and what came of it, for those who may see it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from automation.choices import without_secrets
from automation.effects import robot_types
from automation.models import Attempt, NotFired, Robot, Run, State
from automation.scope import condition_for
from automation.verifier import Finding, findings_of
from core.actor import Actor
from core.errors import Invalid, NotFound
from expressions.values import Kind
from processes.definition_types import Definition, PipelineDef, StageDef
from processes.models import Operation
from processes.permissions import Access, access_for
from records.models import Record
from records.queries.card import row_for
from records.queries.tiles import names_of

PAGE = 50
BAD = (State.FAILED, State.POISONED, State.UNCERTAIN, State.HELD)
"""States that need a person."""


@dataclass(frozen=True, slots=True)
class RobotTile:
    """One robot on the automation page."""

    id: int
    kind: str
    kind_label: str
    icon: str
    name: str
    summary: str
    condition: str
    """In words; empty when it is always true."""
    delay_seconds: int
    wait_for_previous: bool
    keep_running: bool
    is_on: bool
    position: int
    version: int
    runs: int
    """Of the last 24 hours."""
    failures: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class StageColumn:
    """A stage with its robots in order."""

    stage: StageDef
    robots: tuple[RobotTile, ...]


@dataclass(frozen=True, slots=True)
class AutomationPage:
    """One pipeline with its robots."""

    definition: Definition
    pipeline: PipelineDef
    columns: tuple[StageColumn, ...]


@dataclass(frozen=True, slots=True)
class RobotForm:
    """A robot for its dialog: settings without secrets, and what is wrong with it."""

    robot: Robot
    settings: Mapping[str, Any]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """One link of the chain that led to a run: a robot's run, or at the beginning a person's act."""

    event_id: int
    run_id: int | None
    label: str
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run in the log."""

    id: int
    robot_id: int
    name: str
    record_id: int
    record_title: str
    state: str
    state_label: str
    reason: str
    error: str
    error_code: str
    result: Mapping[str, Any]
    attempt: int
    max_attempts: int
    run_at: datetime | None
    """When it is due; None while it waits for the robot before it."""
    started_at: datetime | None
    finished_at: datetime | None
    duration: timedelta | None
    created_at: datetime
    effect_key: str
    depth: int
    causes: tuple[Cause, ...]
    """From the person's act to the event that set this run off; empty where that is all there is."""
    can_retry: bool
    can_cancel: bool
    can_confirm: bool


@dataclass(frozen=True, slots=True)
class RunPage:
    """Some runs, the newest first, and the id below which the next ones begin."""

    runs: tuple[RunRow, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs; empty means all."""

    states: Sequence[str] = ()
    robot_id: int | None = None
    record_id: int | None = None
    stage_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunDetail:
    """One run with its attempts, what went out, and the settings it acted by (without secrets)."""

    run: RunRow
    attempts: tuple[Attempt, ...]
    intent: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Silence:
    """An event on which a robot did not act, and why."""

    event_id: int
    record_id: int
    reason: str
    at: datetime


def automation_page(access: Access, pipeline: PipelineDef) -> AutomationPage:
    """The robots of a pipeline by stage, with runs and failures of 24 hours. Raises NotAllowed. Four queries."""
    access.require(Operation.AUTOMATE)
    definition = access.definition
    robots = list(Robot.objects.filter(process_id=definition.id, removed_at=None))
    findings = findings_of(definition, robots)
    counts = _counts_of_day(definition.id)
    tiles: dict[int, list[RobotTile]] = {}
    for robot in robots:
        tiles.setdefault(robot.stage_id, []).append(
            _tile(robot, definition, findings[robot.pk], counts.get(robot.pk, (0, 0)))
        )
    columns = tuple(StageColumn(stage, tuple(tiles.get(stage.id, ()))) for stage in pipeline.stages)
    return AutomationPage(definition, pipeline, columns)


def robot_for(access: Access, robot_id: int) -> RobotForm:
    """A robot for changing it. Raises NotAllowed, NotFound."""
    access.require(Operation.AUTOMATE)
    robots = list(
        Robot.objects.filter(process_id=access.definition.id, removed_at=None).select_related("stage__pipeline")
    )
    robot = next((robot for robot in robots if robot.pk == robot_id), None)
    if robot is None:
        raise NotFound(_("There is no such robot."), robot=robot_id)
    settings = robot.settings
    if robot.kind in robot_types:
        form = robot_types[robot.kind].Settings(context=access.definition)
        settings = without_secrets(form.fields, settings)
    return RobotForm(robot, settings, findings_of(access.definition, robots)[robot.pk])


def run_of(actor: Actor, run_id: int) -> Run:
    """A run for somebody who may change the automation of its process. Raises NotFound, NotAllowed."""
    run = Run.objects.filter(pk=run_id).first()
    if run is None:
        raise NotFound(_("There is no such run."), run=run_id)
    access_for(actor, run.process_id).require(Operation.AUTOMATE)
    return run


def run_log(access: Access, wanted: RunFilter | None = None, *, before: int | None = None) -> RunPage:
    """A page of the log of a process. Raises NotAllowed. Three queries."""
    access.require(Operation.AUTOMATE)
    rows = _filtered(Run.objects.filter(process_id=access.definition.id), wanted or RunFilter())
    return _page(access, rows, before)


def runs_of_record(access: Access, record_id: int, *, before: int | None = None) -> RunPage:
    """What robots did, do and will do with a record. Raises NotFound, NotAllowed (without the right to see history)."""
    access.require(Operation.HISTORY, row_for(access, record_id))
    return _page(access, Run.objects.filter(process_id=access.definition.id, record_id=record_id), before)


def run_detail(access: Access, run_id: int) -> RunDetail:
    """One run with everything the log knows. Raises NotFound, NotAllowed."""
    access.require(Operation.AUTOMATE)
    run = Run.objects.filter(process_id=access.definition.id, pk=run_id).first()
    if run is None:
        raise NotFound(_("There is no such run."), run=run_id)
    attempts = tuple(Attempt.objects.filter(run_id=run_id).order_by("id"))
    return RunDetail(_rows(access, [run])[0], attempts, run.intent)


def silences_of(access: Access, robot_id: int) -> tuple[Silence, ...]:
    """Why a robot did not act lately, the newest first. Raises NotAllowed, NotFound."""
    access.require(Operation.AUTOMATE)
    if not Robot.objects.filter(process_id=access.definition.id, pk=robot_id).exists():
        raise NotFound(_("There is no such robot."), robot=robot_id)
    rows = NotFired.objects.filter(rule_kind="robot", rule_id=robot_id).order_by("-id")[:PAGE]
    return tuple(Silence(row.event_id, row.record_id, row.reason, row.at) for row in rows)


def _counts_of_day(process_id: int) -> dict[int, tuple[int, int]]:
    rows = (
        Run.objects.filter(process_id=process_id, created_at__gt=Now() - timedelta(days=1))
        .values("rule_id")
        .annotate(runs=Count("pk"), failures=Count("pk", filter=Q(state__in=BAD)))
        .order_by()
    )
    return {row["rule_id"]: (row["runs"], row["failures"]) for row in rows}


def _tile(robot: Robot, definition: Definition, findings: tuple[Finding, ...], counts: tuple[int, int]) -> RobotTile:
    kind = robot_types[robot.kind] if robot.kind in robot_types else None  # noqa: SIM401 - it has no get()
    return RobotTile(
        id=robot.pk,
        kind=robot.kind,
        kind_label=str(kind.label) if kind else robot.kind,
        icon=kind.icon if kind else "robot",
        name=robot.name,
        summary=kind.summary(robot.settings, definition) if kind else "",
        condition=_condition_text(robot, definition),
        delay_seconds=robot.delay_seconds,
        wait_for_previous=robot.wait_for_previous,
        keep_running=robot.keep_running,
        is_on=robot.is_on,
        position=robot.position,
        version=robot.version,
        runs=counts[0],
        failures=counts[1],
        findings=findings,
    )


def _condition_text(robot: Robot, definition: Definition) -> str:
    if robot.condition is None:
        return ""
    try:
        return condition_for(definition, robot.condition).describe(_Names(definition))
    except Invalid as error:
        return str(error)


class _Names:
    """Names of people and stages for a condition in words."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition

    def __call__(self, kind: Kind, number: int) -> str:
        stage = self.definition.stage_by_id.get(number) if kind.key == "reference" else None
        if stage is not None:
            return stage.name
        return names_of([number]).get(number, f"#{number}")


def _filtered(rows: Any, wanted: RunFilter) -> Any:
    if wanted.states:
        rows = rows.filter(state__in=wanted.states)
    if wanted.robot_id is not None:
        rows = rows.filter(rule_kind="robot", rule_id=wanted.robot_id)
    if wanted.record_id is not None:
        rows = rows.filter(record_id=wanted.record_id)
    if wanted.stage_id is not None:
        rows = rows.filter(rule_id__in=Robot.objects.filter(stage_id=wanted.stage_id).values("pk"))
    if wanted.since is not None:
        rows = rows.filter(created_at__gte=wanted.since)
    if wanted.until is not None:
        rows = rows.filter(created_at__lt=wanted.until)
    return rows


def _page(access: Access, rows: Any, before: int | None) -> RunPage:
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-id")[: PAGE + 1])
    shown = found[:PAGE]
    return RunPage(_rows(access, shown), shown[-1].pk if len(found) > PAGE else None)


def _rows(access: Access, runs: Sequence[Run]) -> tuple[RunRow, ...]:
    """Runs as rows; the title of a record is told to those who may see the record."""
    visible = Record.objects.visible_to([access]).filter(pk__in={run.record_id for run in runs})
    titles = dict(visible.values_list("pk", "title"))
    chains = _chains([run.pk for run in runs if run.cause_run_id])
    may_act = access.can(Operation.AUTOMATE)
    return tuple(_row(run, titles.get(run.record_id, ""), chains.get(run.pk, ()), may_act=may_act) for run in runs)


def _row(run: Run, title: str, causes: tuple[Cause, ...], *, may_act: bool) -> RunRow:
    return RunRow(
        id=run.pk,
        robot_id=run.rule_id,
        name=run.name,
        record_id=run.record_id,
        record_title=title,
        state=run.state,
        state_label=str(State(run.state).label),
        reason=run.reason,
        error=run.error,
        error_code=run.error_code,
        result=run.result,
        attempt=run.attempt,
        max_attempts=run.max_attempts,
        run_at=run.run_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        duration=run.finished_at - run.started_at if run.finished_at and run.started_at else None,
        created_at=run.created_at,
        effect_key=str(run.effect_key),
        depth=run.depth,
        causes=causes,
        can_retry=may_act and run.state in BAD,
        can_cancel=may_act and run.state in (State.READY, State.HELD),
        can_confirm=may_act and run.state == State.UNCERTAIN,
    )


def _chains(run_ids: Iterable[int]) -> dict[int, tuple[Cause, ...]]:
    """The events that led to runs, the first one first. One query, none without runs that robots caused."""
    ids = list(run_ids)
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_CHAIN, [ids])
        rows = cursor.fetchall()
    found: dict[int, list[Cause]] = {}
    for start, event_id, run_id, label, kind, at in rows:
        found.setdefault(start, []).append(Cause(event_id, run_id, label, kind, at))
    return {start: tuple(causes) for start, causes in found.items()}


_CHAIN = """
    WITH RECURSIVE chain(start, event_id, step) AS (
        SELECT id, event_id, 0 FROM automation_run WHERE id = ANY(%s)
        UNION ALL
        SELECT chain.start, r.event_id, chain.step + 1
        FROM chain JOIN events_event e ON e.id = chain.event_id JOIN automation_run r ON r.id = e.run_id
        WHERE chain.step < 20
    )
    SELECT chain.start, e.id, e.run_id, e.actor_label, e.kind, e.at
    FROM chain JOIN events_event e ON e.id = chain.event_id ORDER BY chain.start, chain.step DESC
"""
