"""A start check: whether the database is one that SmartCRM can work with."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error
from django.db import DatabaseError, connections

OLDEST_SERVER = 150000

FACTS = """
    SELECT lower('Ё') = 'ё', current_setting('server_encoding'), current_setting('server_version'),
           current_setting('server_version_num')::int
"""


def check_database(
    app_configs: Sequence[AppConfig] | None = None,
    databases: Sequence[str] | None = None,
    **kwargs: Any,
) -> list[CheckMessage]:
    """Return an error for a server older than 15, an encoding but UTF-8, or a locale blind to Cyrillic."""
    errors: list[CheckMessage] = []
    for alias in databases or []:
        errors += _problems_of(alias)
    return errors


def _problems_of(alias: str) -> list[CheckMessage]:
    connection = connections[alias]
    try:
        with connection.cursor() as cursor:
            cursor.execute(FACTS)
            folds_cyrillic, encoding, version, number = cursor.fetchone()
    except DatabaseError as error:
        reason = str(error).strip().splitlines()[0]
        return [
            Error(
                f"The database cannot be reached: {reason}",
                hint="Start it with `make up`, or set DATABASE_URL to a running PostgreSQL server.",
                id="smartcrm.E001",
            )
        ]
    found: list[CheckMessage] = []
    if number < OLDEST_SERVER:
        found.append(
            Error(
                f"PostgreSQL {version} is too old.",
                hint="SmartCRM needs PostgreSQL 15 or newer.",
                id="smartcrm.E002",
            )
        )
    if encoding != "UTF8":
        found.append(
            Error(
                f"The database is encoded in {encoding}.",
                hint="Create it again with ENCODING 'UTF8'.",
                id="smartcrm.E003",
            )
        )
    if not folds_cyrillic:
        found.append(
            Error(
                "The database does not know that Ё and ё are one letter: Russian search would be wrong.",
                hint="Create it again with a UTF-8 locale, for example BUILTIN_LOCALE 'C.UTF-8'.",
                id="smartcrm.E004",
            )
        )
    return found
