"""Saved views over REST."""

import pytest

from processes.models import Process
from tests.api.conftest import ApiClient

pytestmark = pytest.mark.django_db


def test_view_is_made_read_changed_and_removed(client_anna: ApiClient, process: Process) -> None:
    views = f"/processes/{process.key}/views/"
    made = client_anna.call("post", views, {"page": "list", "name": "Big", "query": "filter[amount][ge]=100"})
    assert made.status_code == 201, made.json()
    assert made.json() == {
        "id": made.json()["id"],
        "name": "Big",
        "page": "list",
        "query": "filter%5Bamount%5D%5Bge%5D=100",
        "is_readable": True,
        "audience": "owner",
        "role_ids": [],
        "is_default": False,
        "owner": "Anna",
        "is_own": True,
        "can_change": True,
    }
    one = f"{views}{made.json()['id']}/"
    assert client_anna.call("patch", one, {"name": "Bigger"}).json()["name"] == "Bigger"
    assert [view["name"] for view in client_anna.call("get", views + "?page=list").json()["items"]] == ["Bigger"]
    assert client_anna.call("get", views + "?page=board").json()["items"] == []
    assert client_anna.call("delete", one).status_code == 204
    assert client_anna.call("get", one).status_code == 404


def test_sharing_takes_the_right_to_change_the_process(
    client_anna: ApiClient, admin: ApiClient, process: Process
) -> None:
    views = f"/processes/{process.key}/views/"
    body = {"page": "board", "name": "All", "audience": "all", "is_default": True}
    assert client_anna.call("post", views, body).status_code == 403
    shared = admin.call("post", views, body).json()
    assert client_anna.call("get", f"{views}{shared['id']}/").json()["can_change"] is False
    assert client_anna.call("patch", f"{views}{shared['id']}/", {"name": "Mine"}).status_code == 403


def test_wrong_query_and_unknown_keys_are_refused_by_name(client_anna: ApiClient, process: Process) -> None:
    views = f"/processes/{process.key}/views/"
    wrong = client_anna.call("post", views, {"page": "list", "name": "X", "query": "filter[nothing]=1"})
    assert (wrong.status_code, list(wrong.json()["details"]["fields"])) == (400, ["filter[nothing]"])
    for query in ('filter={"field": "amount", "op": "ge", "value": 1}', "search=words", "q=%00"):
        strange = client_anna.call("post", views, {"page": "list", "name": "X", "query": query})
        assert (strange.status_code, list(strange.json()["details"]["fields"])) == (400, [query.partition("=")[0]])
    unknown = client_anna.call("post", views, {"page": "list", "name": "X", "colour": "red"})
    assert "colour" in unknown.json()["details"]["fields"]
    assert client_anna.call("get", views + "?pages=1").status_code == 400
    assert client_anna.call("get", views + "?page=bord").status_code == 400
