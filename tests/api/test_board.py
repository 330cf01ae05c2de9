"""The board over REST: what the page shows, as JSON."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from processes.models import Process
from tests.api.conftest import ApiClient
from tests.api.test_errors import refused


def test_board_counts_sums_and_shows_the_cards_of_every_stage(admin: ApiClient, process: Process, records: str) -> None:
    for title, amount in (("first", 5), ("second", 7.5)):
        admin.call("post", records, {"title": title, "fields": {"amount": amount}})
    admin.call("post", records, {"title": "third", "stage": "in_work"})
    board = admin.call("get", f"/processes/{process.key}/board/").json()
    assert (board["pipeline"], board["total"], board["sum_field"]) == ("main", 3, "amount")
    columns = {column["stage"]: column for column in board["columns"]}
    assert list(columns) == ["received", "in_work", "completed", "rejected"]
    assert (columns["received"]["count"], columns["received"]["sum"]) == (2, 12.5)
    assert [card["title"] for card in columns["received"]["items"]] == ["second", "first"]
    assert columns["received"]["items"][0]["lines"] == [{"label": "Amount", "text": "7.50"}]
    assert (columns["in_work"]["count"], columns["completed"]["items"]) == (1, [])


def test_board_is_narrowed_like_the_list(admin: ApiClient, process: Process, records: str) -> None:
    for title, amount in (("paper", 5), ("printer", 50)):
        admin.call("post", records, {"title": title, "fields": {"amount": amount}})
    for query in ("filter[amount][ge]=10", "search=print"):
        board = admin.call("get", f"/processes/{process.key}/board/?{query}").json()
        assert [card["title"] for card in board["columns"][0]["items"]] == ["printer"]


def test_board_refuses_what_it_does_not_know(admin: ApiClient, process: Process) -> None:
    refused(admin.call("get", f"/processes/{process.key}/board/?pipeline=none"), 400, "invalid", "pipeline")
    refused(admin.call("get", f"/processes/{process.key}/board/?sort=title"), 400, "invalid", "sort")


def test_board_takes_five_statements_however_many_cards(client_anna: ApiClient, process: Process, records: str) -> None:
    path = f"/processes/{process.key}/board/"
    counted = []
    for _round in range(2):
        client_anna.call("post", records, {"title": "one more"})
        client_anna.call("get", path)
        with CaptureQueriesContext(connection) as captured:
            client_anna.call("get", path)
        counted.append(len(captured))
    assert counted == [5, 5]  # the token with its roles, the version; counts, cards, names
