"""The board's page and the protocol of its scripts."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from core.actor import SYSTEM
from events.models import Event
from processes.definition import definition_of
from processes.models import Process
from processes.operations.processes import archive_process
from records.models import Record
from records.operations import create_record, update_record
from records.queries.board import PAGE
from tests.factories import actor_of, make_process
from tests.web.records.conftest import Create, text_of

pytestmark = pytest.mark.django_db


def stage_id(process: Process, key: str) -> int:
    return definition_of(process).stage(key).id


def test_board_shows_columns_with_counts_and_tiles(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    create("Printer", amount=1500, actor=actor_of(employee))
    response = visit(employee).get("/p/requests/")
    page = text_of(response)
    assert response.status_code == 200
    assert [column.count for column in response.context["board"].columns] == [1, 0, 0, 0]
    assert 'data-count="1"' in page
    assert "1,500" in page
    assert page.count('class="tile"') == 1


def test_board_of_a_process_one_may_not_see_does_not_exist(process: Process, stranger: User, visit: Any) -> None:
    foreign, absent = visit(stranger).get("/p/requests/"), visit(stranger).get("/p/nothing/")
    assert (foreign.status_code, absent.status_code) == (404, 404)


def test_stranger_to_the_product_is_asked_to_sign_in(process: Process, visit: Any) -> None:
    response = visit(None).get("/p/requests/")
    assert (response.status_code, response.url) == (302, "/accounts/login/?next=/p/requests/")


def test_script_gets_the_changing_part_alone(process: Process, employee: User, visit: Any) -> None:
    part = text_of(visit(employee).get("/p/requests/", part=True))
    assert "<html" not in part
    assert 'id="view"' in part
    assert 'hx-swap-oob="outerHTML"' in part


def test_filter_of_the_address_narrows_the_board(process: Process, employee: User, visit: Any, create: Create) -> None:
    create("Cheap", amount=5)
    create("Dear", amount=500)
    page = text_of(visit(employee).get("/p/requests/", **{"filter[amount][lt]": "100"}))
    assert "Cheap" in page
    assert "Dear" not in page
    assert "Amount is less than 100" in page


def test_wrong_filter_filters_nothing_and_says_so(process: Process, employee: User, visit: Any, create: Create) -> None:
    create("Cheap", amount=5)
    page = text_of(visit(employee).get("/p/requests/", **{"filter[secret][is]": "1"}))
    assert "Cheap" in page
    assert 'data-kind="bad"' in page


def test_filter_that_finds_nothing_says_what_it_hides(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    create("Cheap")
    page = text_of(visit(employee).get("/p/requests/", q="zzz"))
    assert "No requests match" in page
    assert "1 is hidden by the filter." in page


def test_quick_filter_mine_shows_ones_own(process: Process, employee: User, visit: Any, create: Create) -> None:
    create("Foreign")
    create("Own", actor=actor_of(employee))
    page = text_of(visit(employee).get("/p/requests/", **{"filter[assignee]": "me"}))
    assert "Own" in page
    assert "Foreign" not in page
    assert 'aria-pressed="true"' in page


def test_empty_board_offers_the_first_card(process: Process, employee: User, visit: Any) -> None:
    page = text_of(visit(employee).get("/p/requests/"))
    assert "No requests yet" in page
    assert "Add the first one" in page


def test_reader_gets_no_way_to_add_and_fixed_tiles(process: Process, reader: User, visit: Any, create: Create) -> None:
    create("Paper")
    page = text_of(visit(reader).get("/p/requests/"))
    assert "data-quick-add" not in page
    assert "data-fixed" in page
    assert "You have no right to move records here." in page


def test_next_tiles_of_a_column_come_without_the_page(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    for number in range(PAGE + 2):
        create(f"Paper {number}")
    first = visit(employee).get("/p/requests/")
    rank, last = first.context["board"].columns[0].page.next
    url = reverse("board-column", args=["requests", stage_id(process, "received")])
    part = text_of(visit(employee).get(url, rank=rank, after=last))
    assert part.count('class="tile"') == 2
    assert "data-more" not in part


def test_move_answers_with_the_new_version_and_place(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    record = create("Paper", actor=actor_of(employee))
    answer = visit(employee).send(
        f"/p/requests/records/{record}/move/", {"stage": stage_id(process, "in_work"), "version": 1}
    )
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    assert Record.objects.get(pk=record).stage.key == "in_work"


def test_move_of_a_stale_card_answers_who_was_faster(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    record = create("Paper", actor=actor_of(employee))
    update_record(process, record, values={"amount": 1}, actor=SYSTEM)
    answer = visit(employee).send(
        f"/p/requests/records/{record}/move/", {"stage": stage_id(process, "in_work"), "version": 1}
    )
    assert answer.status_code == 409
    assert answer.json()["details"] == {
        "stage": stage_id(process, "received"),
        "version": 2,
        "who": "SmartCRM",
    }
    assert Record.objects.get(pk=record).stage.key == "received"


def test_move_that_the_map_does_not_know_is_refused_with_the_reason(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    record = create("Paper", actor=actor_of(employee))
    answer = visit(employee).send(
        f"/p/requests/records/{record}/move/", {"stage": stage_id(process, "completed"), "version": 1}
    )
    assert (answer.status_code, answer.json()["message"]) == (
        403,
        "A record cannot go from “Received” to “Completed”.",
    )


@pytest.mark.parametrize(("who", "status"), [("reader", 403), ("stranger", 404)])
def test_move_without_the_right_changes_nothing(
    who: str, status: int, process: Process, visit: Any, create: Create, request: pytest.FixtureRequest
) -> None:
    record = create("Paper")
    answer = visit(request.getfixturevalue(who)).send(
        f"/p/requests/records/{record}/move/", {"stage": stage_id(process, "in_work"), "version": 1}
    )
    assert answer.status_code == status
    assert Record.objects.get(pk=record).stage.key == "received"
    assert not Event.objects.filter(kind="record.moved").exists()


@pytest.mark.parametrize(
    "body", [{}, {"stage": "5", "version": 1}, {"stage": True, "version": 1}, {"stage": 1}, [1], "no"]
)
def test_move_refuses_what_it_cannot_read(
    body: Any, process: Process, employee: User, visit: Any, create: Create
) -> None:
    record = create("Paper", actor=actor_of(employee))
    assert visit(employee).send(f"/p/requests/records/{record}/move/", body).status_code == 422


def test_quick_add_answers_with_the_tile_in_its_stage(process: Process, employee: User, visit: Any) -> None:
    answer = visit(employee).send("/p/requests/quick-add/", {"title": "Fresh", "stage": stage_id(process, "in_work")})
    entry = Record.objects.get()
    assert answer.status_code == 201
    assert f'id="card-{entry.pk}"' in text_of(answer)
    assert (entry.title, entry.stage.key, entry.assignee_id) == ("Fresh", "in_work", employee.pk)


def test_quick_add_that_comes_twice_makes_one_record(process: Process, employee: User, visit: Any) -> None:
    browser, once = visit(employee), "1234567890" * 4
    line = {"title": "Fresh", "stage": stage_id(process, "in_work"), "once": once}
    answers = [browser.send("/p/requests/quick-add/", line) for _turn in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert text_of(answers[0]) == text_of(answers[1])
    assert Record.objects.count() == 1
    browser.send("/p/requests/quick-add/", {**line, "title": "Other"})
    browser.send("/p/requests/quick-add/", {**line, "once": "0987654321" * 4})
    assert sorted(Record.objects.values_list("title", flat=True)) == ["Fresh", "Fresh", "Other"]


@pytest.mark.parametrize("title", ["", "   ", None, 5])
def test_quick_add_wants_a_title(title: Any, process: Process, employee: User, visit: Any) -> None:
    assert visit(employee).send("/p/requests/quick-add/", {"title": title}).status_code == 422
    assert not Record.objects.exists()


def test_quick_add_by_a_reader_is_refused(process: Process, reader: User, visit: Any) -> None:
    assert visit(reader).send("/p/requests/quick-add/", {"title": "Fresh"}).status_code == 403
    assert not Record.objects.exists()


def test_tile_is_absent_where_the_filter_or_the_rights_hide_it(
    process: Process, employee: User, stranger: User, visit: Any, create: Create
) -> None:
    record = create("Paper", amount=5)
    url = f"/p/requests/records/{record}/tile/"
    assert visit(employee).get(url).status_code == 200
    assert visit(employee).get(url, q="ink").status_code == 404
    assert visit(stranger).get(url).status_code == 404


def test_totals_follow_the_filter(process: Process, employee: User, visit: Any, create: Create) -> None:
    create("Paper", amount="2.5")
    create("Ink", amount=10)
    answer = visit(employee).get("/p/requests/totals/", q="paper").json()
    assert answer["columns"][str(stage_id(process, "received"))] == [1, 2.5]
    assert answer["label"] == "1 request"


def test_archived_process_is_shown_and_cannot_be_changed(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    record = create("Paper", actor=actor_of(employee))
    archive_process(process, actor=SYSTEM)
    page = text_of(visit(employee).get("/p/requests/"))
    assert "Paper" in page
    assert "data-quick-add" not in page
    move = {"stage": stage_id(process, "in_work"), "version": 1}
    assert visit(employee).send(f"/p/requests/records/{record}/move/", move).status_code == 409


def test_titles_are_escaped(process: Process, employee: User, visit: Any, create: Create) -> None:
    create("<script>alert(1)</script>")
    page = text_of(visit(employee).get("/p/requests/"))
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize("cards", [1, 3])
def test_board_page_costs_a_known_number_of_queries(
    cards: int, process: Process, employee: User, visit: Any, django_assert_num_queries: Any
) -> None:
    for number in range(cards):
        create_record(process, values={"title": f"Paper {number}"}, actor=actor_of(employee))
    make_process(name="Other")
    visitor = visit(employee)
    visitor.get("/p/requests/")
    # session, person, roles, version; counts, tiles, names; rail, unread notifications
    with django_assert_num_queries(10):
        visitor.get("/p/requests/")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"field": "amount"}, 'inputmode="decimal"'),
        ({"field": "amount", "op": "between"}, "filter-last"),
        ({"field": "request_date", "op": "older_than"}, 'name="unit"'),
        ({"field": "source"}, ">Phone</option>"),
        ({"field": "assignee"}, 'value="me"'),
        ({"field": "stage"}, ">In work</option>"),
    ],
)
def test_builder_offers_the_input_that_fits(
    query: dict[str, str], expected: str, process: Process, employee: User, visit: Any
) -> None:
    assert expected in text_of(visit(employee).get("/p/requests/filter-control/", part=True, **query))


def test_builder_knows_nothing_of_absent_fields(process: Process, employee: User, visit: Any) -> None:
    part = text_of(visit(employee).get("/p/requests/filter-control/", part=True, field="salary"))
    assert "<select" not in part
