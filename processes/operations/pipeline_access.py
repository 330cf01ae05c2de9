"""Where whole pipelines differ in what roles may do; for use inside a change lock."""

from collections.abc import Collection, Mapping

from django.utils.translation import gettext as _

from accounts.models import Role
from accounts.models.role import ROBOTS_ROLE_KEY
from core.errors import Invalid
from processes.models import Grant, Operation, Pipeline, Process, Scope
from processes.models.access import OF_PIPELINES

ByPipeline = Mapping[int, Mapping[str, Mapping[int, int]]]
"""Role id → operation → pipeline id → scope; scope 0 takes away there what holds elsewhere."""


def put_pipeline_grants(process: Process, roles: Collection[int], differing: ByPipeline) -> None:
    """Replace where pipelines differ for the roles; stages of a pipeline that differ themselves are heard first. In a
    closed pipeline, scope 0 is what holds without a word and is not kept."""
    pipelines = dict(Pipeline.objects.filter(process=process).values_list("pk", "is_open"))
    robots = set(Role.objects.filter(key=ROBOTS_ROLE_KEY).values_list("pk", flat=True))
    if not set(differing) <= set(roles):
        raise _wrong(_("There is no such role."))
    rows = [
        _grant(process, pipelines, role_id, operation, pipeline_id, scope)
        for role_id, operations in differing.items()
        for operation, places in operations.items()
        for pipeline_id, scope in places.items()
    ]
    said = [row for row in rows if row.scope or pipelines[row.pipeline_id or 0] or row.role_id in robots]
    Grant.objects.filter(process=process, role_id__in=roles).exclude(pipeline=None).delete()
    Grant.objects.bulk_create(said)


def pipeline_grants_of(process: Process, roles: Collection[int]) -> dict[str, int]:
    """What an event tells of them: `<role>.<operation>.pipeline.<pipeline>` → scope."""
    rows = Grant.objects.filter(process=process, role_id__in=roles).exclude(pipeline=None)
    told = rows.values_list("role_id", "operation", "pipeline_id", "scope")
    return {f"{role_id}.{operation}.pipeline.{pipeline_id}": scope for role_id, operation, pipeline_id, scope in told}


def _grant(
    process: Process, pipelines: Collection[int], role_id: int, operation: str, pipeline_id: int, scope: int
) -> Grant:
    if pipeline_id not in pipelines:
        raise _wrong(_("There is no such pipeline."))
    if operation not in Operation.values or scope not in Scope.values:
        raise _wrong(_("There is no such right."))
    if operation not in OF_PIPELINES:
        raise _wrong(_("“%s” is the same in all pipelines.") % Operation(operation).label)
    if operation == Operation.CREATE and scope not in (Scope.NONE, Scope.ALL):
        raise _wrong(_("“%s” is given or not; it has no scope.") % Operation(operation).label)
    return Grant(process=process, role_id=role_id, operation=operation, scope=scope, pipeline_id=pipeline_id)


def _wrong(message: str) -> Invalid:
    return Invalid(message, {"pipelines": [message]})
