"""The present definition of a process: compiled once, cached by (id, version), shared by every thread.

One short query per request reads the version; everything else comes from the cache. A definition that a rolled-back
transaction saw is harmless in the cache: its version number is never used again.
"""

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock

from django.db import connection
from django.utils.translation import gettext as _
from psycopg import sql

from accounts.models import Role
from accounts.models.role import ROBOTS_ROLE_KEY
from core.errors import NotFound
from core.text import is_storable
from processes.definition_types import (
    CheckItem,
    Definition,
    FieldDef,
    GateDef,
    PipelineDef,
    ReasonDef,
    SectionDef,
    StageDef,
    Words,
)
from processes.fieldtype import field_types
from processes.models import Field, FieldGrant, Gate, Grant, Pipeline, Process, Section, Stage, Transition
from processes.reach import Scopes, stage_grants_of

CACHE_SIZE = 512


_cache: OrderedDict[tuple[int, int], Definition] = OrderedDict()
_lock = Lock()


def definition_of(process: int | str | Process) -> Definition:
    """The present definition of a process by id, key or row; one query when cached. Raises NotFound."""
    return _at(*_present_version(process))


def definition_at(process_id: int, version: int) -> Definition:
    """The definition when the version has just been read (by the write path's lock); no query when cached."""
    return _at(process_id, version)


def definitions() -> list[Definition]:
    """The present definitions of all processes that are not archived, in their order; one query when cached."""
    rows = Process.objects.exclude(status=Process.Status.ARCHIVED).values_list("id", "version")
    return [_at(process_id, version) for process_id, version in rows]


def fresh_definition(process_id: int) -> Definition:
    """The definition as the rows say right now, past the cache: for code inside a change of the definition."""
    return _load(process_id)


def forget_definitions() -> None:
    """Empty the cache (tests that roll sequences back)."""
    with _lock:
        _cache.clear()


def _present_version(process: int | str | Process) -> tuple[int, int]:
    column = "key" if isinstance(process, str) else "id"
    value: int | str = process.pk if isinstance(process, Process) else process
    if isinstance(value, str) and not is_storable(value):
        raise NotFound(_("There is no such process."))
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT id, version FROM processes_process WHERE {} = %s").format(sql.Identifier(column)), [value]
        )
        row = cursor.fetchone()
    if row is None:
        raise NotFound(_("There is no such process."))
    return row[0], row[1]


def _at(process_id: int, version: int) -> Definition:
    slot = (process_id, version)
    with _lock:
        found = _cache.get(slot)
        if found is not None:
            _cache.move_to_end(slot)
            return found
    built = _load(process_id)
    if built.version == version:
        with _lock:
            _cache[slot] = built
            while len(_cache) > CACHE_SIZE:
                _cache.popitem(last=False)
    return built


def _load(process_id: int) -> Definition:
    """Read the rows. They are of one moment: the version is read before and after, and read again if it moved."""
    while True:
        process = Process.objects.filter(pk=process_id).first()
        if process is None:
            raise NotFound(_("There is no such process."))
        built = _build(process)
        if Process.objects.values_list("version", flat=True).get(pk=process_id) == process.version:
            return built


def _build(process: Process) -> Definition:
    rows = [row for row in Field.objects.filter(process=process).exclude(state=Field.State.ADDING) if row.is_written]
    fields = [row for row in rows if row.shadow_of_id is None]
    shadows = {row.shadow_of_id: field_def(row) for row in rows if row.shadow_of_id is not None}
    pipelines = _pipelines(process)
    grants, by_pipeline, by_stage = _grants(process)
    robots = frozenset(Role.objects.filter(key=ROBOTS_ROLE_KEY).values_list("pk", flat=True))
    return Definition(
        id=process.pk,
        version=process.version,
        key=process.key,
        name=process.name,
        noun=process.noun,
        noun_plural=process.noun_plural,
        noun_many=process.noun_many or process.noun_plural,
        description=process.description,
        icon=process.icon,
        color=process.color,
        status=process.status,
        author_id=process.author_id,
        has_stages=process.has_stages,
        sections=tuple(
            SectionDef(section.pk, Words(section.label, section.labels), section.position)
            for section in Section.objects.filter(process=process)
        ),
        fields=tuple(field_def(field, shadows.get(field.pk)) for field in fields),
        pipelines=pipelines,
        grants=grants,
        stage_grants=stage_grants_of(grants, by_pipeline, by_stage, pipelines, everywhere=robots),
        said_of_pipelines=by_pipeline,
        said_of_stages=by_stage,
        built_in_roles=robots,
        field_grants=_field_grants(process),
    )


