"""The board's picture: what it shows, to whom, and what it costs."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from core.actor import SYSTEM, Actor
from core.errors import NotFound
from expressions.conditions import parse_condition
from processes.definition import definition_of
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from processes.permissions import access_for
from processes.schema import schema_of
from records.operations import create_record, create_task, delete_record, move_record
from records.queries.board import PAGE, board_for, card_tile, column_page
from records.queries.narrowing import Narrowing
from records.typed import model_for
from tests.factories import EMPLOYEE, actor_of, make_process, make_role, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def process() -> Process:
    return make_process()


@pytest.fixture
def anna(process: Process) -> Actor:
    person = make_user("Anna Petrova")
    role = make_role(people=(person,))
    set_grants(process, {role.pk: EMPLOYEE}, actor=SYSTEM)
    return actor_of(person)


def board(process: Process, actor: Actor = SYSTEM, **narrowing: Any) -> Any:
    access = access_for(actor, process)
    return board_for(access, access.definition.default_pipeline, Narrowing(**narrowing))


def create(process: Process, title: str, actor: Actor = SYSTEM, **values: Any) -> int:
    return create_record(process, values={"title": title, **values}, actor=actor).pk


def titles(page: Any) -> list[str]:
    return [tile.title for tile in page.tiles]


def test_board_counts_and_sums_every_column(process: Process) -> None:
    create(process, "Paper", amount="1000.50")
    moved = create(process, "Printer", amount=20)
    create(process, "Ink")
    move_record(process, moved, to="in_work", actor=SYSTEM)
    columns = board(process).columns
    assert [(column.stage.key, column.count, column.sum) for column in columns] == [
        ("received", 2, Decimal("1000.5")),
        ("in_work", 1, Decimal(20)),
        ("completed", 0, None),
        ("rejected", 0, None),
    ]
    assert titles(columns[0].page) == ["Ink", "Paper"]


def test_tile_shows_the_card_fields_and_the_assignee(process: Process, anna: Actor) -> None:
    day = timezone.localdate().replace(month=1, day=31)
    create(process, "Paper", anna, amount="1234.5", request_date=day.isoformat(), source="site")
    tile = board(process, anna).columns[0].page.tiles[0]
    assert (tile.assignee, tile.amount.text, [chip.text for chip in tile.chips]) == (
        "Anna Petrova",
        "1,234.50",
        ["31 Jan"],
    )
    assert tile.can_move


def test_tile_knows_its_open_tasks_and_whether_one_is_late(process: Process) -> None:
    record = create(process, "Paper")
    late = timezone.now() - timedelta(hours=1)
    create_task(process, record, title="Call", actor=SYSTEM, due_at=late)
    create_task(process, record, title="Write", actor=SYSTEM)
    tile = card_tile(access_for(SYSTEM, process), record)
    assert (tile.open_tasks, tile.next_due, tile.is_overdue) == (2, late, True)


def test_tasks_of_a_closed_record_are_not_late(process: Process) -> None:
    record = create(process, "Paper")
    create_task(process, record, title="Call", actor=SYSTEM, due_at=timezone.now() - timedelta(hours=1))
    move_record(process, record, to="rejected", actor=SYSTEM)
    assert not card_tile(access_for(SYSTEM, process), record).is_overdue


@pytest.mark.parametrize("cards", [1, 3])
def test_board_costs_three_queries(process: Process, anna: Actor, cards: int, django_assert_num_queries: Any) -> None:
    for number in range(cards):
        create(process, f"Paper {number}", anna, amount=number)
    access = access_for(anna, process)
    with django_assert_num_queries(3):  # counts with sums, tiles, names
        found = board_for(access, access.definition.default_pipeline)
    assert found.total == cards


def test_an_empty_board_costs_one_query(process: Process, django_assert_num_queries: Any) -> None:
    access = access_for(SYSTEM, definition_of(process))
    with django_assert_num_queries(1):
        found = board_for(access, access.definition.default_pipeline)
    assert [(column.count, column.page.tiles) for column in found.columns] == [(0, ())] * 4


def test_pages_of_a_column_are_whole_and_in_order(process: Process) -> None:
    for number in range(PAGE + 3):
        create(process, f"Paper {number}")
    access = access_for(SYSTEM, process)
    first = board_for(access, access.definition.default_pipeline).columns[0].page
    rest = column_page(access, access.definition.stage("received"), after=first.next)
    assert titles(first) + titles(rest) == [f"Paper {number}" for number in reversed(range(PAGE + 3))]
    assert (len(first.tiles), rest.next) == (PAGE, None)


def test_tiles_of_equal_rank_are_not_lost_between_pages(process: Process) -> None:
    made = [create(process, f"Paper {number}") for number in range(3)]
    access = access_for(SYSTEM, process)
    model_for(access.definition).objects.update(position="a0")
    stage = access.definition.stage("received")
    rest = column_page(access, stage, after=("a0", made[0]))
    assert titles(rest) == ["Paper 1", "Paper 2"]


def test_own_scope_sees_own_tiles_counts_and_sums_only(process: Process) -> None:
    person = make_user()
    role = make_role(people=(person,))
    set_grants(process, {role.pk: {Operation.VIEW: Scope.OWN, Operation.CREATE: Scope.ALL}}, actor=SYSTEM)
    foreign = create(process, "Foreign", amount=1000)
    create(process, "Own", actor_of(person), amount=1)
    column = board(process, actor_of(person)).columns[0]
    assert (column.count, column.sum, titles(column.page)) == (1, 1, ["Own"])
    with pytest.raises(NotFound):
        card_tile(access_for(actor_of(person), process), foreign)


def test_stranger_sees_an_empty_board(process: Process) -> None:
    create(process, "Paper")
    found = board(process, actor_of(make_user()))
    assert (found.total, found.can_create, found.can_move) == (0, False, False)


def test_condition_and_search_narrow_tiles_counts_and_sums(process: Process) -> None:
    create(process, "Чёрная бумага", amount=5)
    create(process, "Белая бумага", amount=50)
    create(process, "Принтер", amount=500)
    condition = parse_condition({"field": "amount", "op": "lt", "value": 100}, schema_of(definition_of(process)))
    column = board(process, condition=condition, search="черная БУМ").columns[0]
    assert (column.count, column.sum, titles(column.page)) == (1, 5, ["Чёрная бумага"])


def test_board_says_how_much_a_filter_hides(process: Process) -> None:
    create(process, "Paper")
    create(process, "Ink")
    assert (board(process, search="nothing").hidden, board(process, search="paper").hidden) == (2, 0)


def test_deleted_record_leaves_the_board(process: Process) -> None:
    record = create(process, "Paper")
    delete_record(process, record, actor=SYSTEM)
    assert board(process).total == 0


def test_overdue_keeps_records_with_a_late_task(process: Process) -> None:
    late, early = create(process, "Late"), create(process, "Early")
    now = timezone.now()
    create_task(process, late, title="Call", actor=SYSTEM, due_at=now - timedelta(hours=1))
    create_task(process, early, title="Call", actor=SYSTEM, due_at=now + timedelta(hours=1))
    assert titles(board(process, is_overdue=True).columns[0].page) == ["Late"]
