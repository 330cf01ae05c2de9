"""Robots and triggers use stages: a stage is not removed under them."""

from collections.abc import Iterator

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from automation.field_use import use_of
from automation.models import Robot, Trigger
from processes.models import Stage
from processes.stage_use import names_stage
from processes.uses import StageUse, Use, stage_uses


@stage_uses.register
class AutomationOfStage(StageUse):
    """Robots that act in the stage or move to it, triggers that lead into it or out of it, conditions over it."""

    key = "automation"
    label = _("Automation")

    def uses(self, stage: Stage) -> Iterator[Use]:
        process, key = stage.pipeline.process_id, stage.pipeline.process.key
        for robot in Robot.objects.filter(process=process, removed_at=None):
            if robot.stage_id == stage.pk or _leads_to(robot, stage) or names_stage(robot.condition, stage):
                yield use_of(robot, key)
        triggers = Trigger.objects.filter(process=process, removed_at=None)
        at_stage = Q(stage=stage) | Q(source=stage)
        acting = set(triggers.filter(at_stage).values_list("pk", flat=True))
        for trigger in triggers:
            if trigger.pk in acting or names_stage(trigger.condition, stage):
                yield use_of(trigger, key)


def _leads_to(robot: Robot, stage: Stage) -> bool:
    """Whether the robot's settings name the stage to move to, by key alone or with its pipeline's."""
    named = robot.settings.get("stage")
    if named == f"{stage.pipeline.key}.{stage.key}":
        return True
    return named == stage.key and robot.stage.pipeline_id == stage.pipeline_id