def field_def(field: Field, shadow: FieldDef | None = None) -> FieldDef:
    """A field as the code uses it; it may be one that is not stored yet."""
    kind = field_types[field.type]
    settings = kind.completed(field.settings)
    return FieldDef(
        id=field.pk or 0,
        key=field.key,
        name=Words(field.label, field.labels),
        type=kind.bound(settings),
        hint=Words(field.help, field.helps),
        required=field.required,
        required_from=field.required_from_id,
        on_card=field.on_card,
        in_list=field.in_list,
        is_unique=field.is_unique,
        is_searchable=field.is_searchable,
        default=field.default,
        visible_if=field.visible_if,
        section_id=field.section_id,
        settings=settings,
        position=field.position,
        state=field.state,
        shadow=shadow,
    )


def _grants(process: Process) -> tuple[dict[int, dict[str, int]], Scopes, Scopes]:
    """What roles may do in the process, and where pipelines and where single stages differ, as it was said."""
    general: dict[int, dict[str, int]] = {}
    by_pipeline: Scopes = {}
    by_stage: Scopes = {}
    for grant in Grant.objects.filter(process=process).order_by("role_id", "operation"):
        if grant.stage_id is not None:
            by_stage.setdefault(grant.role_id, {}).setdefault(grant.operation, {})[grant.stage_id] = grant.scope
        elif grant.pipeline_id is not None:
            by_pipeline.setdefault(grant.role_id, {}).setdefault(grant.operation, {})[grant.pipeline_id] = grant.scope
        else:
            general.setdefault(grant.role_id, {})[grant.operation] = grant.scope
    return general, by_pipeline, by_stage


def _field_grants(process: Process) -> dict[int, dict[int, dict[int | None, int]]]:
    found: dict[int, dict[int, dict[int | None, int]]] = {}
    for row in FieldGrant.objects.filter(field__process=process):
        found.setdefault(row.role_id, {}).setdefault(row.field_id, {})[row.stage_id] = row.level
    return found


def _pipelines(process: Process) -> tuple[PipelineDef, ...]:
    rows = list(
        Pipeline.objects.filter(process=process).prefetch_related(
            "stages__locked_fields", "lost_reasons", "stages__gates__fields", "stages__gates__roles"
        )
    )
    links = Transition.objects.filter(source__pipeline__process=process).values_list("source_id", "target_id")
    listed: dict[int, set[int]] = {}
    for source, target in links:
        listed.setdefault(source, set()).add(target)
    return tuple(_pipeline(row, listed) for row in rows)


def _pipeline(row: Pipeline, listed: Mapping[int, set[int]]) -> PipelineDef:
    stages = tuple(_stage(stage) for stage in row.stages.all())
    ids = {stage.id for stage in stages}
    if row.moves == Pipeline.Moves.ANY:
        targets = {stage.id: frozenset(ids - {stage.id}) for stage in stages}
    else:
        targets = {stage.id: frozenset(listed.get(stage.id, set()) & ids) for stage in stages}
    return PipelineDef(
        id=row.pk,
        key=row.key,
        name=row.name,
        moves=row.moves,
        stages=stages,
        targets=targets,
        gates=tuple(_gate(gate) for stage in row.stages.all() for gate in stage.gates.all()),
        reasons=tuple(ReasonDef(reason.pk, reason.name, reason.is_retired) for reason in row.lost_reasons.all()),
        is_reason_required=row.is_reason_required,
        is_open=row.is_open,
    )


def _stage(row: Stage) -> StageDef:
    return StageDef(
        id=row.pk,
        key=row.key,
        name=row.name,
        kind=row.kind,
        color=row.color,
        hint=row.hint,
        position=row.position,
        pipeline_id=row.pipeline_id,
        limit=row.limit,
        is_limit_hard=row.is_limit_hard,
        time_limit=row.time_limit,
        locked_fields=tuple(field.key for field in row.locked_fields.all() if field.removed_at is None),
    )


def _gate(row: Gate) -> GateDef:
    return GateDef(
        id=row.pk,
        source_id=row.source_id,
        target_id=row.target_id,
        field_ids=tuple(field.pk for field in row.fields.all() if field.is_written),
        role_ids=frozenset(role.pk for role in row.roles.all()),
        condition=row.condition,
        refusal=row.refusal,
        checklist=tuple(CheckItem(item["key"], item["text"]) for item in row.checklist),
        is_comment_required=row.is_comment_required,
    )
