"""How PostgreSQL answers lists, boards and search for every scope of rights: `python -m bench.ours.plans 1000000`.

A thousand people in a hundred teams under ten divisions hold the records; one of fifty records is watched by somebody.
Printed are, for each scope and question, its statements with their times and the indexes that serve them.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.ours import load  # sets Django up

# isort: split
from accounts.models import Department, User
from accounts.operations import assign_role, create_role
from accounts.queries import actor_for
from core.actor import SYSTEM
from processes.models import FieldLevel, Operation, Process, Scope
from processes.operations import set_field_grants, set_grants
from processes.permissions import Access, access_for
from records.queries.board import board_for
from records.queries.counts import counts_by_process
from records.queries.filters import condition_from
from records.queries.narrowing import Narrowing
from records.queries.search import hits_for
from records.queries.table import table_for
from records.queries.work import work_of
from records.typed import table_name

PEOPLE, TEAMS, DIVISIONS = 1000, 100, 10
SCOPES = (Scope.OWN, Scope.OWN_UNASSIGNED, Scope.OBSERVED, Scope.DEPARTMENT, Scope.BELOW, Scope.ALL)


def questions(access: Access) -> Mapping[str, Callable[[], Any]]:
    """What pages ask, by name."""
    pipeline = access.definition.default_pipeline
    mine = Narrowing(condition_from(access, {"field": "source", "op": "is", "value": "site"}))
    return {
        "list, newest": lambda: table_for(access, with_names=False),
        "list, oldest change": lambda: table_for(access, sort="updated_at", with_total=False, with_names=False),
        "list, filtered": lambda: table_for(access, mine, with_names=False),
        "board": lambda: board_for(access, pipeline),
        "counts": lambda: counts_by_process([access]),
        "search": lambda: hits_for([access], "request 77"),
        "my work": lambda: work_of([access]),
    }


def main(size: int) -> None:
    """Fill the database and explain; one line of JSON each."""
    load.main(size)
    process = Process.objects.get(key="requests")
    people = _people()
    _spread(process.pk, [person.pk for person in people])
    role = create_role(name="Clerk", actor=SYSTEM)
    person = people[0]
    assign_role(role, to=person, actor=SYSTEM)
    for scope in SCOPES:
        set_grants(process, {role.pk: {Operation.VIEW: scope}}, actor=SYSTEM)
        _explain_all(scope.name.lower(), access_for(actor_for(person), process))
    amount = access_for(SYSTEM, process).definition.field_by_key["estimate"]
    stage = access_for(SYSTEM, process).definition.default_pipeline.first_stage
    set_field_grants(process, {role.pk: {amount.id: {stage.id: FieldLevel.HIDDEN}}}, actor=SYSTEM)
    _explain_all("all, a field hidden in one stage", access_for(actor_for(person), process))


def _people() -> list[User]:
    tops = [Department.objects.create(name=f"Division {n}") for n in range(DIVISIONS)]
    teams = [Department.objects.create(name=f"Team {n}", parent=tops[n % DIVISIONS]) for n in range(TEAMS - DIVISIONS)]
    homes = [*tops, *teams]
    made = [
        User(email=f"clerk{n}@example.test", name=f"Clerk {n}", department=homes[n % len(homes)]) for n in range(PEOPLE)
    ]
    User.objects.bulk_create(made)
    return made


def _spread(process_id: int, people: list[int]) -> None:
    """Give the records to the people: every twentieth to nobody."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        for table in (table_name(process_id), "records_record"):
            cursor.execute(
                f"UPDATE {table} r SET assignee_id = CASE WHEN mod(r.id, 20) = 0 THEN NULL ELSE a.id END,"
                " department_id = a.department_id, author_id = b.id,"
                " observer_ids = CASE WHEN mod(r.id, 50) = 0 THEN ARRAY[b.id + 1]::bigint[] END"
                " FROM accounts_user a, accounts_user b"
                " WHERE a.id = %(first)s + mod(r.id * 7919, %(count)s)"
                " AND b.id = %(first)s + mod(r.id * 104729, %(count)s)",
                {"first": people[0], "count": len(people)},
            )
            cursor.execute(f"VACUUM (ANALYZE, FREEZE) {table}")
        cursor.execute("RESET statement_timeout")


def _explain_all(name: str, access: Access) -> None:
    for question, ask in questions(access).items():
        ask()
        with CaptureQueriesContext(connection) as captured:
            ask()
        statements = [q["sql"] for q in captured.captured_queries if "records_" in q["sql"]]
        plans = [_plan(statement) for statement in statements]
        print(json.dumps({"scope": name, "question": question, "statements": plans}), flush=True)


def _plan(statement: str) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + statement)
        found = cursor.fetchone()[0][0]
    scans = sorted(set(_scans(found["Plan"])))
    return {"ms": round(found["Execution Time"], 1), "rows": found["Plan"]["Actual Rows"], "scans": scans}


def _scans(node: Mapping[str, Any]) -> Iterator[str]:
    if "Scan" in node["Node Type"]:
        yield f"{node['Node Type']} {node.get('Index Name') or node.get('Relation Name', '')}".strip()
    for child in node.get("Plans", ()):
        yield from _scans(child)


if __name__ == "__main__":
    main(int(sys.argv[1]))
