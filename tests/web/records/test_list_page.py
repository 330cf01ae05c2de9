"""The list: order, pages, rows."""

from typing import Any

import pytest

from accounts.models import User
from core.actor import SYSTEM
from processes.drafts import FieldDraft
from processes.models import Process
from processes.operations import add_field
from records.queries.table import PAGE
from tests.factories import actor_of
from tests.web.records.conftest import Create, text_of

pytestmark = pytest.mark.django_db


def titles(response: Any) -> list[str]:
    return [line.row.title for line in response.context["lines"]]


def test_list_sorts_by_the_column_of_the_address(process: Process, employee: User, visit: Any, create: Create) -> None:
    for title, amount in (("B", 2), ("A", 10), ("C", 1)):
        create(title, amount=amount)
    visitor = visit(employee)
    assert titles(visitor.get("/p/requests/list/", sort="amount")) == ["C", "B", "A"]
    assert titles(visitor.get("/p/requests/list/", sort="-title")) == ["C", "B", "A"]
    assert titles(visitor.get("/p/requests/list/")) == ["C", "A", "B"]


def test_list_filters_as_the_board_does(process: Process, employee: User, visit: Any, create: Create) -> None:
    create("Cheap", amount=5)
    create("Dear", amount=500)
    assert titles(visit(employee).get("/p/requests/list/", **{"filter[amount][gt]": "100"})) == ["Dear"]


def test_list_goes_on_where_the_page_ended(process: Process, employee: User, visit: Any, create: Create) -> None:
    for number in range(PAGE + 2):
        create(f"Paper {number:02}")
    visitor = visit(employee)
    first = visitor.get("/p/requests/list/", sort="title")
    second = visitor.get(f"/p/requests/list/?{first.context['next']}")
    assert titles(first) + titles(second) == [f"Paper {number:02}" for number in range(PAGE + 2)]
    assert (second.context["next"], first.context["table"].total) == ("", PAGE + 2)


def test_head_turns_the_order_around_and_keeps_the_filter(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    create("Paper")
    response = visit(employee).get("/p/requests/list/", sort="title", q="paper")
    title = response.context["headings"][0]
    assert (title.sort, set(title.query.split("&"))) == ("ascending", {"sort=-title", "q=paper"})


def test_cells_are_edited_only_where_the_right_reaches(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    create("Foreign")
    own = create("Own", actor=actor_of(employee))
    page = text_of(visit(employee).get("/p/requests/list/"))
    assert page.count("/fields/title/") == 1
    assert f"/records/{own}/fields/title/" in page


def test_web_address_is_short_and_whole_in_its_tip(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    add_field(process, FieldDraft("Site", "url", key="site"), actor=SYSTEM)
    create("Paper", site="https://www.acme.org/contacts/")
    page = " ".join(text_of(visit(employee).get("/p/requests/list/")).split())
    assert '<span data-value title="https://www.acme.org/contacts/">acme.org/contacts/</span>' in page


def test_row_alone_is_absent_where_the_filter_hides_it(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    record = create("Paper")
    url = f"/p/requests/records/{record}/row/"
    assert f'id="row-{record}"' in text_of(visit(employee).get(url))
    assert visit(employee).get(url, q="ink").status_code == 404


@pytest.mark.parametrize("query", [{"sort": "salary"}, {"cursor": "x"}, {"sort": "comment"}])
def test_wrong_order_or_page_is_refused(query: dict[str, str], process: Process, employee: User, visit: Any) -> None:
    assert visit(employee).get("/p/requests/list/", **query).status_code == 422


def test_list_does_not_exist_for_a_stranger(process: Process, stranger: User, visit: Any) -> None:
    assert visit(stranger).get("/p/requests/list/").status_code == 404
