"""The tree of departments: its shape holds, its roles reach, nothing in it gets lost."""

import threading
from typing import Any

import pytest
from django.db import connection

from accounts.models import Department, RoleAssignment, User
from accounts.operations import (
    assign_role,
    assign_role_to_department,
    create_department,
    deactivate_person,
    delete_department,
    move_department,
    rename_department,
    set_department,
    set_department_head,
    unassign_role_from_department,
    update_department,
)
from accounts.operations.departments import MOST_LEVELS, DepartmentNotEmpty
from accounts.queries import standing_of
from accounts.tree import department_tree, departments_in_order
from core.actor import SYSTEM
from core.errors import Conflict, Invalid, NotAllowed
from events.models import Event
from records.models import Record
from records.operations import create_record
from tests.factories import actor_of, make_process, make_role, make_user

pytestmark = pytest.mark.django_db


def department(name: str, parent: Department | None = None, **more: Any) -> Department:
    return create_department(name=name, parent=parent, actor=SYSTEM, **more)


def shape() -> list[tuple[str, int]]:
    return [(node.name, node.level) for node in departments_in_order()]


def kinds() -> list[str]:
    return list(Event.objects.filter(kind__contains="department").order_by("id").values_list("kind", flat=True))


def test_tree_keeps_its_order_and_counts_people() -> None:
    head = make_user("Head")
    sales = department("Sales", head=head)
    north, south = department("North", sales), department("South", sales)
    department("Law")
    for place in (sales, north, north, south):
        make_user(department=place)
    make_user(department=north, is_active=False)
    assert shape() == [("Sales", 1), ("North", 2), ("South", 2), ("Law", 1)]
    top = department_tree()[0]
    assert (top.people, top.people_below, top.head) == (1, 4, head)
    assert [(child.people, child.path) for child in top.children] == [(2, ("Sales",)), (1, ("Sales",))]


@pytest.mark.parametrize("count", [1, 3])
def test_whole_tree_takes_two_queries(count: int, django_assert_num_queries: Any) -> None:
    role = make_role()
    parent = None
    for number in range(count):
        parent = department(f"D{number}", parent, head=make_user())
        assign_role_to_department(role, to=parent, actor=SYSTEM)
        make_user(department=parent)
    with django_assert_num_queries(2):
        nodes = departments_in_order()
        assert [(node.head is not None, node.people, len(node.roles)) for node in nodes] == [(True, 1, 1)] * count


def test_department_moves_with_everything_below_it_to_a_place_between_others() -> None:
    sales, law = department("Sales"), department("Law")
    north = department("North", sales)
    department("Team", north)
    department("Courts", law)
    claims = department("Claims", law)
    move_department(north, to=law, before=claims, actor=SYSTEM)
    assert shape() == [("Sales", 1), ("Law", 1), ("Courts", 2), ("North", 2), ("Team", 3), ("Claims", 2)]
    move_department(north, to=None, before=sales, actor=SYSTEM)
    assert shape()[:2] == [("North", 1), ("Team", 2)]


def test_department_cannot_stand_below_itself() -> None:
    sales = department("Sales")
    north = department("North", sales)
    for below in (sales, north):
        with pytest.raises(Conflict):
            move_department(sales, to=below, actor=SYSTEM)
    assert shape() == [("Sales", 1), ("North", 2)]


def test_neighbour_must_stand_where_one_goes() -> None:
    sales, law = department("Sales"), department("Law")
    north = department("North", sales)
    with pytest.raises(Invalid):
        move_department(law, to=sales, before=law, actor=SYSTEM)
    with pytest.raises(Invalid):
        move_department(law, to=None, before=north, actor=SYSTEM)


def test_tree_has_a_bounded_depth() -> None:
    deepest = None
    for number in range(MOST_LEVELS):
        deepest = department(f"D{number}", deepest)
    with pytest.raises(Invalid):
        department("Too deep", deepest)
    other = department("Other")
    department("Below other", other)
    assert deepest is not None
    with pytest.raises(Invalid):
        move_department(other, to=deepest.parent, actor=SYSTEM)


def test_names_are_unlike_within_one_place_only() -> None:
    sales, law = department("Sales"), department("Law")
    department("North", sales)
    elsewhere = department("North", law)
    with pytest.raises(Conflict):
        department("NORTH", sales)
    with pytest.raises(Conflict):
        rename_department(law, name="sales", actor=SYSTEM)
    with pytest.raises(Conflict):
        move_department(elsewhere, to=sales, actor=SYSTEM)


def test_department_that_is_not_empty_stays_and_says_what_is_in_it() -> None:
    sales = department("Sales")
    department("North", sales)
    make_user(department=sales)
    make_user(department=sales, is_active=False)
    with pytest.raises(DepartmentNotEmpty) as refused:
        delete_department(sales, actor=SYSTEM)
    assert refused.value.details == {"people": 2, "departments": 1}
    assert str(refused.value) == "“Sales” is not empty: 2 people, 1 department. Say where they go."
    assert Department.objects.count() == 2


