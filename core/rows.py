"""Model instances from statements that are written once, where compiling the same query each time would cost more than
running it: the row under a lock, the row that is read, the token of a request."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, models
from psycopg import sql

M = TypeVar("M", bound=models.Model)


def one_row(model: type[M], pk: int, *, lock: bool = False) -> M | None:
    """The row of a model by its primary key, on demand locked until the transaction ends; None for none."""
    with connection.cursor() as cursor:
        cursor.execute(_select(model, lock), [pk])
        row = cursor.fetchone()
    return None if row is None else instance_of(model, row)


def columns_of(model: type[models.Model], alias: str) -> sql.Composed:
    """All columns of a model, in the order that `instance_of` expects."""
    names = (sql.Identifier(alias, str(field.column)) for field in model._meta.concrete_fields)
    return sql.SQL(", ").join(names)


def instance_of(model: type[M], values: Sequence[Any]) -> M:
    """An instance as a queryset would have loaded it."""
    names, converters = _loading(model)
    if converters:
        values = list(values)
        for place, convert, column in converters:
            values[place] = convert(values[place], column, connection)
    return model.from_db(DEFAULT_DB_ALIAS, names, values)


@lru_cache(maxsize=1024)
def _select(model: type[models.Model], lock: bool) -> str:
    key = model._meta.pk
    assert key is not None
    statement = sql.SQL("SELECT {columns} FROM {table} r WHERE r.{key} = %s").format(
        columns=columns_of(model, "r"), table=sql.Identifier(model._meta.db_table), key=sql.Identifier(str(key.column))
    )
    return statement.as_string() + (" FOR UPDATE" if lock else "")


@lru_cache(maxsize=1024)
def _loading(model: type[models.Model]) -> tuple[tuple[str, ...], tuple[tuple[int, Any, Any], ...]]:
    """Attribute names, and the converters of those columns that have some."""
    fields = model._meta.concrete_fields
    converters = (
        (place, convert, field.cached_col)
        for place, field in enumerate(fields)
        for convert in field.get_db_converters(connection)
    )
    return tuple(field.attname for field in fields), tuple(converters)
