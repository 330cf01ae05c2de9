"""What of a process itself speaks of a stage: rules and conditions of fields, moves, rights."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from processes.models import Field, FieldGrant, Grant, Stage, Transition
from processes.uses import FieldUse, StageUse, Use, Whereabouts, field_use_kinds, stage_uses


@stage_uses.register
class FieldsOfStage(StageUse):
    """Fields that are required from the stage on, or asked by a condition over it."""

    key = "fields"
    label = _("Fields")

    def uses(self, stage: Stage) -> Iterator[Use]:
        rows = Field.objects.filter(process_id=stage.pipeline.process_id, shadow_of=None)
        for field in rows.select_related("process"):
            if field.required_from_id == stage.pk:
                yield Use(_("required from this stage on"), field.label, field_at(field))
            if names_stage(field.visible_if, stage):
                yield Use(_("asked by a condition"), field.label, field_at(field))


@stage_uses.register
class MovesOfStage(StageUse):
    """Chosen moves into the stage and out of it."""

    key = "moves"
    label = _("Moves")
    holds: ClassVar[bool] = False

    def uses(self, stage: Stage) -> Iterator[Use]:
        rows = Transition.objects.filter(source=stage) | Transition.objects.filter(target=stage)
        for move in rows.select_related("source", "target"):
            where = Whereabouts("moves", stage.pipeline.process.key, pipeline=stage.pipeline.key)
            yield Use(_("move"), f"{move.source.name} → {move.target.name}", where)


@stage_uses.register
class RightsInStage(StageUse):
    """Rights of roles that differ in the stage."""

    key = "rights"
    label = _("Rights")
    holds: ClassVar[bool] = False

    def uses(self, stage: Stage) -> Iterator[Use]:
        grants = Grant.objects.filter(stage=stage).values_list("role__name", flat=True)
        fields = FieldGrant.objects.filter(stage=stage).values_list("role__name", flat=True)
        for name in dict.fromkeys([*grants, *fields]):
            yield Use(_("rights of a role"), name, Whereabouts("rights", stage.pipeline.process.key))


@field_use_kinds.register
class StagesOfField(FieldUse):
    """Stages in which the field is locked."""

    key = "stages"
    label = _("Stages")

    def uses(self, field: Field) -> Iterator[Use]:
        for stage in field.locked_in.select_related("pipeline"):
            where = Whereabouts("stage", field.process.key, stage.pk, stage.pipeline.key)
            yield Use(_("locked in a stage"), stage.name, where)


def field_at(field: Field) -> Whereabouts:
    """Where a field is changed."""
    return Whereabouts("field", field.process.key, field.pk)


def names_stage(condition: Any, stage: Stage) -> bool:
    """Whether a condition, written as a JSON tree, compares the stage of a record with this one."""
    if isinstance(condition, list):
        return any(names_stage(item, stage) for item in condition)
    if not isinstance(condition, Mapping):
        return False
    if condition.get("field") == "stage":
        value = condition.get("value")
        named = value if isinstance(value, list) else [value]
        return any(item in (stage.pk, stage.key, f"{stage.pipeline.key}.{stage.key}") for item in named)
    return any(names_stage(item, stage) for item in condition.values())
