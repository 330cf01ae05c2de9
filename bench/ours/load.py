"""Fills the product's database: `python -m bench.ours.load 100000` prints what a client must know, as JSON.

People, process, rights, token and robots are made by the operations; only the records come by COPY, into the
catalogue, the typed table and the stage visits, as the operations would have left them.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smartcrm.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402
from fractional_indexing import generate_n_keys_between  # noqa: E402
from psycopg import sql  # noqa: E402

from accounts.models import Role, User  # noqa: E402
from accounts.models.role import ROBOTS_ROLE_KEY  # noqa: E402
from accounts.operations import assign_role, create_role, create_token  # noqa: E402
from automation.drafts import RobotDraft  # noqa: E402
from automation.operations import create_robot  # noqa: E402
from bench.workload import FIELDS, ON_CARD, PEOPLE, SOURCES, STAGES, Sample, samples  # noqa: E402
from core.actor import SYSTEM  # noqa: E402
from processes.definition import definition_of  # noqa: E402
from processes.definition_types import Definition  # noqa: E402
from processes.drafts import FieldDraft, ProcessDraft, StageDraft  # noqa: E402
from processes.models import Operation, Process, Scope, Stage  # noqa: E402
from processes.operations import create_process, set_grants  # noqa: E402
from records.typed import table_name  # noqa: E402

WORKER: dict[str, int] = {
    operation: Scope.ALL
    for operation in Operation.values
    if operation not in (Operation.DESIGN, Operation.AUTOMATE, Operation.MANAGE_ACCESS)
}
ROBOTS = (
    RobotDraft("set_fields", {"values": {"attempts": 1}}, name="Set a value"),
    RobotDraft("add_comment", {"text": "Received from {{ customer }}."}, name="Comment"),
    RobotDraft("create_task", {"title": "Call {{ customer }}", "due_in": 1, "due_unit": "d"}, name="Task"),
)
LATER = RobotDraft("set_fields", {"values": {"attempts": 2}}, name="Later", delay_seconds=1)
CATALOGUE = (
    "id",
    "process_id",
    "pipeline_id",
    "stage_id",
    "title",
    "assignee_id",
    "author_id",
    "is_open",
    "created_at",
)
TYPED = (
    *("id", "pipeline_id", "stage_id", "title", "position", "assignee_id", "author_id", "editor_id"),
    *("created_at", "updated_at", "stage_changed_at", "closed_at", "version"),
)
VISIT = ("record_id", "process_id", "stage_id", "entered_at")


def main(count: int) -> dict[str, Any]:
    """Make everything and return what a client must know."""
    with transaction.atomic():
        people = _people()
        processes = [_process("requests", people[0]), _process("robots", people[0])]
        _robots(processes[1])
        _token, secret = create_token(people[0], name="bench", scopes=("read", "write"), actor=SYSTEM)
        definition = definition_of(processes[0])
        ids = [person.pk for person in people]
        _copy_records(definition, count, ids)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("RESET statement_timeout")
    return {
        "token": secret,
        "people": ids,
        "table": table_name(definition.id),
        "columns": {field.key: field.attname for field in definition.fields},
        "stages": {stage.key: stage.id for stage in definition.stage_by_id.values()},
    }


def _people() -> list[User]:
    role = create_role(name="Worker", key="worker", actor=SYSTEM)
    people = [User.objects.create_user(f"p{n}@example.test", name=f"Person {n}") for n in range(PEOPLE)]
    for person in people:
        assign_role(role, to=person, actor=SYSTEM)
    return people


def _process(key: str, author: User) -> Process:
    draft = ProcessDraft(
        name=key.title(),
        noun="request",
        noun_plural="requests",
        key=key,
        stages=[StageDraft(name, kind, key=stage) for stage, name, kind in STAGES],
        fields=[_field(name, kind) for name, kind in FIELDS],
    )
    process = create_process(draft, actor=SYSTEM)
    roles = Role.objects.filter(key__in=["worker", ROBOTS_ROLE_KEY]).values_list("pk", flat=True)
    set_grants(process, dict.fromkeys(roles, WORKER), actor=SYSTEM)
    return process


def _field(key: str, kind: str) -> FieldDraft:
    settings = {"options": [{"key": source, "label": source} for source in SOURCES]} if kind == "choice" else {}
    return FieldDraft(key.replace("_", " ").title(), kind, key=key, on_card=key in ON_CARD, settings=settings)


def _robots(process: Process) -> None:
    """Three on the first stage, one that waits on the second."""
    stages = Stage.objects.filter(pipeline__process=process)
    for draft in ROBOTS:
        create_robot(stages[0], draft, actor=SYSTEM)
    create_robot(stages[1], LATER, actor=SYSTEM)


def _copy_records(definition: Definition, count: int, people: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
    _copy("records_record", CATALOGUE, (_catalogue_row(definition, sample, people) for sample in samples(count)))
    columns = (*TYPED, *(field.attname for field in definition.fields))
    _copy(table_name(definition.id), columns, _typed_rows(definition, count, people))
    _copy("records_stagevisit", VISIT, (_visit_row(definition, sample) for sample in samples(count)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('records_record', 'id'), %s)", [count])


def _copy(table: str, columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _catalogue_row(definition: Definition, sample: Sample, people: list[int]) -> tuple[Any, ...]:
    stage = definition.default_pipeline.stages[sample.stage]
    assignee = people[sample.assignee]
    return (
        *(sample.number, definition.id, stage.pipeline_id, stage.id, sample.title),
        *(assignee, people[0], stage.is_open, sample.at),
    )


def _typed_rows(definition: Definition, count: int, people: list[int]) -> Iterator[tuple[Any, ...]]:
    """The newest record stands at the top of its column."""
    stages = definition.default_pipeline.stages
    sizes = Counter(sample.stage for sample in samples(count))
    ranks = {place: iter(reversed(generate_n_keys_between(None, None, size))) for place, size in sizes.items()}
    for sample in samples(count):
        stage = stages[sample.stage]
        values = {**sample.values, "manager": people[sample.values["manager"]]}
        yield (
            *(sample.number, stage.pipeline_id, stage.id, sample.title, next(ranks[sample.stage])),
            *(people[sample.assignee], people[0], people[0]),
            *(sample.at, sample.at, sample.at, None if stage.is_open else sample.at, 1),
            *(values[field.key] for field in definition.fields),
        )


def _visit_row(definition: Definition, sample: Sample) -> tuple[Any, ...]:
    return sample.number, definition.id, definition.default_pipeline.stages[sample.stage].id, sample.at


if __name__ == "__main__":
    json.dump(main(int(sys.argv[1])), sys.stdout)
