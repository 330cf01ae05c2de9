"""Rows of a process for those who design it."""

from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import NotFound
from processes.models import Field, FieldJob, Operation, Pipeline, Process, Section, Stage
from processes.permissions import access_for
from processes.uses import Use, field_use_kinds

JOBS_SHOWN = 20


def process_for(actor: Actor, key: str, *, operation: str = Operation.DESIGN) -> Process:
    """The process's row for somebody who may do `operation` with it.

    Raises NotFound where they may not see it, NotAllowed where they may see but not do.
    """
    process = Process.objects.filter(key=key).first()
    if process is None:
        raise NotFound(_("There is no such process."), process=key)
    access_for(actor, process).require(operation)
    return process


def field_of(process: Process, key: str) -> Field:
    """A live field by key. Raises NotFound."""
    rows = Field.objects.select_related("process").filter(process=process, removed_at=None, shadow_of=None)
    found = rows.filter(key=key).first()
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
    found = (rows.filter(key=key) if key else rows).first()
    if found is None:
        raise NotFound(_("There is no such pipeline."), pipeline=key)
    return found


def stage_of(process: Process, stage_id: int) -> Stage:
    """A stage of the process by id. Raises NotFound."""
    found = Stage.objects.select_related("pipeline__process").filter(pipeline__process=process, pk=stage_id).first()
    if found is None:
        raise NotFound(_("There is no such stage."), stage=stage_id)
    return found


def archived_processes(actor: Actor) -> list[Process]:
    """Processes that were put away and that the actor may take out again."""
    found = Process.objects.filter(status=Process.Status.ARCHIVED)
    return [process for process in found if access_for(actor, process).can(Operation.DESIGN)]
