"""Changes to roles and who has them."""

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Department, Role, RoleAssignment, User
from accounts.permissions import require_admin
from core.actor import Actor
from core.errors import Conflict
from core.locks import in_turn, present
from core.text import check_key, clean_line, key_from
from events.publish import publish

KEYS_LOCK = 7_301_103
"""Key of the advisory lock under which keys of roles are chosen."""


@transaction.atomic
def create_role(*, name: str, actor: Actor, key: str = "") -> Role:
    """Create a role; its key is made from the name unless given. Writes `role.created`. Raises Invalid, NotAllowed."""
    require_admin(actor)
    name = clean_line(name, field="name", limit=150)
    in_turn(KEYS_LOCK)
    taken = set(Role.objects.values_list("key", flat=True))
    key = check_key(key, taken=taken) if key else key_from(name, taken=taken, fallback="role")
    role = Role.objects.create(key=key, name=name, position=Role.objects.count())
    publish("role.created", actor=actor, data={"role_id": role.pk, "name": name})
    return role


@transaction.atomic
def rename_role(role: Role, *, name: str, actor: Actor) -> Role:
    """Give a role another name. Writes `role.renamed`. Raises NotAllowed, NotFound, Invalid."""
    require_admin(actor)
    role = present(role, held=True)
    role.name = clean_line(name, field="name", limit=150)
    role.save(update_fields=["name"])
    publish("role.renamed", actor=actor, data={"role_id": role.pk, "name": role.name})
    return role


def held_roles(ids: Iterable[int]) -> list[Role]:
    """Those of these roles that there are, held until the transaction ends: something is about to name them. For use
    inside the lock of a process, as removing a role takes the two in this order."""
    return list(Role.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True))


@transaction.atomic
def delete_role(role: Role, *, actor: Actor) -> None:
    """Remove a role with its grants and assignments. Writes `role.deleted`. Raises Conflict for the built-in one."""
    require_admin(actor)
    role = present(role, held=True)
    if role.is_built_in:
        raise Conflict(_("Automation works under this role; take its rights away instead."))
    publish("role.deleted", actor=actor, data={"role_id": role.pk, "name": role.name})
    role.delete()


def role_to_give(role: Role) -> Role:
    """The role, held until the transaction ends. Raises NotFound, and Conflict for the one under which robots act: what
    they reach without being told, also closed pipelines, is for nobody else.
    """
    role = present(role, held=True)
    if role.is_built_in:
        raise Conflict(_("Automation works under this role; nobody else has it."))
    return role


@transaction.atomic
def assign_role(role: Role, *, to: User, actor: Actor) -> RoleAssignment:
    """Give a role to a person; giving it twice changes nothing. Writes `role.assigned`.

    Raises NotAllowed, NotFound, Conflict (the role of robots).
    """
    require_admin(actor)
    role = role_to_give(role)
    assignment, created = RoleAssignment.objects.get_or_create(role=role, user=to)
    if created:
        publish("role.assigned", actor=actor, data={"role_id": role.pk, "user_id": to.pk})
    return assignment


@transaction.atomic
def unassign_role(role: Role, *, user: User, actor: Actor) -> None:
    """Take a role from a person. Writes `role.unassigned` if they had it."""
    require_admin(actor)
    deleted, _models = RoleAssignment.objects.filter(role=role, user=user).delete()
    if deleted:
        publish("role.unassigned", actor=actor, data={"role_id": role.pk, "user_id": user.pk})


@transaction.atomic
def assign_role_to_department(
    role: Role, *, to: Department, actor: Actor, with_descendants: bool = True
) -> RoleAssignment:
    """Give a role to everybody in a department, and in those below it unless told otherwise.

    Giving it again only changes how far it reaches. Writes `role.assigned`. Raises NotAllowed, NotFound, Conflict (the
    role of robots).
    """
    require_admin(actor)
    role, to = role_to_give(role), present(to, held=True)
    held = RoleAssignment.objects.filter(role=role, department=to).first()
    if held is not None and held.with_descendants == with_descendants:
        return held
    assignment, _created = RoleAssignment.objects.update_or_create(
        role=role, department=to, defaults={"with_descendants": with_descendants}
    )
    data = {"role_id": role.pk, "department_id": to.pk, "with_descendants": with_descendants}
    publish("role.assigned", actor=actor, data=data)
    return assignment


@transaction.atomic
def unassign_role_from_department(role: Role, *, department: Department, actor: Actor) -> None:
    """Take a role from a department. Writes `role.unassigned` if it had it."""
    require_admin(actor)
    deleted, _models = RoleAssignment.objects.filter(role=role, department=department).delete()
    if deleted:
        publish("role.unassigned", actor=actor, data={"role_id": role.pk, "department_id": department.pk})
