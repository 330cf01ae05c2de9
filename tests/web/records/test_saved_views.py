"""Saved views on the board and the list: opened, kept, changed, removed, and the one that a page opens with."""

from typing import Any

import pytest

from accounts.models import User
from core.actor import SYSTEM
from processes.models import Process
from processes.operations import add_pipeline, remove_field
from processes.queries import field_of
from records.models import SavedView
from records.operations import add_view
from tests.factories import actor_of, make_admin
from tests.web.records.conftest import Create, text_of

pytestmark = pytest.mark.django_db


def keep(process: Process, who: User, page: str = "list", **values: Any) -> SavedView:
    return add_view(process.key, page=page, values={"name": "Big", **values}, actor=actor_of(who))


def test_employee_keeps_what_the_list_shows_and_finds_it_again(
    process: Process, employee: User, visit: Any, create: Create
) -> None:
    create("Paper", amount=5)
    create("Printer", amount=500)
    visitor = visit(employee)
    dialog = text_of(visitor.get(f"/p/{process.key}/views/new/list/?query=filter[amount][ge]=100"))
    assert "Only you find it." in dialog
    assert 'name="audience"' not in dialog
    data = {"name": "Big", "query": "filter[amount][ge]=100"}
    answer = visitor.post(f"/p/{process.key}/views/new/list/", data)
    view = SavedView.objects.get()
    assert answer.url == f"/p/{process.key}/list/?view={view.pk}&filter%5Bamount%5D%5Bge%5D=100"
    page = text_of(visitor.get(answer.url))
    assert "Printer" in page
    assert "Paper" not in page
    assert "Saved view: Big" in page
    assert "views-changed" not in page
    assert "views-changed" in text_of(visitor.get(answer.url + "&sort=title"))


def test_changed_filter_is_kept_under_the_same_name(process: Process, employee: User, visit: Any) -> None:
    view = keep(process, employee)
    visit(employee).post(f"/p/{process.key}/views/{view.pk}/query/", {"query": "overdue=1"})
    view.refresh_from_db()
    assert (view.name, view.query) == ("Big", "overdue=1")


def test_page_opens_with_its_default_and_can_be_cleared(process: Process, employee: User, visit: Any) -> None:
    view = keep(process, make_admin(), query="overdue=1", audience="all", is_default=True)
    visitor = visit(employee)
    answer = visitor.get(f"/p/{process.key}/list/")
    assert answer.url == f"/p/{process.key}/list/?view={view.pk}&overdue=1"
    page = text_of(visitor.get(answer.url))
    assert 'href="?view="' in page
    assert visitor.get(f"/p/{process.key}/list/?view=").status_code == 200
    assert visitor.get(f"/p/{process.key}/list/", headers={"hx-request": "true"}).status_code == 200
    assert visitor.get(f"/p/{process.key}/").status_code == 200, "The default of the list is not the board's."


def test_view_is_named_anew_and_removed_in_its_dialog(process: Process, employee: User, visit: Any) -> None:
    view = keep(process, employee, page="board")
    visitor = visit(employee)
    visitor.post(f"/p/{process.key}/views/{view.pk}/", {"name": "Bigger"})
    assert SavedView.objects.get().name == "Bigger"
    assert visitor.post(f"/p/{process.key}/views/{view.pk}/", {"name": ""}).status_code == 422
    answer = visitor.post(f"/p/{process.key}/views/{view.pk}/remove/")
    assert answer.url == f"/p/{process.key}/?view="
    assert not SavedView.objects.exists()


def test_words_of_a_person_in_a_name_or_a_query_are_no_markup(process: Process, employee: User, visit: Any) -> None:
    keep(process, employee, name="<b>'\"", query="q=<script>'\"")
    page = text_of(visit(employee).get(f"/p/{process.key}/list/?q=<script>'\""))
    assert "<b>'" not in page
    assert "<script>'" not in page


def test_pipeline_that_is_asked_for_stands_in_the_place_of_the_default_views(
    process: Process, employee: User, visit: Any
) -> None:
    add_pipeline(process, name="Service", like=process.pipelines.get(), is_open=True, actor=SYSTEM)
    view = keep(process, make_admin(), query="pipeline=main", audience="all", is_default=True)
    answer = visit(employee).get(f"/p/{process.key}/list/?pipeline=service")
    assert answer.url == f"/p/{process.key}/list/?view={view.pk}&pipeline=service"


def test_hidden_parts_of_the_dialog_mean_nothing(process: Process, visit: Any) -> None:
    data = {"name": "Mine", "query": "", "audience": "owner", "is_default": "on", "role_ids": []}
    assert visit(make_admin()).post(f"/p/{process.key}/views/new/list/", data).status_code == 302
    assert not SavedView.objects.get().is_default


def test_page_keeps_what_it_goes_by_and_not_what_it_leaves_aside(process: Process, employee: User, visit: Any) -> None:
    page = visit(employee).get(f"/p/{process.key}/list/?q={'x' * 300}&overdue=0&cursor=&colour=red&filter[source]=site")
    kept = page.context["views"].query
    assert kept == f"q={'x' * 200}&filter%5Bsource%5D=site"
    dialog = f"/p/{process.key}/views/new/list/"
    assert visit(employee).post(dialog, {"name": "Big", "query": kept}).status_code == 302
    refused = visit(employee).post(dialog, {"name": "Big", "query": "colour=red"})
    assert (refused.status_code, "There is no such parameter." in text_of(refused)) == (422, True)


def test_broken_default_opens_nothing_and_designers_take_it_away(process: Process, employee: User, visit: Any) -> None:
    view = keep(process, make_admin("Boss"), query="filter[amount][ge]=1", audience="all", is_default=True)
    remove_field(field_of(process, "amount"), confirmed=True, actor=SYSTEM)
    designer = visit(make_admin("Chief"))
    page = designer.get(f"/p/{process.key}/list/?view={view.pk}")
    assert designer.get(f"/p/{process.key}/list/").status_code == 200
    assert (page.status_code, "broken" in text_of(page)) == (200, True)
    assert "that are gone" in text_of(designer.get(f"/p/{process.key}/views/{view.pk}/"))
    assert "Big" not in text_of(visit(employee).get(f"/p/{process.key}/list/"))
    assert designer.post(f"/p/{process.key}/views/{view.pk}/remove/").status_code == 302
    assert not SavedView.objects.exists()


def test_view_that_cannot_be_read_opens_the_whole_page_for_its_owner_too(
    process: Process, employee: User, visit: Any
) -> None:
    view = keep(process, employee, query="sort=amount")
    remove_field(field_of(process, "amount"), confirmed=True, actor=SYSTEM)
    visitor = visit(employee)
    assert f'href="?view={view.pk}"' in text_of(visitor.get(f"/p/{process.key}/list/"))
    page = visitor.get(f"/p/{process.key}/list/?view={view.pk}")
    assert (page.status_code, "views-changed" in text_of(page)) == (200, False)
    narrowed = text_of(visitor.get(f"/p/{process.key}/list/?view={view.pk}&overdue=1"))
    assert "Save the changes" in narrowed
