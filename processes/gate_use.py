"""Gates speak of fields and stages: neither is removed under them unnoticed."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Role
from expressions.conditions import parse_condition
from expressions.errors import InvalidExpression
from processes.definition_types import Definition
from processes.models import Field, Gate, Stage
from processes.schema import keys_in, schema_of
from processes.stage_use import names_stage
from processes.uses import FieldUse, StageUse, Use, Whereabouts, field_use_kinds, stage_uses


@field_use_kinds.register
class GatesOfField(FieldUse):
    """Gates that require an answer, or whose condition asks about it."""

    key = "gates"
    label = gettext_lazy("Gates")

    def uses(self, field: Field) -> Iterator[Use]:
        requiring = set(field.gates.values_list("pk", flat=True))
        for gate in _gates(field.process_id):
            if gate.pk in requiring or field.key in keys_in(gate.condition):
                yield Use(gettext_lazy("gate"), name_of(gate), _at(gate))

    def breaks(self, field: Field, definition: Definition) -> Iterator[Use]:
        for gate in _gates(field.process_id):
            if field.key in keys_in(gate.condition) and not _is_readable(gate, definition):
                yield Use(gettext_lazy("gate"), name_of(gate), _at(gate))


@stage_uses.register
class GatesOfStage(StageUse):
    """Gates whose condition asks for the stage; those on its own ways go with it."""

    key = "gates"
    label = gettext_lazy("Gates")

    def uses(self, stage: Stage) -> Iterator[Use]:
        for gate in _gates(stage.pipeline.process_id).exclude(Q(source=stage) | Q(target=stage)):
            if names_stage(gate.condition, stage):
                yield Use(gettext_lazy("condition of a gate"), name_of(gate), _at(gate))


@stage_uses.register
class GatesOnWays(StageUse):
    """Gates on the ways into the stage and out of it: they go with it."""

    key = "gates_on_ways"
    label = gettext_lazy("Gates")
    holds: ClassVar[bool] = False

    def uses(self, stage: Stage) -> Iterator[Use]:
        for gate in _gates(stage.pipeline.process_id).filter(Q(source=stage) | Q(target=stage)):
            yield Use(gettext_lazy("gate"), name_of(gate), _at(gate))


def gates_of_role(role: Role) -> list[Use]:
    """The gates that a role passes and others do not, by process."""
    rows = Gate.objects.filter(roles=role).select_related("source", "target__pipeline__process")
    ordered = rows.order_by("target__pipeline__process__name", "pk")
    return [Use(gate.target.pipeline.process.name, name_of(gate), _at(gate)) for gate in ordered]


def name_of(gate: Gate) -> str:
    """What people call a gate: the way on which it stands."""
    if gate.source is None:
        return _("any stage → %s") % gate.target.name
    return f"{gate.source.name} → {gate.target.name}"


def _at(gate: Gate) -> Whereabouts:
    pipeline = gate.target.pipeline
    way = f"{gate.source_id or 'any'}-{gate.target_id}"
    return Whereabouts("gate", pipeline.process.key, way, pipeline.key)


def _gates(process_id: int) -> Any:
    rows = Gate.objects.select_related("source", "target__pipeline__process")
    return rows.filter(target__pipeline__process=process_id)


def _is_readable(gate: Gate, definition: Definition) -> bool:
    try:
        parse_condition(gate.condition, schema_of(definition))
    except InvalidExpression:
        return False
    return True
