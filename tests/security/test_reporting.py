"""The schema `reporting` shows every record and every field: only to whom the database's administrator grants it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import ProgrammingError, connection, transaction

from core.actor import SYSTEM
from processes.drafts import FieldDraft
from processes.models import Process
from processes.operations import add_field, remove_field, update_field
from processes.queries import field_of
from records.operations import create_record
from tests.factories import make_process

pytestmark = pytest.mark.django_db

ANALYST = "analyst_of_tests"


@pytest.fixture
def process() -> Process:
    made = make_process()
    create_record(made, values={"title": "Printer", "amount": 5}, actor=SYSTEM)
    run(f"CREATE ROLE {ANALYST}")
    return made


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def as_analyst() -> Iterator[None]:
    """Statements inside are a reader's; a refusal takes back nothing but itself."""
    with transaction.atomic():
        run(f"SET LOCAL ROLE {ANALYST}")
        yield
        run("RESET ROLE")


def titles(process: Process) -> list[tuple[str]]:
    with as_analyst(), connection.cursor() as cursor:
        cursor.execute(f"SELECT title FROM reporting.{process.key}")
        return cursor.fetchall()


def test_nobody_reads_a_view_without_a_grant(process: Process) -> None:
    with pytest.raises(ProgrammingError, match="permission denied for schema reporting"):
        titles(process)
    run(f"GRANT USAGE ON SCHEMA reporting TO {ANALYST}")
    with pytest.raises(ProgrammingError, match="permission denied for view"):
        titles(process)
    run(f"GRANT SELECT ON reporting.{process.key} TO {ANALYST}")
    assert titles(process) == [("Printer",)]


def test_everybody_has_no_right_in_the_schema(process: Process) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_schema_privilege('public', 'reporting', 'USAGE'), has_table_privilege('public', %s, 'SELECT')",
            [f"reporting.{process.key}"],
        )
        assert cursor.fetchone() == (False, False)


def test_grant_opens_the_view_and_not_what_is_behind_it(process: Process) -> None:
    run(f"GRANT USAGE ON SCHEMA reporting TO {ANALYST}")
    run(f"GRANT SELECT ON reporting.{process.key} TO {ANALYST}")
    other = make_process()
    for behind in (f"records_p{process.pk}", "records_record", "accounts_user", f"reporting.{other.key}"):
        with pytest.raises(ProgrammingError, match="permission denied"), as_analyst():
            run(f"SELECT * FROM {behind}")


def test_view_keeps_its_grants_when_the_definition_changes(process: Process) -> None:
    run(f"GRANT USAGE ON SCHEMA reporting TO {ANALYST}")
    run(f"GRANT SELECT ON reporting.{process.key} TO {ANALYST}")
    add_field(process, FieldDraft("Colour", "text", key="colour"), actor=SYSTEM)
    update_field(field_of(process, "amount"), changes={"label": "Sum"}, actor=SYSTEM)
    remove_field(field_of(process, "comment"), actor=SYSTEM, confirmed=True)
    with as_analyst(), connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM reporting.{process.key}")
        columns = {column.name for column in cursor.description or ()}
    assert {"title", "amount", "colour"} <= columns
    assert "comment" not in columns
