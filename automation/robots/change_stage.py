"""Move the record on."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from automation.choices import RobotSettings
from automation.effects import Context, InsideRobot, Result, Skip, robot_types
from core.errors import NotFound
from processes.definition_types import Definition
from processes.models import Operation
from records.operations import move_record


class StageSettings(RobotSettings):
    """Where to."""

    stage = forms.ChoiceField(label=gettext_lazy("To the stage"))

    def __init__(self, *args: Any, context: Definition, **kwargs: Any) -> None:
        super().__init__(*args, context=context, **kwargs)
        self.fields["stage"].choices = _choices(context)  # type: ignore[attr-defined]


@robot_types.register
class ChangeStage(InsideRobot):
    """Moves the record to a stage of its pipeline or of another one, by the same map and rights as everybody."""

    key = "change_stage"
    label = gettext_lazy("Change the stage")
    description = gettext_lazy("Moves the card; the map of the pipeline holds for robots too.")
    icon = "arrow-right"
    needs_stages = True
    Settings = StageSettings

    def needs(self, settings: Mapping[str, Any]) -> frozenset[Operation]:
        return frozenset({Operation.VIEW, Operation.MOVE})

    def summary(self, settings: Mapping[str, Any], definition: Definition) -> str:
        try:
            return f"→ {definition.stage(settings['stage']).name}"
        except NotFound:
            return _("to a stage that no longer exists")

    def perform(self, context: Context) -> Result:
        source = context.row.stage
        key = context.settings["stage"]
        pipeline = context.writing.definition.pipeline_by_id[source.pipeline_id]
        if key in (source.key, f"{pipeline.key}.{source.key}"):
            raise Skip(_("The record stands in this stage already."))
        moved = move_record(context.writing, context.row.pk, to=key, actor=context.actor)
        return Result(f"{source.name} → {moved.stage.name}", {"from": source.id, "stage": moved.stage_id})


def _choices(definition: Definition) -> list[Any]:
    """Stages by key; where there are several pipelines, by “pipeline.stage” under the pipeline's name."""
    if len(definition.pipelines) == 1:
        return [(stage.key, stage.name) for stage in definition.default_pipeline.stages]
    return [
        (pipeline.name, [(f"{pipeline.key}.{stage.key}", stage.name) for stage in pipeline.stages])
        for pipeline in definition.pipelines
    ]
