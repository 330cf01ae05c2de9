"""Two linked processes, and hands to make lookups and roll-ups."""

from typing import Any

import pytest

from core.actor import SYSTEM
from events.relay import relay_all
from processes.definition import definition_of
from processes.drafts import FieldDraft, ProcessDraft, StageDraft
from processes.models import Field, Process, Stage
from processes.operations import add_field, create_process
from records.jobs.worker import work_through
from records.recalculation.worker import work
from records.typed import model_for

OPTIONS = {"options": [{"key": "small", "label": "Small"}, {"key": "big", "label": "Big", "color": "red"}]}


def make(name: str, *fields: FieldDraft) -> Process:
    stages = (StageDraft("New", key="new"), StageDraft("Won", Stage.Kind.WON, "green", "won"))
    draft = ProcessDraft(name, name, name, key=name, stages=stages, fields=fields)
    return create_process(draft, actor=SYSTEM)


def add(process: Process, key: str, type: str, **settings: Any) -> Field:
    return add_field(process, FieldDraft(key.title(), type, key=key, settings=settings), actor=SYSTEM)


def field_id(process: Process, key: str) -> int:
    return definition_of(process).field_by_key[key].id


def settle() -> None:
    """What the relay, its worker and the workers of jobs do, until nothing is left."""
    while relay_all() or work(10.0):
        pass
    work_through(10.0)


def value(process: Process, record_id: int, key: str) -> Any:
    definition = definition_of(process)
    return model_for(definition).objects.get(pk=record_id).value(definition.field_by_key[key])


@pytest.fixture
def companies() -> Process:
    return make("companies", FieldDraft("Size", "choice", key="size", settings=OPTIONS),
                FieldDraft("Phone", "phone", key="phone"), FieldDraft("Head", "person", key="head"))  # fmt: skip


@pytest.fixture
def deals(companies: Process) -> Process:
    return make(
        "deals",
        FieldDraft("Company", "link", key="company", settings={"process": companies.pk}),
        FieldDraft("Amount", "number", key="amount"),
        FieldDraft("Price", "money", key="price", settings={"currency": "EUR", "others": ["USD"]}),
        FieldDraft("Day", "date", key="day"),
        FieldDraft("Partners", "links", key="partners", settings={"process": companies.pk}),
    )


def look_up(deals: Process, companies: Process, key: str) -> Field:
    return add(deals, f"its_{key}", "lookup", link=field_id(deals, "company"), field=field_id(companies, key))


def roll_up(companies: Process, deals: Process, function: str, key: str | None = None, **more: Any) -> Field:
    name = more.pop("name", f"{function}_{key or 'all'}")
    field = {"field": field_id(deals, key)} if key else {}
    relation = more.pop("relation", f"from:{field_id(deals, 'company')}")
    return add(companies, name, "rollup", relation=relation, function=function, **field, **more)
