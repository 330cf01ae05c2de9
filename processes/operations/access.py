"""Changing who may do what."""

from collections.abc import Mapping
from typing import TypeVar

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Role
from accounts.operations import create_role, delete_role, held_roles
from accounts.permissions import require_admin
from core.actor import Actor
from core.errors import Conflict, Invalid, NotFound, Stale
from events.publish import publish
from processes.gate_use import gates_of_role
from processes.models import Field, FieldGrant, FieldJob, FieldLevel, Gate, Grant, Operation, Process, Scope, Stage
from processes.models.access import PROCESS_WIDE
from processes.operations.changing import change_lock
from processes.operations.fields import begin_job
from processes.operations.pipeline_access import ByPipeline, pipeline_grants_of, put_pipeline_grants
from processes.permissions import access_for

Differing = Mapping[int, Mapping[str, Mapping[int, int]]]
"""Role id → operation → stage id → scope."""
Given = TypeVar("Given", Grant, FieldGrant)
Levels = Mapping[int, Mapping[int, Mapping[int | None, int]]]
"""Role id → field id → stage id (None: where no stage differs) → level."""


@transaction.atomic
def set_grants(
    process: Process,
    grants: Mapping[int, Mapping[str, int]],
    *,
    actor: Actor,
    differing: Differing | None = None,
    pipelines: ByPipeline | None = None,
    version: int | None = None,
) -> None:
    """Replace the grants of the named roles (role id → operation → scope); other roles keep theirs.

    `differing` says where single stages differ, for roles that `grants` names, `pipelines` where whole pipelines do
    (None: as they did). Takes effect with the next request. With `version`, only while the process has it.
    Writes `access.changed`. Raises NotAllowed, Invalid, Stale.
    """
    access_for(actor, process).require(Operation.MANAGE_ACCESS)
    with change_lock(process) as present:
        _require_version(version, present)
        before = _grants_of(process, grants) | pipeline_grants_of(process, grants)
        put_grants(process, grants, differing)
        if pipelines is not None:
            put_pipeline_grants(process, grants, pipelines)
        after = _grants_of(process, grants) | pipeline_grants_of(process, grants)
    _publish(process, before, after, actor)


@transaction.atomic
def set_field_grants(process: Process, levels: Levels, *, actor: Actor, version: int | None = None) -> None:
    """Replace what the named roles may do with single fields; other roles keep theirs. Takes effect with the next
    request; the words of searched fields follow by jobs, and until then a search looks at titles for those concerned.

    What is not said goes with the rights to the record. With `version`, only while the process has it. Writes
    `access.changed`. Raises NotAllowed, Invalid, Stale.
    """
    access_for(actor, process).require(Operation.MANAGE_ACCESS)
    with change_lock(process) as present:
        _require_version(version, present)
        rows = _field_grants(process, levels)
        # What is said of removed fields waits for their return.
        held = FieldGrant.objects.filter(field__process=process, field__removed_at=None, role_id__in=levels)
        before, hidden = _levels_of(held), _hidden_words(process)
        held.delete()
        FieldGrant.objects.bulk_create(rows)
        after = _levels_of(held.all())
        _renew_words(process, hidden, actor)
    _publish(process, before, after, actor)


@transaction.atomic
def copy_role(role: Role, *, name: str, actor: Actor, key: str = "") -> Role:
    """Create a role that may do in every process what another may, and passes the same gates; nobody has it yet.

    Writes `role.created`, and `access.changed` in each process concerned. Raises NotAllowed, Invalid, Conflict.
    """
    copy = create_role(name=name, key=key, actor=actor)
    for process in _concerned(role):
        with change_lock(process):
            grants = Grant.objects.filter(process=process, role=role)
            limits = FieldGrant.objects.filter(field__process=process, role=role)
            Grant.objects.bulk_create([_given_to(copy, grant) for grant in grants])
            FieldGrant.objects.bulk_create([_given_to(copy, limit) for limit in limits])
            for gate in Gate.objects.filter(target__pipeline__process=process, roles=role):
                gate.roles.add(copy)
        _publish(process, {}, _told_of(process, copy), actor)
    return copy


