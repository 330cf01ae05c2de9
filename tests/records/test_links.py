"""Links: written beside their foreign keys, named only to who may see, found from the other side."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from accounts.queries import actor_for
from api.throttling import buckets
from core.actor import SYSTEM
from core.errors import Invalid
from processes.definition import definition_of
from processes.drafts import FieldDraft
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from processes.permissions import access_for
from records.exchange.plan import plan_of
from records.exchange.reading import RowReader
from records.exchange.source import SourceRow
from records.exchange.worker import work
from records.models import ImportJob, Link, Record
from records.operations import (
    Past,
    RecordChange,
    Step,
    change_records,
    create_record,
    delete_record,
    restore_record,
    update_record,
    write_history,
)
from records.operations.imports import begin_import, check_import, plan_import, run_import
from records.queries.agreement import disagreements
from records.queries.backlinks import backlinks_of
from records.typed import TypedRecord, model_for
from tests.api.conftest import client_of
from tests.factories import EMPLOYEE, make_process, make_role, make_user, signed_in

pytestmark = pytest.mark.django_db

SECRET = "Hidden title"


@pytest.fixture(autouse=True)
def full_buckets() -> None:
    buckets.clear()


@pytest.fixture
def companies(db: None) -> Process:
    return make_process(name="Companies", key="companies", fields=())


@pytest.fixture
def deals(companies: Process) -> Process:
    settings = {"process": companies.pk}
    return make_process(
        name="Deals",
        key="deals",
        fields=(
            FieldDraft("Customer", "link", key="customer", on_card=True, settings=settings),
            FieldDraft("Partners", "links", key="partners", on_card=True, settings=settings),
        ),
    )


def company(title: str = "Acme", **values: Any) -> TypedRecord:
    return create_record("companies", values={"title": title, **values}, actor=SYSTEM)


def deal(actor: Any = SYSTEM, **values: Any) -> TypedRecord:
    return create_record("deals", values={"title": "Deal", **values}, actor=actor)


def worker(*, deals: Process, companies: Process | None, view: int = Scope.ALL) -> User:
    """Somebody who works on deals and sees companies as far as the scope says."""
    person = make_user()
    role = make_role(people=(person,)).pk
    set_grants(deals, {role: {**EMPLOYEE, Operation.UPDATE: Scope.ALL}}, actor=SYSTEM)
    if companies is not None:
        set_grants(companies, {role: {**EMPLOYEE, Operation.VIEW: view}}, actor=SYSTEM)
    return person


def linked_ids() -> dict[int, set[int]]:
    """Record → what the rows of links name."""
    found: dict[int, set[int]] = {}
    for source, target in Link.objects.values_list("source_id", "target_id"):
        found.setdefault(source, set()).add(target)
    return found


def named_ids(process: Process) -> dict[int, set[int]]:
    """Record → what the ids in the typed table name."""
    rows = model_for(definition_of(process)).objects.all()
    return {row.pk: set(row.values()["partners"]) for row in rows if row.values()["partners"]}


def test_rows_of_links_agree_with_the_ids_however_they_came(deals: Process) -> None:
    a, b, c = (company(title).pk for title in "abc")
    first = deal(partners=[a, b])
    changes = [RecordChange(values={"title": "x", "partners": ids}) for ids in ([c], [a, c], None)]
    change_records(deals, changes, actor=SYSTEM)
    step = Step("received", Record.objects.get(pk=a).created_at)
    write_history(deals, [Past([step], "old", {"partners": [b]})], actor=SYSTEM)
    update_record(deals, first.pk, values={"partners": [c, b]}, actor=SYSTEM)
    change_records(deals, [RecordChange(first.pk, {"partners": [b, a, c]})], actor=SYSTEM)
    assert linked_ids() == named_ids(deals)
    assert list(disagreements(definition_of(deals))) == []
    assert update_record(deals, first.pk, values={"title": "y"}, actor=SYSTEM).values()["partners"] == [b, a, c]
    update_record(deals, first.pk, values={"partners": None}, actor=SYSTEM)
    assert linked_ids() == named_ids(deals)
    assert first.pk not in linked_ids()


def test_links_of_many_new_records_cost_the_same_as_of_two(deals: Process) -> None:
    targets = [company(str(number)).pk for number in range(6)]

    def queries(count: int) -> int:
        changes = [RecordChange(values={"title": "x", "partners": targets}) for _ in range(count)]
        with CaptureQueriesContext(connection) as captured:
            change_records(deals, changes, actor=SYSTEM)
        return len(captured)

    queries(1)
    assert queries(2) == queries(20)


def test_link_names_a_record_that_exists(deals: Process) -> None:
    target = company()
    row = deal(customer=target.pk)
    field = definition_of(deals).field_by_key["customer"]
    statement = f"UPDATE records_p{deals.pk} SET {field.attname} = 999999999 WHERE id = {row.pk}"
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError):
            cursor.execute(statement)


def test_check_finds_every_kind_of_disagreement(deals: Process) -> None:
    target = company()
    row, other = deal(partners=[target.pk]), deal(partners=[target.pk])
    call_command("check_records")
    Record.objects.filter(pk=row.pk).update(title="Something else")
    Link.objects.filter(source_id=row.pk).delete()
    field = definition_of(deals).field_by_key["partners"]
    Link.objects.create(field_id=field.id, source_id=other.pk, target_id=row.pk)
    assert dict(disagreements(definition_of(deals))) == {"catalogue": 1, "partners": 2}
    with pytest.raises(CommandError, match="deals: partners: 2"):
        call_command("check_records")


def test_hidden_and_absent_records_are_refused_alike_and_what_is_linked_may_stay(
    deals: Process, companies: Process
) -> None:
    person = worker(deals=deals, companies=companies, view=Scope.OWN)
    hidden, own = company(SECRET), create_record("companies", values={"title": "Own"}, actor=actor_for(person))
    said = []
    for wrong in (hidden.pk, 10**9, deal().pk):
        with pytest.raises(Invalid) as refused:
            deal(actor_for(person), customer=wrong)
        said.append(refused.value.fields)
    assert said[0] == said[1] == said[2]
    row = deal(partners=[hidden.pk])
    changed = update_record(deals, row.pk, values={"partners": [hidden.pk, own.pk]}, actor=actor_for(person))
    assert changed.values()["partners"] == [hidden.pk, own.pk]
    assert update_record(deals, row.pk, values={"partners": [own.pk]}, actor=actor_for(person)).pk
    with pytest.raises(Invalid):
        update_record(deals, row.pk, values={"partners": [own.pk, hidden.pk]}, actor=actor_for(person))


@pytest.mark.parametrize("seen", [Scope.OWN, None])
def test_title_of_a_hidden_record_leaves_through_no_door(deals: Process, companies: Process, seen: int | None) -> None:
    person = worker(deals=deals, companies=companies if seen else None, view=seen or 0)
    hidden = company(SECRET)
    row = deal(customer=hidden.pk, partners=[hidden.pk])
    update_record(deals, row.pk, values={"customer": None}, actor=SYSTEM)
    update_record(deals, row.pk, values={"customer": hidden.pk}, actor=SYSTEM)
    browser = signed_in(person)
    for name, args in (
        ("record-card", [row.pk]),
        ("process-list", []),
        ("process-board", []),
        ("record-tile", [row.pk]),
        ("record-row", [row.pk]),
        ("record-activity", [row.pk]),
        ("record-field", [row.pk, "customer"]),
        ("record-field", [row.pk, "partners"]),
    ):
        page = browser.get(reverse(name, args=["deals", *args]))
        assert page.status_code == 200, name
        assert SECRET not in page.text, name
        assert "Restricted" in page.text, name
    for path in (
        f"{reverse('field-choices', args=['deals', 'customer'])}?q=Hidden",
        f"{reverse('process-list', args=['deals'])}?filter[customer]={hidden.pk}",
        f"{reverse('record-new', args=['deals'])}?customer={hidden.pk}&partners={hidden.pk}",
        f"{reverse('search')}?q=Hidden",
    ):
        assert SECRET not in browser.get(path).text, path
    assert browser.get(reverse("record-anywhere", args=[hidden.pk])).status_code == 404
    client = client_of(person)
    for path in ("", "?expand=names", f"{row.pk}/?expand=names", f"{row.pk}/timeline/", f"{row.pk}/linked/"):
        answer = client.call("get", f"/processes/deals/records/{path}")
        assert answer.status_code == 200, path
        assert SECRET not in answer.content.decode(), path


def test_link_to_a_record_in_the_bin_is_told_to_who_may_restore_it(deals: Process, companies: Process) -> None:
    person = worker(deals=deals, companies=companies)
    target = company("Acme")
    row = deal(customer=target.pk)
    delete_record(companies, target.pk, actor=SYSTEM)
    page = reverse("record-card", args=["deals", row.pk])
    assert "Acme" not in signed_in(person).get(page).text
    assert "Restricted" in signed_in(person).get(page).text
    role = make_role(people=(person,)).pk
    grants = {**EMPLOYEE, Operation.RESTORE: Scope.ALL}
    set_grants(companies, {role: grants}, actor=SYSTEM)
    assert "Acme (in the bin)" in signed_in(person).get(page).text
    restore_record(companies, target.pk, actor=SYSTEM)
    text = signed_in(person).get(page).text
    assert "Acme" in text
    assert "in the bin" not in text


def test_import_finds_records_by_title_or_number_only_among_what_the_importer_sees(
    deals: Process, companies: Process
) -> None:
    person = worker(deals=deals, companies=companies, view=Scope.OWN)
    grants = {**EMPLOYEE, Operation.IMPORT: Scope.ALL}
    set_grants(deals, {make_role(people=(person,)).pk: grants}, actor=SYSTEM)
    actor = actor_for(person)
    mine = [create_record("companies", values={"title": t}, actor=actor).pk for t in ("Ёлка", "Twin", "Twin")]
    company(SECRET)
    file = f"Title;Customer\nA;елка\nB;#{mine[1]}\nC;Twin\nD;{SECRET}\nE;Nobody\n"
    job = begin_import(deals, name="f.csv", content=file.encode(), actor=actor_for(person))
    plan_import(job, targets=["title", "customer"], actor=actor_for(person))
    check_import(job, actor=actor_for(person))
    while work():
        pass
    run_import(ImportJob.objects.get(pk=job.pk), actor=actor_for(person))
    while work():
        pass
    rows = {row.title: row.values()["customer"] for row in model_for(definition_of(deals)).objects.all()}
    assert rows == {"A": mine[0], "B": mine[1]}
    job = ImportJob.objects.get(pk=job.pk)
    said = {problem.row: str(problem.reasons) for problem in job.problems.all()}
    assert "Several records are called" in said[3]
    assert said[4].replace(SECRET, "Nobody") == said[5]


def test_other_side_shows_the_newest_and_counts_what_the_reader_sees(deals: Process, companies: Process) -> None:
    target, other = company("Acme"), company("Other")
    person = worker(deals=deals, companies=companies)
    made = [deal(customer=target.pk).pk for _ in range(7)]
    deal(customer=other.pk)
    gone = deal(customer=target.pk)
    delete_record(deals, gone.pk, actor=SYSTEM)
    both = deal(customer=other.pk, partners=[other.pk, target.pk]).pk
    customer, partners = backlinks_of(access_for(actor_for(person), companies), target.pk)
    assert [record.id for record in customer.records] == made[:1:-1]
    assert (customer.total, customer.can_add, customer.field.key) == (7, True, "customer")
    assert [record.id for record in partners.records] == [both]
    body = client_of(person).call("get", f"/processes/companies/records/{target.pk}/linked/").json()
    assert [(item["field"], item["total"], len(item["records"])) for item in body["items"]] == [
        ("customer", 7, 7),
        ("partners", 1, 1),
    ]
    page = signed_in(person).get(reverse("record-card", args=["companies", target.pk])).text
    assert f"{reverse('process-list', args=['deals'])}?filter[customer]={target.pk}" in page
    assert f"{reverse('record-new', args=['deals'])}?customer={target.pk}" in page


@pytest.mark.parametrize("count", [1, 3])
def test_other_side_costs_four_queries(
    deals: Process, companies: Process, count: int, django_assert_num_queries: Any
) -> None:
    target = company()
    for _ in range(count):
        deal(customer=target.pk, partners=[target.pk])
    access = access_for(SYSTEM, companies)
    backlinks_of(access, target.pk)
    with django_assert_num_queries(4):  # the record, versions of processes, two fields; nobody is assigned
        backlinks_of(access, target.pk)


def test_other_side_hides_what_the_reader_may_not_see(deals: Process, companies: Process) -> None:
    target = company()
    deal(customer=target.pk)
    stranger = make_user()
    set_grants(companies, {make_role(people=(stranger,)).pk: EMPLOYEE}, actor=SYSTEM)
    access = access_for(actor_for(stranger), companies)
    assert backlinks_of(access, target.pk) == ()
    grants = {**EMPLOYEE, Operation.VIEW: Scope.OWN}
    set_grants(deals, {make_role(people=(stranger,)).pk: grants}, actor=SYSTEM)
    access = access_for(actor_for(stranger), companies)
    assert [(group.total, group.records) for group in backlinks_of(access, target.pk)] == [(0, ()), (0, ())]


def test_list_is_filtered_by_a_link_and_says_whose(deals: Process, companies: Process) -> None:
    person = worker(deals=deals, companies=companies)
    target, other = company("Acme"), company("Other")
    mine, both = deal(customer=target.pk), deal(partners=[other.pk, target.pk])
    deal(customer=other.pk)
    browser = signed_in(person)
    for key, row in (("customer", mine), ("partners", both)):
        page = browser.get(f"{reverse('process-list', args=['deals'])}?filter[{key}]={target.pk}")
        assert [line.row.pk for line in page.context["lines"]] == [row.pk]
        assert "Acme" in page.context["filter"].chips[0].text


def test_new_record_begins_with_the_links_of_its_address(deals: Process, companies: Process) -> None:
    person = worker(deals=deals, companies=companies)
    target = company("Acme")
    page = signed_in(person).get(f"{reverse('record-new', args=['deals'])}?customer={target.pk}&partners={target.pk}")
    assert page.text.count(f'<option value="{target.pk}" selected>Acme</option>') == 2


def test_card_is_found_by_number_alone(deals: Process, companies: Process) -> None:
    target = company("Acme")
    person = worker(deals=deals, companies=companies)
    answer = signed_in(person).get(reverse("record-anywhere", args=[target.pk]))
    assert answer.url == reverse("record-card", args=["companies", target.pk])


def test_picker_offers_what_the_actor_sees_and_makes_a_new_record(deals: Process, companies: Process) -> None:
    person = worker(deals=deals, companies=companies, view=Scope.OWN)
    mine = create_record("companies", values={"title": "Acme"}, actor=actor_for(person))
    company("Acme of somebody else")
    browser, address = signed_in(person), reverse("field-choices", args=["deals", "customer"])
    for query in ("acm", f"#{mine.pk}", ""):
        assert browser.get(f"{address}?q={query.replace('#', '%23')}").json() == [
            {"value": str(mine.pk), "text": "Acme"}
        ]
    made = browser.post(address, {"title": "Newcomer"})
    assert made.status_code == 201
    assert deal(actor_for(person), customer=int(made.json()["value"])).pk
    viewer = worker(deals=deals, companies=None)
    assert signed_in(viewer).post(address, {"title": "x"}).status_code == 404
    assert "data-create-url" not in signed_in(viewer).get(reverse("record-new", args=["deals"])).text


def test_filter_control_searches_records(deals: Process, companies: Process) -> None:
    person = worker(deals=deals, companies=companies)
    address = reverse("process-filter-control", args=["deals"])
    for key, op in (("customer", "is"), ("partners", "has_any")):
        page = signed_in(person).get(f"{address}?field={key}")
        assert page.context["op"] == op
        assert reverse("field-choices", args=["deals", key]) in page.text


def test_reading_a_file_costs_the_same_for_any_number_of_linked_records(deals: Process, companies: Process) -> None:
    titles = [f"Company {number}, Ltd" for number in range(40)]
    made = [company(title).pk for title in titles]
    plan = plan_of(access_for(SYSTEM, deals), width=2, targets=["customer", "partners"], key="")

    def read(count: int) -> list[Any]:
        rows = [
            SourceRow(number, number, [title, f"{title}; #{made[0]}"]) for number, title in enumerate(titles[:count], 2)
        ]
        with CaptureQueriesContext(connection) as captured:
            reader = RowReader(plan, rows, access_for(SYSTEM, deals))
            wanted = [reader.read(row) for row in rows]
        costs.append(len(captured))
        return wanted

    costs: list[int] = []
    read(1)
    assert [row.values for row in read(3)] == [
        {"customer": made[0], "partners": [made[0], made[0]]},
        *({"customer": pk, "partners": [pk, made[0]]} for pk in made[1:3]),
    ]
    read(40)
    assert costs[1] == costs[2]
