"""Many records in one call: each its own result, all one transaction."""

from typing import Any

from events.models import Event
from records.models import Record
from tests.api.conftest import ApiClient
from tests.api.test_errors import refused


def test_bulk_does_each_operation_or_says_why_not(admin: ApiClient, records: str) -> None:
    first = admin.call("post", records, {"title": "first"}).json()["id"]
    second = admin.call("post", records, {"title": "second"}).json()["id"]
    operations: list[dict[str, Any]] = [
        {"op": "create", "record": {"title": "third", "stage": "in_work", "fields": {"amount": 5}}},
        {"op": "create", "record": {"fields": {"amount": "much"}}},
        {"op": "create", "record": {"nonsense": 1}},
        {"op": "update", "id": first, "version": 1, "record": {"title": "changed"}},
        {"op": "update", "id": first, "version": 1, "record": {"title": "stale"}},
        {"op": "delete", "id": second},
        {"op": "delete", "id": second},
        {"op": "explode"},
        {"op": "update", "id": "x", "record": {}},
    ]
    answer = admin.call("post", f"{records}bulk/", {"operations": operations}).json()
    assert [result["status"] for result in answer["results"]] == [201, 400, 400, 200, 412, 204, 404, 400, 400]
    assert answer["refused"] == 6
    assert set(answer["results"][1]["error"]["details"]["fields"]) == {"amount"}
    assert answer["results"][3] == {"status": 200, "id": first, "version": 2}
    assert set(Record.objects.filter(deleted_at=None).values_list("title", flat=True)) == {"third", "changed"}
    kinds = Event.objects.filter(kind__startswith="record.").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["record.created"] * 3 + ["record.updated", "record.deleted"]


def test_bulk_obeys_the_rights_of_each_row(client_anna: ApiClient, admin: ApiClient, records: str) -> None:
    foreign = admin.call("post", records, {"title": "foreign"}).json()["id"]
    operations = [{"op": "update", "id": foreign, "record": {"title": "mine"}}, {"op": "delete", "id": foreign}]
    answer = client_anna.call("post", f"{records}bulk/", {"operations": operations}).json()
    assert [result["status"] for result in answer["results"]] == [403, 403]
    assert Record.objects.get(pk=foreign).title == "foreign"


def test_bulk_has_a_limit(admin: ApiClient, records: str) -> None:
    operations = [{"op": "delete", "id": 1}] * 1001
    refused(admin.call("post", f"{records}bulk/", {"operations": operations}), 400, "invalid", "operations")


def test_bulk_of_a_thousand_creates_a_thousand(admin: ApiClient, records: str) -> None:
    operations = [{"op": "create", "record": {"title": f"n{number}"}} for number in range(1000)]
    answer = admin.call("post", f"{records}bulk/", {"operations": operations}).json()
    assert (answer["refused"], Record.objects.count()) == (0, 1000)