@transaction.atomic
def remove_role(role: Role, *, actor: Actor) -> None:
    """Remove a role with its rights in every process; whoever had it is without them from the next request on.

    A gate that names it keeps it: with its last role gone the gate would be open to everybody. Writes `access.changed`
    in each process concerned, and `role.deleted`. Raises NotAllowed, Conflict (`uses` names the gates; it is built in).
    """
    require_admin(actor)
    for process in _concerned(role):
        with change_lock(process):
            before, hidden = _told_of(process, role), _hidden_words(process)
            Grant.objects.filter(process=process, role=role).delete()
            FieldGrant.objects.filter(field__process=process, role=role).delete()
            _renew_words(process, hidden, actor)
        _publish(process, before, {}, actor)
    if not Role.objects.select_for_update().filter(pk=role.pk).exists():
        raise NotFound(_("There is no such role."), role=role.pk)
    uses = gates_of_role(role)
    if uses:
        names = ", ".join(f"“{use.kind}: {use.name}”" for use in uses)
        raise Conflict(
            _("Only “%(role)s” and other named roles pass these gates; take it out of them first: %(gates)s.")
            % {"role": role.name, "gates": names},
            uses=[{"process": str(use.kind), "gate": use.name} for use in uses],
        )
    delete_role(role, actor=actor)


def put_grants(process: Process, grants: Mapping[int, Mapping[str, int]], differing: Differing | None = None) -> None:
    """Check and write grants; for use inside a change lock. Scope 0 takes a right away; where whole pipelines differ
    stays as it is, and where single stages do, unless `differing` says it anew."""
    known = {role.pk for role in held_roles(grants)}
    if known != set(grants) or not set(differing or {}) <= known:
        raise _wrong(_("There is no such role."), "roles")
    rows = [
        _grant(process, role_id, operation, scope)
        for role_id, scopes in grants.items()
        for operation, scope in scopes.items()
    ]
    rows = [row for row in rows if row.scope]
    held = Grant.objects.filter(process=process, pipeline=None, role_id__in=known)
    if differing is None:
        held = held.filter(stage=None)
    else:
        rows += _differing(process, differing)
    held.delete()
    Grant.objects.bulk_create(rows)


def _differing(process: Process, differing: Differing) -> list[Grant]:
    """Grants of single stages; there, scope 0 takes away what holds elsewhere."""
    stages = set(Stage.objects.filter(pipeline__process=process).values_list("pk", flat=True))
    rows: list[Grant] = []
    for role_id, operations in differing.items():
        for operation, places in operations.items():
            if not set(places) <= stages:
                raise _wrong(_("There is no such stage."), "stages")
            if operation in PROCESS_WIDE:
                raise _wrong(_("“%s” is the same in all stages.") % Operation(operation).label, "stages")
            rows += [_grant(process, role_id, operation, scope, stage_id) for stage_id, scope in places.items()]
    return rows


def _field_grants(process: Process, levels: Levels) -> list[FieldGrant]:
    """Rows for what is said of fields. Raises Invalid for roles, fields, stages and levels that do not exist."""
    roles = {role.pk for role in held_roles(levels)}
    fields = set(Field.objects.filter(process=process, removed_at=None, shadow_of=None).values_list("pk", flat=True))
    stages = {None, *Stage.objects.filter(pipeline__process=process).values_list("pk", flat=True)}
    said = [
        (role_id, field_id, stage_id, level)
        for role_id, of_fields in levels.items()
        for field_id, places in of_fields.items()
        for stage_id, level in places.items()
    ]
    if roles != set(levels):
        raise _wrong(_("There is no such role."), "roles")
    for _role_id, field_id, stage_id, level in said:
        if field_id not in fields:
            raise _wrong(_("There is no such field."), "fields")
        if stage_id not in stages:
            raise _wrong(_("There is no such stage."), "stages")
        if level not in FieldLevel.values:
            raise _wrong(_("There is no such right."), "fields")
    return [
        FieldGrant(role_id=role_id, field_id=field_id, stage_id=stage_id, level=level)
        for role_id, field_id, stage_id, level in said
        if stage_id is not None or level != FieldLevel.EDIT or len(levels[role_id][field_id]) > 1
    ]


