"""What would hold records up for ever: said to those who design, forbidden to nobody."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from accounts.models import RoleAssignment
from processes.definition_types import Definition, PipelineDef, StageDef
from processes.models import Operation, Scope


def dead_ends(definition: Definition, pipeline: PipelineDef) -> list[str]:
    """Stages that records cannot leave or reach, gates that nobody can pass or that ask for what is locked before them.
    One query where gates name roles."""
    return [*_stages(definition, pipeline), *_gates(pipeline), *_locked_out(definition, pipeline)]


def _stages(definition: Definition, pipeline: PipelineDef) -> Iterator[str]:
    reached = {target for targets in pipeline.targets.values() for target in targets}
    for stage in pipeline.stages:
        names = {"stage": stage.name}
        if stage.is_open and len(pipeline.stages) > 1 and not pipeline.targets[stage.id]:
            yield _("No move leads out of “%(stage)s”.") % names
        elif stage.is_open and not _may_anybody_move(definition, stage):
            yield _("Of all people only administrators and the author may move records out of “%(stage)s”.") % names
        if stage.id not in reached and stage.id != pipeline.first_stage.id:
            yield _("No move leads into “%(stage)s”.") % names


def _may_anybody_move(definition: Definition, stage: StageDef) -> bool:
    for role_id in (definition.grants.keys() | definition.stage_grants.keys()) - definition.built_in_roles:
        general = definition.grants.get(role_id, {}).get(Operation.MOVE, Scope.NONE)
        if definition.stage_grants.get(role_id, {}).get(Operation.MOVE, {}).get(stage.id, general):
            return True
    return False


def _gates(pipeline: PipelineDef) -> Iterator[str]:
    closed = [gate for gate in pipeline.gates if gate.role_ids]
    if not closed:
        return
    named = {role_id for gate in closed for role_id in gate.role_ids}
    held = set(RoleAssignment.objects.filter(role__in=named).values_list("role_id", flat=True))
    names = {stage.id: stage.name for stage in pipeline.stages}
    for gate in closed:
        if not gate.role_ids & held:
            yield _("Nobody holds a role that may pass the gate into “%(stage)s”.") % {"stage": names[gate.target_id]}


def _locked_out(definition: Definition, pipeline: PipelineDef) -> Iterator[str]:
    """Ways out of a stage that want fields filled in, for a gate or from the next stage on, which nobody changes
    there."""
    for stage in pipeline.stages:
        for target_id in sorted(pipeline.targets[stage.id]):
            gates = pipeline.gates_between(stage.id, target_id)
            asked = {definition.field_by_id[field_id].key for gate in gates for field_id in gate.field_ids}
            asked.update(field.key for field in definition.required_in(definition.stage_by_id[target_id]))
            asked.difference_update(field.key for field in definition.required_in(stage))
            for key in sorted(asked.intersection(stage.locked_fields)):
                yield _(
                    "The way from “%(stage)s” into “%(target)s” asks for “%(field)s”, which nobody changes there."
                ) % {
                    "stage": stage.name,
                    "target": definition.stage_by_id[target_id].name,
                    "field": definition.field_by_key[key].label,
                }
