"""Robots and triggers use stages: a stage is not removed under them."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from automation.models import Robot, Trigger
from processes.uses import StageUse, stage_uses


@stage_uses.register
class AutomationOfStage(StageUse):
    """Robots that act in the stage, triggers that lead into it or out of it."""

    key = "automation"
    label = _("Automation")

    def names(self, stage_id: int) -> list[str]:
        robots = Robot.objects.filter(stage_id=stage_id, removed_at=None)
        triggers = Trigger.objects.filter(Q(stage_id=stage_id) | Q(source_id=stage_id), removed_at=None)
        return [*robots.values_list("name", flat=True), *triggers.values_list("name", flat=True)]
