"""Formulas over REST: checked while they are written, refused with their place, computed for records."""

from typing import Any

import pytest

from processes.models import Process
from tests.api.conftest import ApiClient
from tests.factories import make_process


@pytest.fixture
def process(db: None) -> Process:
    return make_process()


def check(admin: ApiClient, process: Process, formula: str, key: str = "") -> dict[str, Any]:
    answer = admin.call("post", f"/processes/{process.key}/formula-check/", {"formula": formula, "key": key})
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_formula_check_says_what_a_formula_gives_and_reads(admin: ApiClient, process: Process) -> None:
    found = check(admin, process, 'if(amount > 1, title, "small")')
    assert found == {"kind": "text", "fields_used": ["amount", "title"], "error": "", "line": None, "column": None}


def test_formula_check_says_where_a_formula_is_wrong(admin: ApiClient, process: Process) -> None:
    found = check(admin, process, "amount +\n  amuont")
    assert (found["kind"], found["line"], found["column"]) == (None, 2, 3)
    assert "amount" in found["error"]


def test_formula_check_refuses_the_clock_and_circles(admin: ApiClient, process: Process) -> None:
    assert "today" in check(admin, process, "today()")["error"]
    body = {"label": "Whole", "type": "formula", "key": "whole", "settings": {"formula": "amount + 1"}}
    assert admin.call("post", f"/processes/{process.key}/fields/", body).status_code == 201
    assert check(admin, process, "whole + 1")["kind"] == "number"
    assert "whole → whole" in check(admin, process, "whole + 1", key="whole")["error"]
    assert process.fields.count() == 1 + make_process(key="other").fields.count()


def test_formula_is_added_and_computed_over_rest(admin: ApiClient, process: Process) -> None:
    path = f"/processes/{process.key}"
    body = {"label": "Whole", "type": "formula", "key": "whole", "settings": {"formula": "amount +\n ?"}}
    refused = admin.call("post", f"{path}/fields/", body)
    assert refused.status_code == 400
    assert "Line 2, column 2" in str(refused.json())
    body["settings"] = {"formula": "amount * 2"}
    assert admin.call("post", f"{path}/fields/", body).status_code == 201
    made = admin.call("post", f"{path}/records/", {"title": "A", "fields": {"amount": 4}})
    assert made.json()["fields"]["whole"] == 8
    written = admin.call("patch", f"{path}/records/{made.json()['id']}/", {"fields": {"whole": 1}})
    assert written.status_code == 400
