"""The tree of departments as a picture."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Prefetch, Q

from accounts.models import Department, RoleAssignment, User


@dataclass(frozen=True, slots=True)
class RoleHere:
    """A role that everybody in a department has; `with_descendants` when those below have it too."""

    id: int
    name: str
    with_descendants: bool


@dataclass(frozen=True, slots=True)
class Node:
    """One department in the tree. `people` counts the active people in it, `people_below` with all below."""

    id: int
    name: str
    parent_id: int | None
    level: int
    head: User | None
    people: int
    people_below: int
    roles: tuple[RoleHere, ...]
    children: tuple["Node", ...]
    path: tuple[str, ...]

    @property
    def descendants(self) -> Iterator["Node"]:
        """Everything below, in the order of the tree."""
        for child in self.children:
            yield child
            yield from child.descendants


def department_tree() -> tuple[Node, ...]:
    """The departments at the top, each with those below it. Two queries, whatever the size."""
    roles = RoleAssignment.objects.select_related("role").order_by("role__position", "role_id")
    rows = (
        Department.objects.select_related("head")
        .annotate(active_people=Count("people", filter=Q(people__is_active=True)))
        .prefetch_related(Prefetch("role_assignments", roles))
        .order_by("position", "id")
    )
    below: dict[int | None, list[Any]] = defaultdict(list)
    for row in rows:
        below[row.parent_id].append(row)
    return _nodes(None, below, ())


def departments_in_order() -> list[Node]:
    """All departments as a list, each before those below it. Two queries."""
    return [node for top in department_tree() for node in (top, *top.descendants)]


def _nodes(parent_id: int | None, below: dict[int | None, list[Any]], path: tuple[str, ...]) -> tuple[Node, ...]:
    return tuple(_node(row, below, path) for row in below.get(parent_id, ()))


def _node(row: Any, below: dict[int | None, list[Any]], path: tuple[str, ...]) -> Node:
    children = _nodes(row.pk, below, (*path, row.name))
    held = row.role_assignments.all()
    return Node(
        id=row.pk,
        name=row.name,
        parent_id=row.parent_id,
        level=len(path) + 1,
        head=row.head,
        people=row.active_people,
        people_below=row.active_people + sum(child.people_below for child in children),
        roles=tuple(RoleHere(one.role_id, one.role.name, one.with_descendants) for one in held),
        children=children,
        path=path,
    )
