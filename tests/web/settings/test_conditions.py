"""What builders of conditions and settings of links offer: names in place of numbers, and only what makes sense."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from automation.queries import automation_page
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.drafts import FieldDraft
from processes.models import Field, Process
from processes.operations import add_field, archive_process, set_grants, update_field
from processes.permissions import access_for
from records.operations import create_record
from tests.automation.helpers import make_robot
from tests.factories import (
    actor_of,
    make_admin,
    make_department,
    make_process,
    make_role,
    make_user,
    signed_in,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Client:
    return signed_in(make_admin())


@pytest.fixture
def companies() -> Process:
    return make_process(name="Companies", key="companies", fields=(FieldDraft("Size", "integer", key="size"),))


@pytest.fixture
def deals(companies: Process) -> Process:
    fields = (
        FieldDraft("Company", "link", key="company", settings={"process": companies.pk}),
        FieldDraft("Partners", "links", key="partners", settings={"process": companies.pk}),
        FieldDraft("Unit", "department", key="unit"),
        FieldDraft("Amount", "number", key="amount"),
        FieldDraft("Note", "text", key="note"),
    )
    return make_process(name="Deals", key="deals", fields=fields)


def company(companies: Process, title: str) -> int:
    return create_record(companies, values={"title": title}, actor=SYSTEM).pk


def builder(client: Client, process: Process, key: str) -> dict[str, dict[str, Any]]:
    """What the builder in the dialog of a field is told, by key."""
    page = client.get(reverse("field-edit", args=[process.key, key])).text
    told = re.search(r'<script id="condition-schema" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert told is not None
    return {one["key"]: one for one in json.loads(told[1])}


def asked_if(process: Process, key: str, *conditions: dict[str, Any]) -> None:
    field = Field.objects.get(process=process, key=key)
    update_field(field, changes={"visible_if": {"all": list(conditions)}}, actor=SYSTEM)


def test_departments_are_chosen_by_name(deals: Process, admin: Client) -> None:
    sales = make_department("Sales")
    north = make_department("North", parent=sales)
    unit = builder(admin, deals, "note")["unit"]
    assert (unit["input"], unit["options"]) == ("options", [[sales.pk, "Sales"], [north.pk, "Sales / North"]])


def test_named_records_are_called_by_their_titles(companies: Process, deals: Process, admin: Client) -> None:
    acme, globex, initech = (company(companies, title) for title in ("Acme", "Globex", "Initech"))
    is_acme = {"field": "company", "op": "is", "value": acme}
    asked_if(deals, "note", is_acme, {"field": "partners", "op": "has_any", "value": [globex, initech]})
    fields = builder(admin, deals, "note")
    known = [[acme, "Acme"], [globex, "Globex"], [initech, "Initech"]]
    assert fields["company"]["named"] == fields["partners"]["named"] == known
    assert fields["amount"]["named"] == []


def test_titles_that_one_may_not_know_stay_unsaid(companies: Process, deals: Process) -> None:
    acme = company(companies, "Acme")
    asked_if(deals, "note", {"field": "company", "op": "is", "value": acme})
    designer = make_user("Designer")
    set_grants(deals, {make_role(people=(designer,)).pk: {"view": 5, "design": 5}}, actor=SYSTEM)
    assert builder(signed_in(designer), deals, "note")["company"]["named"] == [[acme, "Restricted"]]


def test_tiles_of_automation_name_records_and_departments(companies: Process, deals: Process) -> None:
    """Also where a person has the number of the record."""
    acme, sales = company(companies, "Acme"), make_department("Sales")
    User.objects.filter(pk=acme).delete()
    User.objects.create(pk=acme, name="Anna", email="anna@example.test")
    condition = {"all": [
        {"field": "company", "op": "is", "value": acme},
        {"field": "unit", "op": "is", "value": sales.pk},
    ]}  # fmt: skip
    make_robot(deals, "add_comment", {"text": "Hello"}, condition=condition, stage="received")
    access = access_for(actor_of(make_admin()), deals)
    page = automation_page(access, access.definition.default_pipeline)
    (tile,) = [robot for column in page.columns for robot in column.robots]
    assert "Acme" in tile.condition
    assert "Sales" in tile.condition
    assert "Anna" not in tile.condition


def test_links_offer_processes_that_are_in_use(companies: Process, deals: Process, admin: Client) -> None:
    address = f"{reverse('field-new', args=[deals.key])}?type=link"
    option = f'<option value="{companies.pk}"'
    assert option in admin.get(address).text
    archive_process(companies, actor=SYSTEM)
    assert option not in admin.get(address).text
    # Where it stands already, it stays.
    edit = reverse("field-edit", args=[deals.key, "company"])
    assert f"{option} selected" in admin.get(edit).text
    saved = admin.post(edit, {"label": "Firm", "settings-process": companies.pk})
    assert (saved.status_code, Field.objects.get(key="company").label) == (302, "Firm")


def test_linked_values_offer_fields_that_fit_link_and_function(
    companies: Process, deals: Process, admin: Client
) -> None:
    """The page is told which fields go with which link and which function; a script narrows by it."""
    other = make_process(name="Other", key="other")
    add_field(deals, FieldDraft("Other", "link", key="other", settings={"process": other.pk}), actor=SYSTEM)
    ids = {field.key: field.id for field in definition_of(deals).fields}
    form = admin.get(f"{reverse('field-new', args=['deals'])}?type=lookup").context["settings"]
    told = json.loads(form.fields["field"].widget.attrs["data-narrowed"])["settings-link"]
    size = str(definition_of(companies).field_by_key["size"].id)
    theirs = [str(field.id) for field in definition_of(other).fields]
    assert told == {str(ids["company"]): [size], str(ids["other"]): theirs}

    form = admin.get(f"{reverse('field-new', args=['companies'])}?type=rollup").context["settings"]
    told = json.loads(form.fields["field"].widget.attrs["data-narrowed"])
    assert told["settings-relation"][f"from:{ids['company']}"] == [str(ids["amount"])]
    assert "count" not in told["settings-function"]
    assert str(ids["amount"]) in told["settings-function"]["sum"]
    decimals = json.loads(form.fields["decimals"].widget.attrs["data-narrowed"])
    assert decimals == {"settings-function": {"average": [True]}}
