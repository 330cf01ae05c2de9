"""What came of automation: the log of runs, one run, why rules did not act; for those who may see it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from automation.choices import without_secrets
from automation.effects import robot_types
from automation.models import RULES, Attempt, Endpoint, NotFired, Robot, RobotVersion, RuleKind, Run, State, Trigger
from core.actor import Actor
from core.errors import NotFound
from processes.definition import definition_of
from processes.models import Operation
from processes.permissions import Access, access_for
from records.models import Record
from records.operations.passing import summary, told_again
from records.queries.card import row_for

PAGE = 50
BAD = (State.FAILED, State.BLOCKED, State.POISONED, State.UNCERTAIN, State.HELD)
"""States that need a person."""


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
    rule_kind: str
    rule_id: int
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
    is_redacted: bool
    """Whether words and results are left out, because they may tell what the record does not show to the reader."""
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
    trigger_id: int | None = None
    record_id: int | None = None
    stage_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunDetail:
    """One run with its attempts and what went out (without secrets).

    Where the record does not show the reader all of it: the robot's settings as they are written, in place of what was
    made of them.
    """

    run: RunRow
    attempts: tuple[Attempt, ...]
    intent: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Silence:
    """An event on which a robot or trigger did not act, and why."""

    event_id: int
    record_id: int
    reason: str
    at: datetime
    is_redacted: bool
    """Whether the reason is left out, as in `RunRow`."""


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
    row = _rows(access, [run])[0]
    if not row.is_redacted:
        return RunDetail(row, attempts, run.intent)
    for attempt in attempts:
        attempt.error = ""
    return RunDetail(row, attempts, _as_written(run) if run.intent is not None else None)


def silences_of(access: Access, rule_kind: RuleKind, rule_id: int) -> tuple[Silence, ...]:
    """Why a robot or trigger did not act lately, the newest first. Raises NotAllowed, NotFound."""
    access.require(Operation.AUTOMATE)
    if not RULES[rule_kind].objects.filter(process_id=access.definition.id, pk=rule_id).exists():
        raise NotFound(_("There is no such robot or trigger."), rule=rule_id)
    rows = NotFired.objects.filter(rule_kind=rule_kind, rule_id=rule_id).order_by("-id")[:PAGE]
    told = _Told(access, {row.record_id for row in rows})
    return tuple(
        Silence(row.event_id, row.record_id, row.reason if is_told else "", row.at, not is_told)
        for row in rows
        for is_told in (told.is_whole(row.record_id),)
    )


def _filtered(rows: Any, wanted: RunFilter) -> Any:
    if wanted.states:
        rows = rows.filter(state__in=wanted.states)
    if wanted.robot_id is not None:
        rows = rows.filter(rule_kind=RuleKind.ROBOT, rule_id=wanted.robot_id)
    if wanted.trigger_id is not None:
        rows = rows.filter(rule_kind=RuleKind.TRIGGER, rule_id=wanted.trigger_id)
    if wanted.record_id is not None:
        rows = rows.filter(record_id=wanted.record_id)
    if wanted.stage_id is not None:
        robots = Robot.objects.filter(stage_id=wanted.stage_id).values("pk")
        triggers = Trigger.objects.filter(stage_id=wanted.stage_id).values("pk")
        rows = rows.filter(
            Q(rule_kind=RuleKind.ROBOT, rule_id__in=robots) | Q(rule_kind=RuleKind.TRIGGER, rule_id__in=triggers)
        )
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
    """Runs as rows; the title of a record is told to those who may see it, what was made of it to whoever sees all."""
    told = _Told(access, {run.record_id for run in runs})
    chains = _chains([run.pk for run in runs if run.cause_run_id])
    may_act = access.can(Operation.AUTOMATE)
    silent = _silent_hosts({run.host for run in runs if may_act and run.host and run.state == State.READY})
    return tuple(
        _row(
            run,
            told,
            chains.get(run.pk, ()),
            reason=_("%s does not answer; its calls wait.") % run.host
            if may_act and run.host in silent
            else run.reason,
            may_act=may_act,
        )
        for run in runs
    )


class _Told:
    """What a reader is told of the records that runs are about, in the bin as outside. One query."""

    def __init__(self, access: Access, record_ids: Iterable[int]) -> None:
        seen = Record.objects.visible_to([access]) | Record.objects.in_bin([access])
        rows = seen.filter(pk__in=set(record_ids))
        self._records = {row.pk: row for row in rows.defer("search", "words")}
        self._access = access

    def title(self, record_id: int) -> str:
        """The record's title, empty where the reader does not see it or it is in the bin: it has no card there."""
        row = self._records.get(record_id)
        return row.title if row is not None and row.deleted_at is None else ""

    def is_whole(self, record_id: int) -> bool:
        """Whether the reader reads every answer of the record: words made of it may hold any of them."""
        row = self._records.get(record_id)
        definition = self._access.definition
        return row is not None and len(self._access.fields_of(row)) == len(definition.fields)


def _as_written(run: Run) -> Mapping[str, Any]:
    """The settings that a robot's run acts by, with their placeholders, without secrets; a trigger's has none."""
    if run.rule_kind != RuleKind.ROBOT:
        return {}
    version = RobotVersion.objects.filter(robot_id=run.rule_id, version=run.rule_version).first()
    kind = robot_types.get(version.kind) if version is not None else None
    if version is None or kind is None:
        return {}
    return without_secrets(kind.Settings(context=definition_of(run.process_id)).fields, version.settings)


def _silent_hosts(hosts: set[str]) -> frozenset[str]:
    """Those of the hosts that are left alone now. One query, none without hosts."""
    rows = Endpoint.objects.filter(host__in=hosts, open_until__gt=Now()) if hosts else Endpoint.objects.none()
    return frozenset(rows.values_list("host", flat=True))


def _row(run: Run, told: "_Told", causes: tuple[Cause, ...], *, reason: str, may_act: bool) -> RunRow:
    is_told = told.is_whole(run.record_id)
    is_gated = run.state == State.BLOCKED and "gate" in run.result
    result = {**run.result, "gate": told_again(run.result["gate"])} if is_gated else run.result
    error = summary(result["stage"], result["gate"]) if is_gated else run.error
    return RunRow(
        id=run.pk,
        rule_kind=run.rule_kind,
        rule_id=run.rule_id,
        name=run.name,
        record_id=run.record_id,
        record_title=told.title(run.record_id),
        state=run.state,
        state_label=str(State(run.state).label),
        reason=reason if is_told else "",
        error=error if is_told else "",
        error_code=run.error_code,
        result=result if is_told else {},
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
        is_redacted=not is_told and bool(run.reason or run.error or run.result or run.intent),
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
