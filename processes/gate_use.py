"""Gates speak of fields and stages: neither is removed under them unnoticed."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from expressions.conditions import parse_condition
from expressions.errors import InvalidExpression
from processes.definition_types import Definition
from processes.models import Field, Gate, Stage
from processes.schema import keys_in, schema_of
from processes.uses import FieldUse, StageUse, Use, field_use_kinds, stage_uses


@field_use_kinds.register
class GatesOfField(FieldUse):
    """Gates that require an answer, or whose condition asks about it."""

    key = "gates"
    label = gettext_lazy("Gates")

    def uses(self, field: Field) -> Iterator[Use]:
        requiring = set(field.gates.values_list("pk", flat=True))
        for gate in _gates(field.process_id):
            if gate.pk in requiring or field.key in keys_in(gate.condition):
                yield Use(gettext_lazy("gate"), name_of(gate))

    def breaks(self, field: Field, definition: Definition) -> Iterator[Use]:
        for gate in _gates(field.process_id):
            if field.key in keys_in(gate.condition) and not _is_readable(gate, definition):
                yield Use(gettext_lazy("gate"), name_of(gate))


@stage_uses.register
class GatesOfStage(StageUse):
    """Gates whose condition asks for the stage; those on its own ways go with it."""

    key = "gates"
    label = gettext_lazy("Gates")

    def names(self, stage_id: int) -> list[str]:
        stage = Stage.objects.select_related("pipeline").get(pk=stage_id)
        meant = {stage.pk, stage.key, f"{stage.pipeline.key}.{stage.key}"}
        others = _gates(stage.pipeline.process_id).exclude(Q(source=stage_id) | Q(target=stage_id))
        return [name_of(gate) for gate in others if "stage" in keys_in(gate.condition) and meant & _constants(gate)]


def name_of(gate: Gate) -> str:
    """What people call a gate: the way on which it stands."""
    if gate.source is None:
        return _("any stage → %s") % gate.target.name
    return f"{gate.source.name} → {gate.target.name}"


def _gates(process_id: int) -> Any:
    return Gate.objects.select_related("source", "target").filter(target__pipeline__process=process_id)


def _is_readable(gate: Gate, definition: Definition) -> bool:
    try:
        parse_condition(gate.condition, schema_of(definition))
    except InvalidExpression:
        return False
    return True


def _constants(gate: Gate) -> set[int | str]:
    """Everything in a gate's condition that may mean a stage."""
    return set(_leaves(gate.condition))


def _leaves(tree: Any) -> Iterator[int | str]:
    if isinstance(tree, Mapping):
        for value in tree.values():
            yield from _leaves(value)
    elif isinstance(tree, list):
        for item in tree:
            yield from _leaves(item)
    elif isinstance(tree, int | str):
        yield tree
