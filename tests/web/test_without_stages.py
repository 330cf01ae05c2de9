"""A process without stages: contacts, companies, catalogues. Nobody hears of the one stage that it has inside."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core.actor import SYSTEM
from core.errors import Invalid
from processes.definition import definition_of
from processes.drafts import StageDraft
from processes.models import Process
from processes.operations import create_process
from processes.ready import gallery
from records.operations import create_record
from tests.api.conftest import client_of
from tests.factories import make_admin, make_process, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def process() -> Process:
    return create_process(gallery["companies"].draft(), actor=SYSTEM)


@pytest.fixture
def admin() -> Client:
    return signed_in(make_admin())


def test_list_is_its_home_and_no_stage_is_shown(process: Process, admin: Client) -> None:
    row = create_record(process.pk, values={"title": "Acme", "phone": "+7 495 123-45-67"}, actor=SYSTEM)
    home = admin.get(reverse("process-board", args=[process.key]))
    assert home.headers["Location"] == reverse("process-list", args=[process.key])
    page = admin.get(home.headers["Location"]).text
    assert "Acme" in page
    assert 'data-cell="stage"' not in page
    card = admin.get(reverse("record-card", args=[process.key, row.pk])).text
    assert "+7 495 123-45-67" in card
    assert "stagebar" not in card
    settings = admin.get(reverse("process-settings", args=[process.key])).text
    assert reverse("process-stages", args=[process.key]) not in settings


def test_records_have_no_stage_over_rest_and_take_none(process: Process) -> None:
    api = client_of(make_admin(), "read", "write", "admin")
    path = f"/processes/{process.key}/records/"
    made = api.call("post", path, {"title": "Acme"}).json()
    assert (made["stage"], made["pipeline"]) == (None, None)
    assert api.call("post", path, {"title": "B", "stage": "only"}).status_code == 400
    assert api.call("get", f"{path}?filter[stage]=only").status_code == 400
    assert api.call("get", f"{path}?sort=stage").status_code == 400
    assert api.call("get", f"/processes/{process.key}/schema/").json()["properties"]["stage"]["type"] == "null"


def test_stages_of_a_process_without_stages_are_refused() -> None:
    with pytest.raises(Invalid) as refused:
        make_process(has_stages=False, moves=None, stages=(StageDraft("New"),))
    assert refused.value.fields.keys() == {"stages"}


def test_designer_makes_a_process_without_stages(admin: Client) -> None:
    data: dict[str, Any] = {
        "name": "Warehouse",
        "noun": "item",
        "noun_plural": "items",
        "icon": "box",
        "color": "blue",
        "has_stages": False,
        "stages": [{"name": "New", "kind": "open", "color": "blue"}],
        "fields": [{"label": "Code", "type": "text", "key": "code", "is_unique": True, "in_list": False}],
        "moves": [[0, 0]],
    }
    answer = admin.post(
        reverse("process-new"),
        json.dumps(data),
        content_type="application/json",
        headers={"accept": "application/json"},
    )
    assert answer.status_code == 201
    process = Process.objects.get(name="Warehouse")
    assert answer.json()["url"] == reverse("process-list", args=[process.key])
    (code,) = definition_of(process).fields
    assert (process.has_stages, code.is_unique, code.in_list) == (False, True, False)


def test_contacts_link_to_companies_where_there_are_some(process: Process) -> None:
    contacts = create_process(gallery["contacts"].draft(), actor=SYSTEM)
    company = create_record(process.pk, values={"title": "Acme"}, actor=SYSTEM)
    row = create_record(contacts.pk, values={"title": "Anna", "company": company.pk}, actor=SYSTEM)
    assert row.values()["company"] == company.pk
