"""Sections, rules of fields and removed fields over REST."""

from typing import Any

import pytest

from events.models import Event
from processes.models import Process
from tests.api.conftest import ApiClient
from tests.factories import make_process

pytestmark = pytest.mark.django_db


def base(process: Process) -> str:
    return f"/processes/{process.key}"


def section(admin: ApiClient, process: Process, label: str, **more: Any) -> int:
    answer = admin.call("post", f"{base(process)}/sections/", {"label": label, **more})
    assert answer.status_code == 201, answer.content
    return int(answer.json()["id"])


def fields_of(admin: ApiClient, process: Process) -> list[tuple[str, int | None]]:
    items = admin.call("get", f"{base(process)}/fields/").json()["items"]
    return [(item["key"], item["section"]) for item in items]


def test_sections_are_made_named_and_removed(admin: ApiClient, process: Process) -> None:
    money = section(admin, process, "Money", labels={"ru": "Деньги"})
    renamed = admin.call("patch", f"{base(process)}/sections/{money}/", {"label": "Finance"}).json()
    assert renamed == {"id": money, "label": "Finance", "labels": {"ru": "Деньги"}}
    moved = admin.call("patch", f"{base(process)}/fields/amount/", {"section": money})
    assert moved.json()["section"] == money
    (listed,) = admin.call("get", f"{base(process)}/sections/").json()["items"]
    assert listed == {"id": money, "label": "Finance", "labels": {"ru": "Деньги"}, "fields": ["amount"]}
    assert admin.call("delete", f"{base(process)}/sections/{money}/").status_code == 204
    assert dict(fields_of(admin, process))["amount"] is None
    kinds = Event.objects.filter(process_id=process.pk, kind__startswith="section.").order_by("pk")
    assert list(kinds.values_list("kind", flat=True)) == ["section.added", "section.updated", "section.removed"]


def test_a_section_needs_a_name_and_languages_of_the_product(admin: ApiClient, process: Process) -> None:
    answer = admin.call("post", f"{base(process)}/sections/", {"label": " ", "labels": {"xx": "?"}})
    assert answer.status_code == 400
    assert answer.json()["details"]["fields"].keys() == {"label", "labels"}


def test_layout_puts_sections_and_fields_in_order(admin: ApiClient, process: Process) -> None:
    first, second = section(admin, process, "First"), section(admin, process, "Second")
    layout = [
        {"section": second, "fields": ["comment", "amount"]},
        {"section": first, "fields": ["source"]},
        {"section": None, "fields": ["responsible", "request_date"]},
    ]
    assert admin.call("put", f"{base(process)}/field-layout/", {"layout": layout}).status_code == 204
    assert fields_of(admin, process) == [
        ("responsible", None),
        ("request_date", None),
        ("comment", second),
        ("amount", second),
        ("source", first),
    ]
    listed = admin.call("get", f"{base(process)}/sections/").json()["items"]
    assert [item["id"] for item in listed] == [second, first]


@pytest.mark.parametrize("wrong", ["fields", "sections"])
def test_layout_that_forgets_something_changes_nothing(wrong: str, admin: ApiClient, process: Process) -> None:
    only = section(admin, process, "Only")
    before = fields_of(admin, process)
    keys = [key for key, _section in before]
    layout = {
        "fields": [{"section": only, "fields": keys[1:]}],
        "sections": [{"section": None, "fields": keys}],
    }[wrong]
    answer = admin.call("put", f"{base(process)}/field-layout/", {"layout": layout})
    assert answer.status_code == 400
    assert answer.json()["details"]["fields"].keys() == {wrong}
    assert fields_of(admin, process) == before


def test_a_section_of_another_process_is_not_taken(admin: ApiClient, process: Process) -> None:
    foreign = section(admin, make_process(), "Foreign")
    answer = admin.call("patch", f"{base(process)}/fields/amount/", {"section": foreign})
    assert answer.status_code == 400
    assert answer.json()["details"]["fields"].keys() == {"section"}
    assert admin.call("delete", f"{base(process)}/sections/{foreign}/").status_code == 404


def test_a_new_field_may_be_required_from_a_stage_on(admin: ApiClient, process: Process) -> None:
    stages = admin.call("get", f"{base(process)}/pipelines/").json()["items"][0]["stages"]
    into = section(admin, process, "Result")
    body = {
        "label": "Outcome",
        "type": "text",
        "key": "outcome",
        "required": "stage",
        "required_from": stages[1]["id"],
        "section": into,
    }
    added = admin.call("post", f"{base(process)}/fields/", body).json()
    assert (added["required"], added["required_from"], added["section"]) == ("stage", stages[1]["id"], into)
    record = admin.call("post", f"{base(process)}/records/", {"title": "A"}).json()
    url = f"{base(process)}/records/{record['id']}/move/"
    refused = admin.call("post", url, {"stage": stages[1]["key"]})
    assert refused.status_code == 400
    assert refused.json()["details"]["fields"].keys() == {"outcome"}


@pytest.mark.parametrize("count", [1, 3])
def test_listing_sections_costs_two_queries(
    count: int, admin: ApiClient, process: Process, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        section(admin, process, f"Section {number}")
    url = f"{base(process)}/sections/"
    admin.call("get", url)
    with django_assert_num_queries(2):
        assert len(admin.call("get", url).json()["items"]) == count
