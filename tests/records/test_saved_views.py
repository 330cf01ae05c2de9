"""Saved views: who finds them, what they may say, who changes them, and that nothing is removed under them unseen."""

import pytest

from accounts.models import User
from core.actor import SYSTEM
from core.errors import Invalid, LimitReached, NotAllowed, NotFound
from events.models import Event
from processes.models import FieldLevel, Operation, Process, Scope, Stage
from processes.operations import remove_field, set_field_grants, set_grants
from processes.permissions import visible_access
from processes.queries import field_of, field_uses, usage_of
from records.models import SavedView
from records.operations import add_view, change_view, remove_view
from records.operations import saved_views as operations
from records.queries.saved_views import view_of, views_of
from tests.factories import EMPLOYEE, actor_of, make_admin, make_process, make_role, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def process() -> Process:
    return make_process()


@pytest.fixture
def boss() -> User:
    return make_admin("Boss")


@pytest.fixture
def anna(process: Process) -> User:
    return employee(process, "Anna")


def employee(process: Process, name: str) -> User:
    person = make_user(name)
    role = make_role(f"Role of {name}", people=(person,))
    set_grants(process, {role.pk: EMPLOYEE}, actor=SYSTEM)
    return person


def keep(process: Process, who: User, **values: object) -> SavedView:
    return add_view(process.key, page="list", values={"name": "V", "query": "", **values}, actor=actor_of(who))


def found(process: Process, who: User, page: str | None = None) -> list[str]:
    return [view.name for view in views_of(visible_access(actor_of(who), process), page)]


def test_own_view_is_found_by_its_owner_alone(process: Process, anna: User, boss: User) -> None:
    keep(process, anna, name="Big", query="filter[amount][ge]=100&sort=-amount")
    boris = employee(process, "Boris")
    assert found(process, anna) == ["Big"]
    assert found(process, boris) == found(process, boss) == found(process, anna, "board") == []
    with pytest.raises(NotFound):
        change_view(process.key, SavedView.objects.get().pk, changes={"name": "X"}, actor=actor_of(boss))


def test_designer_shares_with_roles_or_with_everybody(process: Process, anna: User, boss: User) -> None:
    boris = employee(process, "Boris")
    role = anna.role_assignments.get().role_id
    keep(process, boss, name="Team", audience="roles", role_ids=[role])
    keep(process, boss, name="All", audience="all", is_default=True)
    assert found(process, anna) == ["All", "Team"]
    assert found(process, boris) == ["All"]
    team = SavedView.objects.get(name="Team").pk
    change_view(process.key, team, changes={"name": "Crew"}, actor=actor_of(boss))
    assert found(process, anna) == ["All", "Crew"]
    with pytest.raises(NotAllowed):
        change_view(process.key, team, changes={"name": "Mine now"}, actor=actor_of(anna))
    with pytest.raises(NotAllowed):
        keep(process, anna, audience="all")


def test_page_opens_with_one_view_at_most(process: Process, boss: User) -> None:
    keep(process, boss, name="First", audience="all", is_default=True)
    keep(process, boss, name="Second", audience="all", is_default=True)
    assert [view.name for view in SavedView.objects.filter(is_default=True)] == ["Second"]
    second = SavedView.objects.get(name="Second").pk
    change_view(process.key, second, changes={"audience": "owner"}, actor=actor_of(boss))
    assert not SavedView.objects.filter(is_default=True).exists()


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("filter[nothing]=1", "filter[nothing]"),
        ("filter[amount][ge]=much", "filter[amount][ge]"),
        ("sort=nothing", "sort"),
        ("pipeline=nothing", "pipeline"),
        ("filter[title][contains]=" + "x" * 2000, "query"),
    ],
)
def test_query_that_makes_no_sense_is_refused_by_name(process: Process, anna: User, query: str, wrong: str) -> None:
    with pytest.raises(Invalid) as refused:
        keep(process, anna, query=query)
    assert list(refused.value.fields) == [wrong]
    assert not SavedView.objects.exists()


def test_only_what_narrows_or_sorts_is_kept(process: Process, anna: User) -> None:
    view = keep(process, anna, query="?q=paper&overdue=1&filter[source]=site")
    assert view.query == "q=paper&overdue=1&filter%5Bsource%5D=site"
    assert keep(process, anna, query="q=").query == ""


@pytest.mark.parametrize(
    "query",
    ["cursor=abc", "view=4", "search=words", 'filter={"field":"title"}', "q=%00", "q=" + "x" * 201, "overdue=0"],
)
def test_what_no_page_goes_by_is_refused_by_name(process: Process, anna: User, query: str) -> None:
    with pytest.raises(Invalid) as refused:
        keep(process, anna, query=query)
    assert list(refused.value.fields) == [query.partition("=")[0]]


