"""Rows of a process for those who design it."""

from dataclasses import dataclass, replace
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import NotFound
from core.text import is_storable
from processes.definition_types import PipelineDef, StageDef
from processes.models import Field, FieldJob, Operation, Pipeline, Process, Section, Stage
from processes.permissions import Access, access_for, visible_access
from processes.storage import storage
from processes.uses import Use, field_use_kinds, stage_uses

JOBS_SHOWN = 20
Row = TypeVar("Row", bound=Model)
_SHOWING = (Operation.VIEW, Operation.CREATE)


def process_for(actor: Actor, key: str, *, operation: str = Operation.DESIGN) -> Process:
    """The process's row for somebody who may do `operation` with it.

    Raises NotFound where they may not see it, NotAllowed where they may see but not do.
    """
    access = visible_access(actor, key)
    access.require(operation)
    return Process.objects.get(pk=access.definition.id)


def field_of(process: Process, key: str) -> Field:
    """A live field by key. Raises NotFound."""
    rows = Field.objects.select_related("process").filter(process=process, removed_at=None, shadow_of=None)
    found = _keyed(rows, key=key)
    if found is None:
        raise NotFound(_("There is no such field."), field=key)
    return found


def field_uses(field: Field) -> list[Use]:
    """Everything that speaks of a field: rules, formulas, conditions, links."""
    return [use for kind in field_use_kinds for use in kind.uses(field)]


def removed_fields(process: Process) -> list[Field]:
    """Fields that were removed and can be restored, the latest first."""
    found = Field.objects.select_related("process").filter(process=process, shadow_of=None)
    return list(found.exclude(removed_at=None).order_by("-removed_at"))


def removed_field(process: Process, field_id: int) -> Field:
    """A removed field by id. Raises NotFound."""
    found = next((field for field in removed_fields(process) if field.pk == field_id), None)
    if found is None:
        raise NotFound(_("There is no such field."), field=field_id)
    return found


def jobs_of(process: Process) -> list[FieldJob]:
    """The changes of the process that are on their way or failed, and the latest finished ones, newest first."""
    return list(FieldJob.objects.select_related("field").filter(field__process=process).order_by("-pk")[:JOBS_SHOWN])


def job_of(process: Process, job_id: int) -> FieldJob:
    """A change of a field by id. Raises NotFound."""
    rows = FieldJob.objects.select_related("field__process")
    found = rows.filter(field__process=process, pk=job_id).first()
    if found is None:
        raise NotFound(_("There is no such change."), job=job_id)
    return found


def section_of(process: Process, section_id: int) -> Section:
    """A section by id. Raises NotFound."""
    found = Section.objects.select_related("process").filter(process=process, pk=section_id).first()
    if found is None:
        raise NotFound(_("There is no such section."), section=section_id)
    return found


def layout_of(process: Process) -> list[tuple[int | None, list[str]]]:
    """Section ids in order, the fields without one (None) first, each with the keys of its fields in order."""
    found: dict[int | None, list[str]] = {None: []}
    found |= {pk: [] for pk in Section.objects.filter(process=process).values_list("pk", flat=True)}
    rows = Field.objects.filter(process=process, removed_at=None, shadow_of=None)
    for section_id, key in rows.values_list("section_id", "key"):
        found[section_id].append(key)
    return list(found.items())


def pipeline_of(process: Process, key: str = "") -> Pipeline:
    """A pipeline by key, the first one without. Raises NotFound."""
    rows = Pipeline.objects.select_related("process").filter(process=process)
    found = _keyed(rows, key=key) if key else rows.first()
    if found is None:
        raise NotFound(_("There is no such pipeline."), pipeline=key)
    return found


def stage_of(process: Process, stage_id: int) -> Stage:
    """A stage of the process by id. Raises NotFound."""
    found = Stage.objects.select_related("pipeline__process").filter(pipeline__process=process, pk=stage_id).first()
    if found is None:
        raise NotFound(_("There is no such stage."), stage=stage_id)
    return found


def stage_in(pipeline: Pipeline, key: str) -> Stage:
    """A stage of the pipeline by key. Raises NotFound."""
    found = _keyed(Stage.objects.select_related("pipeline__process").filter(pipeline=pipeline), key=key)
    if found is None:
        raise NotFound(_("There is no such stage."), stage=key)
    return found


@dataclass(frozen=True, slots=True)
class StageUsage:
    """What hangs on a stage that is to go."""

    count: int
    """Records that stand in it, the bin included."""
    holding: tuple[Use, ...]
    """What must be changed first."""
    going: tuple[Use, ...]
    """What goes with it."""


def usage_of(stage: Stage) -> StageUsage:
    """Everything that is in a stage or speaks of it."""
    holding = tuple(use for kind in stage_uses if kind.holds for use in kind.uses(stage))
    going = tuple(use for kind in stage_uses if not kind.holds for use in kind.uses(stage))
    return StageUsage(storage().count_in_stage(stage.pipeline.process, stage.pk), holding, going)


def stage_named(process: Process, key: str) -> Stage:
    """A stage by key, or by “pipeline.stage”. Raises NotFound."""
    pipeline_key, _dot, stage_key = key.rpartition(".")
    named = {"key": stage_key} | ({"pipeline__key": pipeline_key} if pipeline_key else {})
    rows = Stage.objects.select_related("pipeline__process").filter(pipeline__process=process)
    found = _keyed(rows.order_by("pipeline__position", "position"), **named)
    if found is None:
        raise NotFound(_("There is no such stage."), stage=key)
    return found


def _keyed(rows: QuerySet[Row], **keys: str) -> Row | None:
    """The first row with these keys, as an address or a program writes them."""
    return rows.filter(**keys).first() if all(map(is_storable, keys.values())) else None


def visible_pipelines(access: Access) -> tuple[PipelineDef, ...]:
    """The pipelines in which the actor sees a stage, or may create; all of an administrator's."""
    return tuple(
        pipeline
        for pipeline in access.definition.shown_pipelines
        if any(access.reach(operation, stage.id) for stage in pipeline.stages for operation in _SHOWING)
    )


def visible_stage(access: Access, key: str | int, *, pipeline: str | None = None) -> StageDef:
    """A stage of a pipeline that the actor sees, by id or key; the first one of a pipeline for an empty key.

    Raises NotFound, for a closed pipeline as for an absent one.
    """
    definition = access.definition
    if definition.has_stages:
        definition = replace(definition, pipelines=visible_pipelines(access))
        if not definition.pipelines:
            raise NotFound(_("There is no such stage."))
    if key:
        return definition.stage(f"{pipeline}.{key}" if pipeline else key)
    return definition.pipeline(pipeline).first_stage


def creating_pipelines(access: Access) -> tuple[PipelineDef, ...]:
    """The pipelines in which the actor may make records; new ones begin in the first of them."""
    return tuple(
        pipeline for pipeline in access.definition.pipelines if access.reach(Operation.CREATE, pipeline.first_stage.id)
    )


def archived_processes(actor: Actor) -> list[Process]:
    """Processes that were put away and that the actor may take out again."""
    found = Process.objects.filter(status=Process.Status.ARCHIVED)
    return [process for process in found if access_for(actor, process).can(Operation.DESIGN)]
