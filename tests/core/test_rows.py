"""Rows of our own statements are what a queryset loads."""

from typing import Any

import pytest
from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core.actor import SYSTEM
from core.rows import one_row
from events.models import Event
from processes.definition import definition_of
from records.operations import create_record
from records.typed import model_for
from tests.factories import make_process, make_user

pytestmark = pytest.mark.django_db


def same(mine: models.Model | None, theirs: Any) -> bool:
    """Whether two instances hold the same values of every column, and are equally loaded and saved."""
    assert mine is not None
    names = [field.attname for field in theirs._meta.concrete_fields]
    values = [(getattr(mine, name), getattr(theirs, name)) for name in names]
    states = [(row._state.db, row._state.adding, row.get_deferred_fields()) for row in (mine, theirs)]
    return all(one == other and type(one) is type(other) for one, other in values) and states[0] == states[1]


def test_one_row_is_what_a_queryset_loads() -> None:
    process = make_process()
    values = {"title": "Ёлка", "amount": 12.5, "request_date": "2026-11-24", "source": "site"}
    record = create_record(process, values=values, actor=SYSTEM)
    model = model_for(definition_of(process))
    assert same(one_row(model, record.pk), model.objects.get(pk=record.pk))
    person = make_user("Anna")
    assert same(one_row(User, person.pk), User.objects.get(pk=person.pk))


def test_one_row_reads_json_columns() -> None:
    create_record(make_process(), values={"title": "x"}, actor=SYSTEM)
    event = Event.objects.get(kind="record.created")
    assert event.data["snapshot"]["title"] == "x"
    assert same(one_row(Event, event.pk), event)


def test_one_row_locks_on_demand() -> None:
    person = make_user("Anna")
    with transaction.atomic(), CaptureQueriesContext(connection) as captured:
        one_row(User, person.pk)
        one_row(User, person.pk, lock=True)
    assert ["FOR UPDATE" in query["sql"] for query in captured.captured_queries[-2:]] == [False, True]


def test_one_row_of_nothing_is_none() -> None:
    assert one_row(User, 0) is None