def _concerned(role: Role) -> QuerySet[Process]:
    """The processes in which a role may do something, or passes a gate; in the order in which they are locked."""
    concerned = (
        Q(pk__in=Grant.objects.filter(role=role).values("process"))
        | Q(pk__in=FieldGrant.objects.filter(role=role).values("field__process"))
        | Q(pk__in=Gate.objects.filter(roles=role).values("target__pipeline__process"))
    )
    return Process.objects.filter(concerned).order_by("pk")


def _told_of(process: Process, role: Role) -> dict[str, int]:
    """What an event tells of everything that a role may do in a process."""
    limits = FieldGrant.objects.filter(field__process=process, role=role)
    return _grants_of(process, {role.pk: {}}) | pipeline_grants_of(process, [role.pk]) | _levels_of(limits)


def _given_to(role: Role, row: Given) -> Given:
    """The same, as a new row of another role."""
    row.pk, row.role = None, role
    row._state.adding = True
    return row


def _levels_of(rows: QuerySet[FieldGrant]) -> dict[str, int]:
    """What an event tells of field grants: `<role>.field.<field>`, or with `.<stage>`, → level."""
    return {
        ".".join(str(part) for part in (role_id, "field", field_id, stage_id) if part is not None): level
        for role_id, field_id, stage_id, level in rows.values_list("role_id", "field_id", "stage_id", "level")
    }


def _hidden_words(process: Process) -> set[int]:
    """Ids of the searched fields that somebody does not read: their words are not in the search."""
    hidden = FieldGrant.objects.filter(field__process=process, field__is_searchable=True, level=FieldLevel.HIDDEN)
    return set(hidden.values_list("field_id", flat=True))


def _renew_words(process: Process, hidden: set[int], actor: Actor) -> None:
    """Make the words of searched fields anew that were read by everybody, or were not, and are not, or are, by now."""
    concerned = Field.objects.filter(pk__in=hidden ^ _hidden_words(process), removed_at=None)
    for field in concerned.select_related("process"):
        begin_job(field, FieldJob.Kind.FILL, user_id=actor.user_id)


def _require_version(version: int | None, present: int) -> None:
    """Raises Stale where the process is not any more as the caller has seen it."""
    if version is not None and version != present:
        raise Stale(_("Somebody has changed the process meanwhile."), version=present)


def _publish(process: Process, before: Mapping[str, int], after: Mapping[str, int], actor: Actor) -> None:
    """The fact of a change of rights, where there was one."""
    changes = {
        key: (before.get(key), after.get(key))
        for key in before.keys() | after.keys()
        if before.get(key) != after.get(key)
    }
    if changes:
        publish("access.changed", actor=actor, process_id=process.pk, changes=changes)


def _grant(process: Process, role_id: int, operation: str, scope: int, stage_id: int | None = None) -> Grant:
    if operation not in Operation.values or scope not in Scope.values:
        raise _wrong(_("There is no such right."), "grants")
    if operation in PROCESS_WIDE and scope not in (Scope.NONE, Scope.ALL):
        raise Invalid(
            _("This right has no scope: it is given or not."),
            {"grants": [_("“%s” is given or not; it has no scope.") % Operation(operation).label]},
        )
    return Grant(process=process, role_id=role_id, operation=operation, scope=scope, stage_id=stage_id)


def _grants_of(process: Process, roles: Mapping[int, Mapping[str, int]]) -> dict[str, int]:
    """What an event tells of grants: `<role>.<operation>`, or `<role>.<operation>.<stage>`, → scope."""
    rows = Grant.objects.filter(process=process, pipeline=None, role_id__in=roles)
    return {
        ".".join(str(part) for part in (role_id, operation, stage_id) if part is not None): scope
        for role_id, operation, stage_id, scope in rows.values_list("role_id", "operation", "stage_id", "scope")
    }


def _wrong(message: str, place: str) -> Invalid:
    return Invalid(message, {place: [message]})
