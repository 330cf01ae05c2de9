"""Records over REST: the same shape in and out, versions, moves, lists."""

from typing import Any
from urllib.parse import urlencode

import pytest

from accounts.models import User
from core.actor import SYSTEM
from events.models import Event
from processes.drafts import FieldDraft
from processes.models import Process
from processes.operations import add_field
from records.operations import create_record
from tests.api.conftest import ApiClient

BODY = {"title": "Printer", "fields": {"amount": 1234.5, "request_date": "2026-11-24", "source": "site"}}


def make(client: ApiClient, records: str, **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.call("post", records, {"title": "Printer", "fields": fields}).json()
    return found


def test_record_is_created_and_read_in_one_shape(client_anna: ApiClient, records: str, anna: User) -> None:
    created = client_anna.call("post", records, BODY)
    data = created.json()
    assert created.status_code == 201
    assert created.headers["ETag"] == '"1"'
    assert {key: data[key] for key in ("title", "stage", "pipeline", "assignee", "author", "version", "closed_at")} == {
        "title": "Printer",
        "stage": "received",
        "pipeline": "main",
        "assignee": anna.pk,
        "author": anna.pk,
        "version": 1,
        "closed_at": None,
    }
    assert data["fields"] == {**BODY["fields"], "responsible": None, "comment": None}
    assert client_anna.call("get", f"{records}{data['id']}/").json() == data


def test_what_is_read_can_be_written_back(client_anna: ApiClient, records: str) -> None:
    data = make(client_anna, records, amount=5)
    back = {key: data[key] for key in ("title", "assignee", "fields")}
    answer = client_anna.call("patch", f"{records}{data['id']}/", back)
    assert (answer.status_code, answer.json()["version"]) == (200, 1)


def test_record_can_begin_in_any_stage_by_key(client_anna: ApiClient, records: str) -> None:
    for body in ({"stage": "in_work"}, {"stage": "in_work", "pipeline": "main"}, {"stage": "main.in_work"}):
        assert client_anna.call("post", records, body).json()["stage"] == "in_work"
    assert client_anna.call("post", records, {"pipeline": "main"}).json()["stage"] == "received"


def test_update_changes_only_what_is_named(client_anna: ApiClient, records: str) -> None:
    data = make(client_anna, records, amount=5, source="site")
    answer = client_anna.call("patch", f"{records}{data['id']}/", {"fields": {"amount": 6}}, if_match='"1"')
    assert answer.json()["fields"] == data["fields"] | {"amount": 6}
    assert answer.headers["ETag"] == '"2"'


def test_move_and_bin_and_restore(client_anna: ApiClient, admin: ApiClient, records: str) -> None:
    one = f"{records}{make(client_anna, records)['id']}/"
    moved = client_anna.call("post", f"{one}move/", {"stage": "in_work"}, if_match='"1"')
    assert (moved.status_code, moved.json()["stage"], moved.json()["version"]) == (200, "in_work", 2)
    assert admin.call("delete", one, if_match='"2"').status_code == 204
    assert admin.call("get", one).status_code == 404
    assert [item["stage"] for item in admin.call("get", f"{records}?deleted=true").json()["items"]] == ["in_work"]
    assert admin.call("post", f"{one}restore/").status_code == 200
    assert admin.call("get", one).status_code == 200


def test_list_filters_sorts_searches_and_pages(client_anna: ApiClient, records: str) -> None:
    for title, amount in (("red", 1), ("green", 2), ("blue", 3)):
        client_anna.call("post", records, {"title": title, "fields": {"amount": amount}})

    def titles(query: str) -> list[str]:
        return [item["title"] for item in client_anna.call("get", f"{records}?{query}").json()["items"]]

    assert titles("filter[amount][ge]=2&sort=amount") == ["green", "blue"]
    assert titles('filter={"field":"amount","op":"lt","value":3}&sort=-amount') == ["green", "red"]
    assert titles("search=RE&sort=title") == ["green", "red"]
    page = client_anna.call("get", f"{records}?sort=amount&limit=2").json()
    assert (page["total"], page["total_is_capped"], page["previous"]) == (3, False, None)
    assert titles(f"sort=amount&limit=2&cursor={page['next']}") == ["blue"]


def test_search_finds_addresses_and_phones_of_searched_fields(
    client_anna: ApiClient, process: Process, records: str
) -> None:
    for key, kind in (("mail", "email"), ("phone", "phone")):
        add_field(process, FieldDraft(key, kind, key=key, is_searchable=True), actor=SYSTEM)
    make(client_anna, records, mail="anna.petrova@example.com", phone="+7 495 123-45-67")
    make(client_anna, records, mail="info@elsewhere.net")
    for asked in ("anna.petrova@example.com", "example.com", "8 (495) 123-45-67", "+74951234567"):
        found = client_anna.call("get", f"{records}?{urlencode({'search': asked})}").json()
        assert [item["fields"]["mail"] for item in found["items"]] == ["anna.petrova@example.com"]
        assert found["total"] == 1


def test_fields_and_expand_choose_what_is_shown(client_anna: ApiClient, records: str, anna: User) -> None:
    data = make(client_anna, records, amount=5)
    found = client_anna.call("get", f"{records}{data['id']}/?fields=title,amount&expand=names").json()
    people = {str(anna.pk): "Anna"}
    assert found == {
        "id": data["id"],
        "title": "Printer",
        "version": 1,
        "fields": {"amount": 5},
        "names": {"person": people},
    }
    listed = client_anna.call("get", f"{records}?fields=title&expand=names").json()
    assert listed["items"] == [{"id": data["id"], "title": "Printer", "version": 1}]
    assert listed["names"] == {"person": people}


def test_unchanged_record_is_not_sent_again(client_anna: ApiClient, records: str) -> None:
    one = f"{records}{make(client_anna, records)['id']}/"
    assert client_anna.call("get", one, if_none_match='"1"').status_code == 304


def test_days_and_moments_look_as_field_types_say(client_anna: ApiClient, records: str, process: Process) -> None:
    row = create_record(process, values=BODY["fields"], actor=SYSTEM)
    data = client_anna.call("get", f"{records}{row.pk}/").json()
    assert data["fields"] == row.values()
    assert data["created_at"] == row.created_at.isoformat()


def test_comments_tasks_and_timeline(client_anna: ApiClient, records: str, anna: User) -> None:
    one = f"{records}{make(client_anna, records)['id']}/"
    comment = client_anna.call("post", f"{one}comments/", {"text": "Hello"})
    assert (comment.status_code, comment.json()["author"]) == (201, anna.pk)
    task = client_anna.call("post", f"{one}tasks/", {"title": "Call", "assignee": anna.pk}).json()
    done = client_anna.call("post", f"{one}tasks/{task['id']}/complete/").json()
    assert done["done_at"]
    assert client_anna.call("post", f"{one}tasks/{task['id']}/reopen/").json()["done_at"] is None
    assert [item["text"] for item in client_anna.call("get", f"{one}comments/").json()["items"]] == ["Hello"]
    assert [item["id"] for item in client_anna.call("get", f"{one}tasks/").json()["items"]] == [task["id"]]
    assert len(client_anna.call("get", f"{one}timeline/").json()["items"]) == 5


@pytest.mark.parametrize("count", [1, 3])
def test_reading_costs_a_known_number_of_queries(
    client_anna: ApiClient, records: str, count: int, django_assert_num_queries: Any
) -> None:
    ids = [make(client_anna, records, amount=5)["id"] for _ in range(count)]
    with django_assert_num_queries(3):  # token with person and roles, version of the definition, rows
        client_anna.call("get", records)
    with django_assert_num_queries(4):  # and names
        client_anna.call("get", f"{records}?expand=names")
    with django_assert_num_queries(3):
        client_anna.call("get", f"{records}{ids[0]}/")


def test_writing_costs_a_known_number_of_queries(
    client_anna: ApiClient, records: str, django_assert_num_queries: Any
) -> None:
    one = f"{records}{make(client_anna, records)['id']}/"
    with django_assert_num_queries(10):  # token with roles, version; savepoint ×2, lock, rank, 4 inserts
        client_anna.call("post", records, BODY)
    with django_assert_num_queries(12):
        client_anna.call("post", f"{one}move/", {"stage": "in_work"})


def test_event_of_a_call_names_its_token(client_anna: ApiClient, records: str, anna: User) -> None:
    event = Event.objects.get(kind="record.created", record_id=make(client_anna, records)["id"])
    assert (event.actor_kind, event.actor_user_id, event.actor_label) == ("token", anna.pk, "Anna · test")
