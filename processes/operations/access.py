"""Changing who may do what."""

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Role
from core.actor import Actor
from core.errors import Invalid
from events.publish import publish
from processes.models import Grant, Operation, Process, Scope
from processes.models.access import PROCESS_WIDE
from processes.operations.changing import change_lock
from processes.permissions import access_for


@transaction.atomic
def set_grants(process: Process, grants: Mapping[int, Mapping[str, int]], *, actor: Actor) -> None:
    """Replace all grants of the named roles (role id → operation → scope); other roles keep theirs.

    Takes effect with the next request. Writes `access.changed`. Raises NotAllowed, Invalid.
    """
    access_for(actor, process).require(Operation.MANAGE_ACCESS)
    with change_lock(process):
        before = _grants_of(process, grants)
        put_grants(process, grants)
        after = _grants_of(process, grants)
    changes = {
        key: (before.get(key), after.get(key))
        for key in before.keys() | after.keys()
        if before.get(key) != after.get(key)
    }
    if changes:
        publish("access.changed", actor=actor, process_id=process.pk, changes=changes)


def put_grants(process: Process, grants: Mapping[int, Mapping[str, int]]) -> None:
    """Check and write grants; for use inside a change lock. Scope 0 takes a right away."""
    known = set(Role.objects.filter(pk__in=grants).values_list("pk", flat=True))
    if known != set(grants):
        raise Invalid(_("There is no such role."), {"roles": [_("There is no such role.")]})
    rows: list[Grant] = []
    for role_id, scopes in grants.items():
        for operation, scope in scopes.items():
            if scope:
                rows.append(_grant(process, role_id, operation, scope))
    Grant.objects.filter(process=process, role_id__in=known).delete()
    Grant.objects.bulk_create(rows)


def _grant(process: Process, role_id: int, operation: str, scope: int) -> Grant:
    if operation not in Operation.values or scope not in Scope.values:
        raise Invalid(_("There is no such right."), {"grants": [_("There is no such right.")]})
    if operation in PROCESS_WIDE and scope != Scope.ALL:
        raise Invalid(
            _("This right has no scope: it is given or not."),
            {"grants": [_("“%s” is given or not; it has no scope.") % Operation(operation).label]},
        )
    return Grant(process=process, role_id=role_id, operation=operation, scope=scope)


def _grants_of(process: Process, roles: Mapping[int, Mapping[str, int]]) -> dict[str, int]:
    rows = Grant.objects.filter(process=process, role_id__in=roles).values_list("role_id", "operation", "scope")
    return {f"{role_id}.{operation}": scope for role_id, operation, scope in rows}
