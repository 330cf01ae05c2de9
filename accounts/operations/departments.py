"""Changes to the tree of departments and to who works where.

Every change of the tree's shape takes one lock, so that two moves that are harmless one by one cannot make a circle.
"""

from typing import Any, TypedDict

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Department, User
from accounts.permissions import require_admin
from core.actor import Actor
from core.errors import Conflict, Invalid
from core.locks import in_turn, present
from core.seen import require_as_seen
from core.text import clean_line
from events.publish import publish

MOST_LEVELS = 8
TREE_LOCK = 7_301_101
"""Key of the advisory lock of the tree's shape."""

_PATH = """
    WITH RECURSIVE up(id, parent_id) AS (
        SELECT id, parent_id FROM accounts_department WHERE id = %s
        UNION SELECT d.id, d.parent_id FROM accounts_department d JOIN up ON d.id = up.parent_id
    ) SELECT id FROM up
"""
_HEIGHT = """
    WITH RECURSIVE down(id, level) AS (
        SELECT id, 1 FROM accounts_department WHERE id = %s
        UNION SELECT d.id, down.level + 1 FROM accounts_department d JOIN down ON d.parent_id = down.id
    ) SELECT max(level) FROM down
"""


class DepartmentChanges(TypedDict, total=False):
    """What of a department shall be different."""

    name: str
    parent: Department | None
    head: User | None


class DepartmentNotEmpty(Conflict):
    """Somebody or something is still in it; details count `people` and `departments`."""

    code = "department_not_empty"


@transaction.atomic
def create_department(
    *, name: str, actor: Actor, parent: Department | None = None, head: User | None = None
) -> Department:
    """A new department, the last one below `parent` or at the top.

    Writes `department.created`. Raises NotAllowed, NotFound (the parent has gone), Invalid (name, head, too deep),
    Conflict (the name is taken there).
    """
    require_admin(actor)
    name = clean_line(name, field="name", limit=150)
    _check_head(head)
    in_turn(TREE_LOCK)
    if parent is not None:
        parent = present(parent)
        _check_levels(len(_path(parent)) + 1)
    _check_name(name, parent, besides=None)
    department = Department.objects.create(name=name, parent=parent, head=head, position=_end_of(parent))
    data = {"department_id": department.pk, "name": name, "parent_id": parent.pk if parent else None}
    publish("department.created", actor=actor, data=data)
    return department


@transaction.atomic
def rename_department(department: Department, *, name: str, actor: Actor) -> Department:
    """Give a department another name. Writes `department.renamed`. Raises Invalid, Conflict (taken beside it)."""
    require_admin(actor)
    name = clean_line(name, field="name", limit=150)
    in_turn(TREE_LOCK)
    department = present(department, held=True)
    before = department.name
    _check_name(name, department.parent, besides=department)
    department.name = name
    department.save(update_fields=["name"])
    publish("department.renamed", actor=actor, changes={"name": (before, name)}, data={"department_id": department.pk})
    return department


@transaction.atomic
def move_department(
    department: Department, *, to: Department | None, actor: Actor, before: Department | None = None
) -> Department:
    """Put a department below another (or at the top), with everything under it; in front of `before`, or last.

    Writes `department.moved`. Raises Conflict for a place below itself, Invalid where the tree would get too deep or
    `before` stands elsewhere.
    """
    require_admin(actor)
    in_turn(TREE_LOCK)
    department, to = present(department, held=True), to and present(to)
    before = before and present(before)
    _check_place(department, to, before)
    _check_name(department.name, to, besides=department)
    came_from = department.parent_id
    department.parent = to
    if before is None:
        department.position = _end_of(to)
    else:
        department.position = before.position
        siblings = Department.objects.filter(parent=to, position__gte=before.position).exclude(pk=department.pk)
        siblings.update(position=F("position") + 1)
    department.save(update_fields=["parent", "position"])
    publish(
        "department.moved",
        actor=actor,
        changes={"parent": (came_from, department.parent_id)},
        data={"department_id": department.pk},
    )
    return department


@transaction.atomic
def set_department_head(department: Department, *, head: User | None, actor: Actor) -> Department:
    """Say who leads a department; None for nobody. Writes `department.head_set`. Raises Invalid (deactivated)."""
    require_admin(actor)
    _check_head(head)
    department = present(department, held=True)
    before = department.head_id
    department.head = head
    department.save(update_fields=["head"])
    publish(
        "department.head_set",
        actor=actor,
        changes={"head": (before, department.head_id)},
        data={"department_id": department.pk},
    )
    return department


def said_of(department: Department) -> dict[str, Any]:
    """What a department's dialog shows."""
    return {"name": department.name, "parent": department.parent_id, "head": department.head_id}


