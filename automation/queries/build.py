"""What has been automated: robots and triggers by stage, and each for its dialog."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings as site
from django.db.models import Count, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from automation.choices import without_secrets
from automation.effects import robot_types
from automation.models import InboundCall, Robot, RuleKind, Run, Trigger
from automation.occasions import trigger_types
from automation.queries.log import BAD
from automation.scope import condition_for
from automation.verifier import Finding, RuleKey, findings, findings_of
from core.actor import Actor
from core.errors import Invalid, NotFound
from core.registry import Extension
from processes.definition_types import Definition, PipelineDef, StageDef
from processes.models import Operation
from processes.permissions import Access
from records.queries.names import names_in_words

LATEST_CALLS = 20


@dataclass(frozen=True, slots=True)
class RuleTile:
    """What robots and triggers have in common on the automation page."""

    id: int
    kind: str
    kind_label: str
    icon: str
    name: str
    summary: str
    condition: str
    """In words; empty when it is always true."""
    is_on: bool
    position: int
    version: int
    runs: int
    """Of the last 24 hours."""
    failures: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotTile(RuleTile):
    """One robot on the automation page."""

    button: str
    """What is to be pressed, where it does not act on entering."""
    delay_seconds: int
    delay_field: str
    delay_label: str
    """What people call the date that it follows."""
    delay_time: time | None
    wait_for_previous: bool
    keep_running: bool

    @property
    def delay_distance(self) -> int:
        """Seconds, whether before or after."""
        return abs(self.delay_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerTile(RuleTile):
    """One trigger on the automation page."""

    source: StageDef | None
    """The only stage that it acts from."""
    is_transition: bool
    """It leads from one stage to another by itself."""
    allow_backward: bool


@dataclass(frozen=True, slots=True)
class StageColumn:
    """A stage with what moves records to it, what moves them on by itself, and its robots, each in order."""

    stage: StageDef
    triggers: tuple[TriggerTile, ...]
    leaving: tuple[tuple[TriggerTile, StageDef], ...]
    """Automatic transitions out of the stage, with where they lead."""
    robots: tuple[RobotTile, ...]


@dataclass(frozen=True, slots=True)
class AutomationPage:
    """One pipeline with its automation."""

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
class CallRow:
    """A call that a trigger took."""

    message_id: str
    outcome: str
    record_id: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class TriggerForm:
    """A trigger for its dialog: settings without secrets, what is wrong with it, and the latest calls it took."""

    trigger: Trigger
    settings: Mapping[str, Any]
    findings: tuple[Finding, ...]
    calls: tuple[CallRow, ...]


def automation_page(access: Access, pipeline: PipelineDef) -> AutomationPage:
    """The automation of a pipeline by stage, with runs and failures of 24 hours. Raises NotAllowed. Four queries."""
    return next(page for page in automation_pages(access) if page.pipeline.id == pipeline.id)


def automation_pages(access: Access) -> tuple[AutomationPage, ...]:
    """The same for every pipeline of the process, in the same four queries."""
    access.require(Operation.AUTOMATE)
    definition = access.definition
    robots = list(Robot.objects.filter(process_id=definition.id, removed_at=None))
    triggers = list(Trigger.objects.filter(process_id=definition.id, removed_at=None))
    tiles = _Tiles(access.actor, definition, findings(definition, robots, triggers), _counts_of_day(definition.id))
    robot_tiles = [(robot.stage_id, tiles.robot(robot)) for robot in robots]
    trigger_tiles = [(trigger.stage_id, tiles.trigger(trigger)) for trigger in triggers]

    def column(stage: StageDef) -> StageColumn:
        into = [tile for target, tile in trigger_tiles if target == stage.id and not tile.is_transition]
        leaving = [(tile, target) for target, tile in trigger_tiles if tile.is_transition and tile.source is stage]
        return StageColumn(
            stage,
            tuple(into),
            tuple((tile, definition.stage_by_id[target]) for tile, target in leaving),
            tuple(tile for stage_id, tile in robot_tiles if stage_id == stage.id),
        )

    return tuple(
        AutomationPage(definition, pipeline, tuple(column(stage) for stage in pipeline.stages))
        for pipeline in definition.pipelines
    )


def robot_for(access: Access, robot_id: int) -> RobotForm:
    """A robot for changing it. Raises NotAllowed, NotFound."""
    access.require(Operation.AUTOMATE)
    rows = Robot.objects.filter(process_id=access.definition.id, removed_at=None).select_related("stage__pipeline")
    robot = rows.filter(pk=robot_id).first()
    if robot is None:
        raise NotFound(_("There is no such robot."), robot=robot_id)
    kind = robot_types.get(robot.kind)
    settings = _shown_settings(kind, robot.settings, access.definition)
    return RobotForm(robot, settings, findings_of(access.definition)[(RuleKind.ROBOT, robot.pk)])


def trigger_for(access: Access, trigger_id: int) -> TriggerForm:
    """A trigger for changing it. Raises NotAllowed, NotFound."""
    access.require(Operation.AUTOMATE)
    rows = Trigger.objects.filter(process_id=access.definition.id, removed_at=None).select_related("stage__pipeline")
    trigger = rows.filter(pk=trigger_id).first()
    if trigger is None:
        raise NotFound(_("There is no such trigger."), trigger=trigger_id)
    kind = trigger_types.get(trigger.kind)
    calls = InboundCall.objects.filter(trigger=trigger).order_by("-id")[:LATEST_CALLS]
    return TriggerForm(
        trigger,
        _shown_settings(kind, trigger.settings, access.definition),
        findings_of(access.definition)[(RuleKind.TRIGGER, trigger.pk)],
        tuple(CallRow(c.message_id, c.answer.get("outcome", ""), c.answer.get("record"), c.at) for c in calls),
    )


def hook_url(trigger: Trigger) -> str:
    """The address that other programs call; empty for a trigger that is not called."""
    return f"{site.BASE_URL}/api/v1/hooks/{trigger.hook_key}/" if trigger.hook_key else ""


def _shown_settings(kind: Extension | None, settings: Mapping[str, Any], definition: Definition) -> Mapping[str, Any]:
    return settings if kind is None else without_secrets(kind.Settings(context=definition).fields, settings)


def _counts_of_day(process_id: int) -> dict[RuleKey, tuple[int, int]]:
    rows = (
        Run.objects.filter(process_id=process_id, created_at__gt=Now() - timedelta(days=1))
        .values("rule_kind", "rule_id")
        .annotate(runs=Count("pk"), failures=Count("pk", filter=Q(state__in=BAD)))
        .order_by()
    )
    return {(row["rule_kind"], row["rule_id"]): (row["runs"], row["failures"]) for row in rows}


@dataclass(frozen=True)
class _Tiles:
    """What tiles need besides their rows."""

    actor: Actor
    definition: Definition
    findings: Mapping[RuleKey, tuple[Finding, ...]]
    counts: Mapping[RuleKey, tuple[int, int]]

    def robot(self, robot: Robot) -> RobotTile:
        """The tile of a robot."""
        kind = robot_types.get(robot.kind)
        follows = self.definition.field_by_key.get(robot.delay_field)
        return RobotTile(
            **self._common(robot, RuleKind.ROBOT),
            kind_label=str(kind.label) if kind else robot.kind,
            icon=kind.icon if kind else "robot",
            summary=kind.summary(robot.settings, self.definition) if kind else "",
            button=robot.button,
            delay_seconds=robot.delay_seconds,
            delay_field=robot.delay_field,
            delay_label=follows.label if follows else robot.delay_field,
            delay_time=robot.delay_time,
            wait_for_previous=robot.wait_for_previous,
            keep_running=robot.keep_running,
        )

    def trigger(self, trigger: Trigger) -> TriggerTile:
        """The tile of a trigger."""
        kind = trigger_types.get(trigger.kind)
        return TriggerTile(
            **self._common(trigger, RuleKind.TRIGGER),
            kind_label=str(kind.label) if kind else trigger.kind,
            icon=kind.icon if kind else "bolt",
            summary=kind.summary(trigger.settings, self.definition) if kind else "",
            source=self.definition.stage_by_id.get(trigger.source_id or 0),
            is_transition=kind is not None and kind.needs_source,
            allow_backward=trigger.allow_backward,
        )

    def _common(self, rule: Robot | Trigger, rule_kind: RuleKind) -> dict[str, Any]:
        runs, failures = self.counts.get((rule_kind, rule.pk), (0, 0))
        return {
            "id": rule.pk,
            "kind": rule.kind,
            "name": rule.name,
            "condition": _condition_text(rule, self.definition, self.actor),
            "is_on": rule.is_on,
            "position": rule.position,
            "version": rule.version,
            "runs": runs,
            "failures": failures,
            "findings": self.findings[(rule_kind, rule.pk)],
        }


def _condition_text(rule: Robot | Trigger, definition: Definition, actor: Actor) -> str:
    if rule.condition is None:
        return ""
    try:
        return condition_for(definition, rule.condition).describe(names_in_words(actor))
    except Invalid as error:
        return str(error)
