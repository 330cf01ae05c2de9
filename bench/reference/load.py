"""Fills the reference application's database: `python -m bench.reference.load 100000` prints what a client needs."""

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.reference.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from psycopg import sql  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402

from bench.reference.models import Stage, User  # noqa: E402
from bench.workload import FIELDS, PEOPLE, STAGES, samples  # noqa: E402

COLUMNS = (
    *("title", "stage_id", "assignee_id", "author_id", "created_at", "updated_at", "stage_changed_at"),
    *(f"{key}_id" if kind == "person" else key for key, kind in FIELDS),
)


def main(count: int) -> dict[str, Any]:
    """Make tables, people, stages, a token and the requests; return what a client must know."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    people = [User.objects.create_user(f"p{n}", first_name=f"Person {n}") for n in range(PEOPLE)]
    stages = [
        Stage.objects.create(key=key, name=name, position=place) for place, (key, name, _kind) in enumerate(STAGES)
    ]
    token = Token.objects.create(user=people[0])
    statement = sql.SQL("COPY reference_request ({}) FROM STDIN").format(
        sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    )
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for row in _rows(count, [person.pk for person in people], [stage.pk for stage in stages]):
                copy.write_row(row)
        cursor.execute("VACUUM ANALYZE")
    return {
        "token": token.key,
        "people": [person.pk for person in people],
        "table": "reference_request",
        "columns": dict(zip((key for key, _kind in FIELDS), COLUMNS[-len(FIELDS) :], strict=True)),
        "stages": {stage.key: stage.pk for stage in stages},
    }


def _rows(count: int, people: list[int], stages: list[int]) -> Iterator[tuple[Any, ...]]:
    for sample in samples(count):
        values = {**sample.values, "manager": people[sample.values["manager"]]}
        yield (
            *(sample.title, stages[sample.stage], people[sample.assignee], people[0]),
            *(sample.at, sample.at, sample.at),
            *(values[key] for key, _kind in FIELDS),
        )


if __name__ == "__main__":
    json.dump(main(int(sys.argv[1])), sys.stdout)
