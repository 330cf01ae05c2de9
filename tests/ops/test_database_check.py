"""The start check refuses a database in which Russian search would be silently wrong."""

import os
from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.core.checks import CheckMessage
from django.db import connection, connections
from psycopg import sql

from smartcrm import checks

pytestmark = pytest.mark.django_db

CheckOf = Callable[[str], list[CheckMessage]]


@pytest.fixture
def check_of() -> Iterator[CheckOf]:
    """Run the check on another database of the same server."""
    other = connections["other"] = connection.copy("other")

    def check(name: str) -> list[CheckMessage]:
        other.settings_dict["NAME"] = name
        return checks.check_database(databases=["other"])

    yield check
    other.close()
    del connections["other"]


@pytest.fixture
def make_database(running_services: None) -> Iterator[Callable[[str, str], str]]:
    made: list[str] = []
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:

        def make(name: str, options: str) -> str:
            name = f"{name}_{os.getpid()}"
            statement = f"CREATE DATABASE {{}} TEMPLATE template0 {options}"
            server.execute(sql.SQL(statement).format(sql.Identifier(name)))  # type: ignore[arg-type]
            made.append(name)
            return name

        yield make
        for name in made:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_our_own_database_passes() -> None:
    assert checks.check_database(databases=["default"]) == []


def test_a_locale_without_cyrillic_is_refused(make_database: Callable[[str, str], str], check_of: CheckOf) -> None:
    name = make_database("blind", "LOCALE_PROVIDER libc LOCALE 'C' ENCODING 'UTF8'")

    assert [problem.id for problem in check_of(name)] == ["smartcrm.E004"]


def test_another_encoding_is_refused(make_database: Callable[[str, str], str], check_of: CheckOf) -> None:
    name = make_database("koi", "LOCALE_PROVIDER libc LOCALE 'C' ENCODING 'KOI8R'")

    assert "smartcrm.E003" in [problem.id for problem in check_of(name)]


def test_an_old_server_is_refused(
    make_database: Callable[[str, str], str], check_of: CheckOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = make_database("fine", "")
    monkeypatch.setattr(checks, "OLDEST_SERVER", 990000)

    assert [problem.id for problem in check_of(name)] == ["smartcrm.E002"]


def test_a_missing_database_is_said_in_one_line(running_services: None, check_of: CheckOf) -> None:
    (problem,) = check_of("nowhere")

    assert problem.id == "smartcrm.E001"
    assert problem.msg.startswith("The database cannot be reached: ")
    assert "\n" not in problem.msg