def test_people_and_departments_move_to_the_new_home() -> None:
    sales, law = department("Sales"), department("Law")
    department("North", sales)
    anna = make_user(department=sales)
    delete_department(sales, rehome_to=law, actor=SYSTEM)
    anna.refresh_from_db()
    assert anna.department == law
    assert shape() == [("Law", 1), ("North", 2)]


def test_new_home_may_not_lie_inside() -> None:
    sales = department("Sales")
    north = department("North", sales)
    make_user(department=sales)
    for inside in (sales, north):
        with pytest.raises(Conflict):
            delete_department(sales, rehome_to=inside, actor=SYSTEM)
    assert shape() == [("Sales", 1), ("North", 2)]


def test_department_with_records_stays() -> None:
    process = make_process()
    sales = department("Sales")
    row = create_record(process, values={"title": "Printer"}, actor=SYSTEM)
    Record.objects.filter(pk=row.pk).update(department=sales)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE records_p{process.pk} SET department_id = %s", [sales.pk])
    with pytest.raises(Conflict):
        delete_department(sales, actor=SYSTEM)
    assert Record.objects.get(pk=row.pk).department == sales


def test_every_change_is_an_event_and_no_change_is_none() -> None:
    boss = make_user("Boss")
    sales = department("Sales")
    update_department(sales, {"name": "Sales", "parent": None, "head": None}, actor=SYSTEM)
    update_department(sales, {"name": "Selling", "head": boss}, actor=SYSTEM)
    move_department(department("North"), to=sales, actor=SYSTEM)
    anna = set_department(make_user(), department=sales, actor=SYSTEM)
    set_department(anna, department=sales, actor=SYSTEM)
    delete_department(Department.objects.get(name="North"), actor=SYSTEM)
    assert kinds() == [
        "department.created",
        "department.renamed",
        "department.head_set",
        "department.created",
        "department.moved",
        "person.department_set",
        "department.deleted",
    ]
    renamed = Event.objects.get(kind="department.renamed")
    assert renamed.changes == {"name": ["Sales", "Selling"]}


def test_only_administrators_change_the_tree() -> None:
    sales = department("Sales")
    worker = make_user()
    actor = actor_of(worker)
    before = Event.objects.count()
    acts: list[Any] = [
        lambda: create_department(name="Mine", actor=actor),
        lambda: rename_department(sales, name="Mine", actor=actor),
        lambda: move_department(sales, to=None, actor=actor),
        lambda: set_department_head(sales, head=worker, actor=actor),
        lambda: update_department(sales, {}, actor=actor),
        lambda: delete_department(sales, actor=actor),
        lambda: set_department(worker, department=sales, actor=actor),
        lambda: assign_role_to_department(make_role(), to=sales, actor=actor),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()
    assert (shape(), Event.objects.filter(kind__contains="department").count()) == ([("Sales", 1)], 1)
    assert Event.objects.count() == before + 1


def test_deactivated_people_lead_nothing() -> None:
    gone = deactivate_person(make_user(), actor=SYSTEM)
    with pytest.raises(Invalid):
        department("Sales", head=gone)


def test_role_of_a_department_reaches_people_in_and_below_it() -> None:
    sales = department("Sales")
    north = department("North", sales)
    boss, clerk, other = make_user(department=sales), make_user(department=north), make_user()
    everywhere, here = make_role("Everywhere"), make_role("Here")
    assign_role_to_department(everywhere, to=sales, actor=SYSTEM)
    assign_role_to_department(here, to=sales, with_descendants=False, actor=SYSTEM)
    assert standing_of(boss).roles == {everywhere.pk, here.pk}
    assert standing_of(clerk).roles == {everywhere.pk}
    assert standing_of(other).roles == set()
    move_department(north, to=None, actor=SYSTEM)
    assert standing_of(clerk).roles == set()
    unassign_role_from_department(here, department=sales, actor=SYSTEM)
    assert standing_of(boss).roles == {everywhere.pk}


def test_role_given_again_only_changes_its_reach() -> None:
    sales, role = department("Sales"), make_role()
    for with_descendants in (True, True, False):
        assign_role_to_department(role, to=sales, with_descendants=with_descendants, actor=SYSTEM)
    assert RoleAssignment.objects.get().with_descendants is False
    assert Event.objects.filter(kind="role.assigned").count() == 2
    assign_role(role, to=make_user(), actor=SYSTEM)
    assert RoleAssignment.objects.count() == 2


def test_two_moves_at_once_make_no_circle(committed: None) -> None:
    sales, law = department("Sales"), department("Law")
    refused: list[Exception] = []
    together = threading.Barrier(2)

    def move(one: int, to: int) -> None:
        try:
            moving, target = Department.objects.get(pk=one), Department.objects.get(pk=to)
            together.wait()
            move_department(moving, to=target, actor=SYSTEM)
        except Conflict as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=move, args=pair) for pair in ((sales.pk, law.pk), (law.pk, sales.pk))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert len(departments_in_order()) == 2
    assert User.objects.count() == 0
