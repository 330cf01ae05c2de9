"""The list: filters, sorting, keyset pages, totals, a fixed number of queries."""

from typing import Any

import pytest

from core.actor import SYSTEM
from core.errors import Invalid
from processes.definition import definition_of
from processes.models import Process
from processes.operations import set_grants
from processes.permissions import Access, access_for
from records.operations import create_record, delete_record, move_record
from records.queries import table
from records.queries.filters import condition_from, condition_from_pairs
from records.queries.narrowing import Narrowing
from records.queries.table import Table, table_for
from tests.factories import EMPLOYEE, actor_of, make_process, make_role, make_user

pytestmark = pytest.mark.django_db

SORT_KEYS = (
    *(
        "id",
        "title",
        "pipeline",
        "stage",
        "assignee",
        "author",
        "created_at",
        "updated_at",
        "stage_changed_at",
    ),
    *("closed_at", "request_date", "amount", "source", "responsible"),
)


@pytest.fixture
def process() -> Process:
    return make_process()


@pytest.fixture
def access(process: Process) -> Access:
    return access_for(SYSTEM, definition_of(process))


def create(process: Process, **values: Any) -> int:
    return create_record(process, values={"title": "Printer", **values}, actor=SYSTEM).pk


def titles(found: Table) -> list[str]:
    return [row.title for row in found.rows]


def walk(access: Access, sort: str) -> list[int]:
    """All ids, page by page to the end; and back again, which must be the same pages."""
    pages = [table_for(access, sort=sort, limit=3)]
    while pages[-1].next:
        pages.append(table_for(access, sort=sort, limit=3, cursor=pages[-1].next))
    for page, before in zip(reversed(pages[1:]), reversed(pages[:-1]), strict=True):
        assert table_for(access, sort=sort, limit=3, cursor=page.previous).rows == before.rows
    return [row.pk for page in pages for row in page.rows]


def messy(process: Process) -> None:
    people = [make_user("Ёлкина").pk, make_user("Жуков").pk, None]
    for number in range(11):
        record_id = create(
            process,
            title=["ёж", "Ель", "жук"][number % 3],
            amount=[None, 5, 5, 0, -1.5][number % 5],
            source=["site", "phone", None][number % 3],
            request_date=["2026-01-31", None][number % 2],
            responsible=people[number % 3],
            assignee=people[(number + 1) % 3],
        )
        if number % 4 == 1:
            move_record(process, record_id, to="rejected", actor=SYSTEM)


@pytest.mark.parametrize("direction", ["", "-"])
def test_pages_together_are_the_whole_list_in_every_order(process: Process, access: Access, direction: str) -> None:
    messy(process)
    for key in SORT_KEYS:
        whole = [row.pk for row in table_for(access, sort=direction + key).rows]
        assert sorted(whole) == sorted(row.pk for row in table_for(access).rows)
        assert walk(access, direction + key) == whole, key


def test_empty_values_stand_at_the_end_whatever_the_direction(process: Process, access: Access) -> None:
    for amount in (2, None, 1):
        create(process, title=str(amount), amount=amount)
    assert titles(table_for(access, sort="amount")) == ["1", "2", "None"]
    assert titles(table_for(access, sort="-amount")) == ["2", "1", "None"]


def test_stages_and_options_sort_in_their_own_order_and_texts_folded(process: Process, access: Access) -> None:
    for title, source in (("Ёж", "phone"), ("ель", "site"), ("Жук", None)):
        create(process, title=title, source=source)
    assert titles(table_for(access, sort="title")) == ["Ёж", "ель", "Жук"]
    assert titles(table_for(access, sort="source")) == ["ель", "Ёж", "Жук"]


@pytest.mark.parametrize("sort", ["comment", "nonsense", "--id", "", "position", "f1"])
def test_only_columns_of_the_list_can_be_sorted_by(access: Access, sort: str) -> None:
    with pytest.raises(Invalid) as caught:
        table_for(access, sort=sort)
    assert set(caught.value.fields) == {"sort"}


@pytest.mark.parametrize("cursor", ["x", "я", "bnVsbA", "W10", "WyJpZCIsZmFsc2UsMSwxXQ", "A" * 9000])
def test_foreign_cursor_fails_clean(access: Access, cursor: str) -> None:
    with pytest.raises(Invalid) as caught:
        table_for(access, sort="-created_at", cursor=cursor)
    assert set(caught.value.fields) == {"cursor"}