@transaction.atomic
def update_department(
    department: Department, changes: DepartmentChanges, *, actor: Actor, seen: str = ""
) -> Department:
    """Change a department's name, parent and head at once, as far as they are given and differ.

    `seen` is the mark of what the dialog showed (`said_of`). Writes and raises what the single changes do, and Conflict
    where somebody has changed it meanwhile.
    """
    require_admin(actor)
    in_turn(TREE_LOCK)
    department = present(department, "parent", "head", held=True)
    require_as_seen(seen, said_of(department))
    if "name" in changes and changes["name"] != department.name:
        rename_department(department, name=changes["name"], actor=actor)
    if "parent" in changes and changes["parent"] != department.parent:
        move_department(department, to=changes["parent"], actor=actor)
    if "head" in changes and changes["head"] != department.head:
        set_department_head(department, head=changes["head"], actor=actor)
    return present(department)


@transaction.atomic
def delete_department(department: Department, *, actor: Actor, rehome_to: Department | None = None) -> None:
    """Remove a department. What is in it goes to `rehome_to`; without it a department that is not empty stays.

    Writes `department.deleted`. Raises DepartmentNotEmpty, Conflict (records are filed under it, or the new home lies
    below it).
    """
    require_admin(actor)
    in_turn(TREE_LOCK)
    department, rehome_to = present(department, held=True), rehome_to and present(rehome_to, held=True)
    if rehome_to is not None:
        _rehome(department, rehome_to)
    _check_empty(department)
    publish(
        "department.deleted",
        actor=actor,
        data={
            "department_id": department.pk,
            "name": department.name,
            "rehomed_to": rehome_to.pk if rehome_to else None,
        },
    )
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            Department.objects.filter(pk=department.pk).delete()
            # Tables of records point here with deferred keys: ask now, while the refusal can still be worded.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except IntegrityError as error:
        raise Conflict(_("Records are filed under this department, so it stays.")) from error


@transaction.atomic
def set_department(user: User, *, department: Department | None, actor: Actor) -> User:
    """Say in which department a person works; None for none. Roles of departments follow at once.

    Writes `person.department_set` unless it is so already. Raises NotAllowed, NotFound.
    """
    require_admin(actor)
    user, department = present(user, held=True), department and present(department, held=True)
    before = user.department_id
    after = department.pk if department else None
    if before == after:
        return user
    user.department = department
    user.save(update_fields=["department"])
    publish("person.department_set", actor=actor, changes={"department": (before, after)}, data={"user_id": user.pk})
    return user


def _path(department: Department) -> set[int]:
    """Ids of a department and of all above it."""
    with connection.cursor() as cursor:
        cursor.execute(_PATH, [department.pk])
        return {row[0] for row in cursor.fetchall()}


def _height(department: Department) -> int:
    """How many levels a department has with all below it."""
    with connection.cursor() as cursor:
        cursor.execute(_HEIGHT, [department.pk])
        return int(cursor.fetchone()[0])


def _end_of(parent: Department | None) -> int:
    last = Department.objects.filter(parent=parent).aggregate(last=Max("position"))["last"]
    return 0 if last is None else int(last) + 1


def _check_place(department: Department, to: Department | None, before: Department | None) -> None:
    above = _path(to) if to is not None else set()
    if department.pk in above:
        raise Conflict(_("A department cannot stand below itself."), field="to")
    _check_levels(len(above) + _height(department))
    if before is not None and (before.parent_id != (to.pk if to else None) or before.pk == department.pk):
        message = _("The neighbour does not stand there.")
        raise Invalid(message, {"before": [message]})


def _check_levels(levels: int) -> None:
    if levels > MOST_LEVELS:
        message = _("The tree of departments has %(most)d levels at most.") % {"most": MOST_LEVELS}
        raise Invalid(message, {"parent": [message]})


def _check_name(name: str, parent: Department | None, *, besides: Department | None) -> None:
    others = Department.objects.filter(parent=parent, name__iexact=name)
    if besides is not None:
        others = others.exclude(pk=besides.pk)
    if others.exists():
        raise Conflict(_("There is a department of this name here already."), field="name")


def _check_head(head: User | None) -> None:
    if head is not None and not head.is_active:
        message = _("This person is deactivated.")
        raise Invalid(message, {"head": [message]})


def _check_empty(department: Department) -> None:
    people = User.objects.filter(department=department).count()
    departments = Department.objects.filter(parent=department).count()
    if people or departments:
        raise DepartmentNotEmpty(
            _("“%(name)s” is not empty: %(people)s, %(departments)s. Say where they go.")
            % {
                "name": department.name,
                "people": ngettext("%d person", "%d people", people) % people,
                "departments": ngettext("%d department", "%d departments", departments) % departments,
            },
            people=people,
            departments=departments,
        )


def _rehome(department: Department, home: Department) -> None:
    above = _path(home)
    if department.pk in above:
        raise Conflict(_("The new home lies inside this department."), field="rehome_to")
    below = Department.objects.filter(parent=department)
    if below.exists():
        _check_levels(len(above) + _height(department) - 1)
    taken = {name.casefold() for name in Department.objects.filter(parent=home).values_list("name", flat=True)}
    clash = next((child.name for child in below if child.name.casefold() in taken), None)
    if clash is not None:
        raise Conflict(
            _("There is a department “%(name)s” in the new home already.") % {"name": clash}, field="rehome_to"
        )
    below.update(parent=home, position=F("position") + _end_of(home))
    User.objects.filter(department=department).update(department=home)