def test_shared_view_whose_field_has_gone_is_found_and_removed_by_designers(
    process: Process, anna: User, boss: User
) -> None:
    oleg = make_user("Oleg")
    rights = {**EMPLOYEE, Operation.DESIGN: Scope.ALL}
    set_grants(process, {make_role("Designers", people=(oleg,)).pk: rights}, actor=SYSTEM)
    keep(process, oleg, name="Rich", query="filter[amount][ge]=1", audience="all", is_default=True)
    keep(process, oleg, name="His own", query="filter[amount][ge]=1")
    remove_field(field_of(process, "amount"), confirmed=True, actor=SYSTEM)
    own, foreign = (views_of(visible_access(actor_of(who), process)) for who in (oleg, boss))
    assert [(view.name, view.is_readable, bool(view.query)) for view in own] == [
        ("Rich", False, True),
        ("His own", False, True),
    ]
    assert [(view.name, view.is_readable, view.query, view.can_change) for view in foreign] == [
        ("Rich", False, "", True)
    ]
    assert found(process, anna) == []
    change_view(process.key, foreign[0].id, changes={"name": "Old", "query": "overdue=1"}, actor=actor_of(boss))
    assert found(process, anna) == ["Old"]
    remove_view(process.key, foreign[0].id, actor=actor_of(boss))
    assert found(process, boss) == []


def test_shared_view_of_a_hidden_field_is_found_only_by_those_who_read_it(
    process: Process, anna: User, boss: User
) -> None:
    keep(process, boss, name="Rich", query="filter[amount][ge]=100", audience="all")
    keep(process, boss, name="Sorted", query="sort=-amount", audience="all")
    role, amount = anna.role_assignments.get().role_id, field_of(process, "amount").pk
    assert found(process, anna) == ["Rich", "Sorted"]
    set_field_grants(process, {role: {amount: {None: FieldLevel.HIDDEN}}}, actor=SYSTEM)
    assert found(process, anna) == []
    assert found(process, boss) == ["Rich", "Sorted"]


def test_whoever_sees_no_record_keeps_no_view(process: Process) -> None:
    with pytest.raises(NotFound):
        keep(process, make_user("Stranger"))


def test_view_needs_a_name_an_audience_and_roles_that_exist(process: Process, boss: User) -> None:
    with pytest.raises(Invalid) as refused:
        keep(process, boss, name=" ", audience="roles", role_ids=[10**9])
    assert set(refused.value.fields) == {"name", "role_ids"}
    with pytest.raises(Invalid, match="at least one role"):
        keep(process, boss, audience="roles")
    with pytest.raises(Invalid, match="audience"):
        keep(process, boss, audience="world")


def test_there_is_an_end_to_how_many_one_keeps(process: Process, anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "MOST_VIEWS", 1)
    keep(process, anna)
    with pytest.raises(LimitReached):
        keep(process, anna)


def test_removed_view_is_gone_and_told(process: Process, anna: User) -> None:
    view = keep(process, anna, name="Big")
    remove_view(process.key, view.pk, actor=actor_of(anna))
    assert found(process, anna) == []
    told = Event.objects.filter(kind__startswith="view.").order_by("pk").values_list("kind", "data__name")
    assert list(told) == [("view.added", "Big"), ("view.removed", "Big")]


def test_view_counts_as_a_use_of_its_fields_and_stages(process: Process, anna: User, boss: User) -> None:
    stage = Stage.objects.select_related("pipeline").get(key="in_work")
    keep(process, boss, name="Rich", query=f"filter[amount][ge]=100&filter[stage]={stage.pk}", audience="all")
    keep(process, anna, name="Private", query="sort=-amount")
    uses = [(str(use.kind), use.name) for use in field_uses(field_of(process, "amount"))]
    assert ("view", "Rich") in uses
    assert ("somebody's own view", str(anna)) in uses
    assert "Private" not in str(uses)
    assert "Rich" in str(usage_of(stage))
    assert "Rich" not in str(usage_of(Stage.objects.select_related("pipeline").get(key="received")))


def test_views_are_one_statement_however_many(
    process: Process, anna: User, boss: User, django_assert_num_queries: object
) -> None:
    for name in ("A", "B", "C"):
        keep(process, boss, name=name, audience="roles", role_ids=[anna.role_assignments.get().role_id])
    access = visible_access(actor_of(anna), process)
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert len(views_of(access, "list")) == 3
    assert view_of(access, SavedView.objects.get(name="A").pk).role_ids


def test_what_would_say_nothing_is_refused_by_name(process: Process, boss: User) -> None:
    with pytest.raises(Invalid) as refused:
        keep(process, boss, is_default=True, role_ids=[1])
    assert set(refused.value.fields) == {"is_default", "role_ids"}