def test_total_is_exact_up_to_its_cap(process: Process, access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        create(process)
    assert (table_for(access).total, table_for(access, limit=1).total) == (4, 4)
    monkeypatch.setattr(table, "COUNTED", 3)
    capped = table_for(access, limit=1)
    assert (capped.total, capped.total_is_capped) == (3, True)
    assert table_for(access, with_total=False).total is None


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("filter[amount][ge]", "100")], ["b", "c"]),
        ([("filter[amount]", "100")], ["b"]),
        ([("filter[amount][between]", "1,100")], ["a", "b"]),
        ([("filter[source]", "site")], ["a"]),
        ([("filter[source]", "site"), ("filter[source]", "phone")], ["a", "b"]),
        ([("filter[source][is_empty]", "")], ["c"]),
        ([("filter[source][in]", "site,phone"), ("filter[amount][lt]", "50")], ["a"]),
        ([("filter[stage]", "rejected")], ["c"]),
        ([("filter[stage]", "main.rejected")], ["c"]),
        ([("filter[stage][not_in]", "rejected,completed")], ["a", "b"]),
        ([("filter[title][contains]", "B")], ["b"]),
        ([("filter[created_at]", "2000-01-01")], []),
        ([("filter[request_date][this_year]", "")], []),
        ([("limit", "1")], ["a", "b", "c"]),
    ],
)
def test_simple_filters_of_an_address(
    process: Process, access: Access, pairs: list[tuple[str, str]], expected: list[str]
) -> None:
    create(process, title="a", amount=1, source="site")
    create(process, title="b", amount=100, source="phone")
    move_record(process, create(process, title="c", amount=200), to="rejected", actor=SYSTEM)
    condition = condition_from_pairs(access, pairs)
    assert titles(table_for(access, Narrowing(condition), sort="title")) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("filter[nonsense]", "1"),
        ("filter[amount][contains]", "1"),
        ("filter[amount]", "much"),
        ("filter[amount", "1"),
        ("filter[]", "1"),
        ("filter[amount][ge][x]", "1"),
        ("filter[stage]", "nowhere"),
        ("filter[source]", "a\x00b"),
        ("filter[source][is_empty]", "yes"),
        ("filter[assignee]", "99999999999999999999"),
        ("filter[created_at]", "yesterday"),
        ("filter[' OR 1=1 --]", "1"),
    ],
)
def test_wrong_filter_is_refused_by_its_own_name(access: Access, name: str, value: str) -> None:
    with pytest.raises(Invalid) as caught:
        condition_from_pairs(access, [(name, value)])
    assert set(caught.value.fields) == {name}


def test_conditions_speak_of_me_stages_by_key_and_groups(process: Process, access: Access) -> None:
    anna = make_user("Anna")
    create(process, title="a", assignee=anna.pk)
    create(process, title="b", amount=5)
    tree = {
        "any": [
            {"field": "assignee", "op": "is", "value": {"me": True}},
            {"field": "amount", "op": "gt", "value": 4},
        ]
    }
    assert titles(table_for(access, Narrowing(condition_from(access, tree)), sort="title")) == ["b"]
    assert (
        len(
            table_for(
                access, Narrowing(condition_from(access, {"field": "stage", "op": "is", "value": "received"}))
            ).rows
        )
        == 2
    )


def test_list_shows_what_the_access_sees_and_nothing_of_the_bin(process: Process, access: Access) -> None:
    anna = make_user("Anna")
    role = make_role(people=(anna,))
    create(process, title="foreign")
    mine = create(process, title="mine", assignee=anna.pk)
    binned = create(process, title="binned")
    delete_record(process, binned, actor=SYSTEM)
    assert titles(table_for(access, sort="id")) == ["foreign", "mine"]
    assert titles(table_for(access, in_bin=True)) == ["binned"]
    set_grants(process, {role.pk: EMPLOYEE | {"view": 1}}, actor=SYSTEM)
    own = table_for(access_for(actor_of(anna), definition_of(process)))
    assert ([row.pk for row in own.rows], own.total, own.names) == ([mine], 1, {"person": {anna.pk: "Anna"}})


def test_search_finds_every_word_anywhere_in_the_title(process: Process, access: Access) -> None:
    create(process, title="Ремонт Ёлочного принтера")
    create(process, title="Printer 100% off_line")
    assert len(table_for(access, Narrowing(search="принт елоч")).rows) == 1
    assert len(table_for(access, Narrowing(search="100% F_L")).rows) == 1
    assert len(table_for(access, Narrowing(search="100x")).rows) == 0


@pytest.mark.parametrize("count", [1, 3])
def test_list_costs_a_known_number_of_queries(
    process: Process, access: Access, count: int, django_assert_num_queries: Any
) -> None:
    person = make_user()
    for _ in range(count + 1):
        create(process, assignee=person.pk)
    with django_assert_num_queries(2):  # rows, people; the whole list is on the page, so it is counted
        table_for(access)
    with django_assert_num_queries(3):  # rows, count, people
        table_for(access, limit=count)
