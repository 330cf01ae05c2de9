"""Lookups and roll-ups: kept right by the relay and its worker, whatever happens to the linked records."""

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.actor import SYSTEM
from core.errors import Invalid
from events.models import Event
from events.relay import relay_all
from processes.definition import definition_of
from processes.drafts import FieldDraft, ProcessDraft, StageDraft
from processes.models import Field, Process, Stage
from processes.operations import add_field, create_process, remove_field, restore_field, update_field
from processes.operations.fields import InUse
from records.jobs.worker import work_through
from records.models import Recalculation
from records.operations import (
    create_record,
    delete_record,
    move_record,
    restore_record,
    update_record,
)
from records.recalculation.worker import work
from records.typed import model_for

pytestmark = pytest.mark.django_db

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


def test_lookup_follows_the_linked_record(deals: Process, companies: Process) -> None:
    look_up(deals, companies, "size")
    globe = create_record(companies, values={"title": "Globe", "size": "small"}, actor=SYSTEM).pk
    deal = create_record(deals, values={"title": "D", "company": globe}, actor=SYSTEM).pk
    settle()
    assert value(deals, deal, "its_size") == "small"
    update_record(companies, globe, values={"size": "big"}, actor=SYSTEM)
    settle()
    assert value(deals, deal, "its_size") == "big"
    delete_record(companies, globe, actor=SYSTEM)
    settle()
    assert value(deals, deal, "its_size") is None
    restore_record(companies, globe, actor=SYSTEM)
    settle()
    assert value(deals, deal, "its_size") == "big"
    update_record(deals, deal, values={"company": None}, actor=SYSTEM)
    settle()
    assert value(deals, deal, "its_size") is None


def test_roll_up_follows_the_linked_records(deals: Process, companies: Process) -> None:
    roll_up(companies, deals, "count")
    roll_up(companies, deals, "sum", "amount")
    globe = create_record(companies, values={"title": "Globe"}, actor=SYSTEM).pk
    other = create_record(companies, values={"title": "Other"}, actor=SYSTEM).pk
    ids = [
        create_record(deals, values={"title": "D", "company": globe, "amount": number}, actor=SYSTEM).pk
        for number in (1, 2.5, 4)
    ]
    settle()
    assert (value(companies, globe, "count_all"), value(companies, globe, "sum_amount")) == (3, Decimal("7.5"))
    update_record(deals, ids[0], values={"company": other}, actor=SYSTEM)
    delete_record(deals, ids[1], actor=SYSTEM)
    settle()
    assert (value(companies, globe, "count_all"), value(companies, globe, "sum_amount")) == (1, 4)
    assert (value(companies, other, "count_all"), value(companies, other, "sum_amount")) == (1, 1)
    restore_record(deals, ids[1], actor=SYSTEM)
    settle()
    assert (value(companies, globe, "count_all"), value(companies, globe, "sum_amount")) == (2, Decimal("6.5"))


def test_roll_up_counts_only_what_its_condition_asks_for(deals: Process, companies: Process) -> None:
    roll_up(companies, deals, "count", condition={"field": "stage", "op": "is", "value": "won"})
    globe = create_record(companies, values={"title": "Globe"}, actor=SYSTEM).pk
    deal = create_record(deals, values={"title": "D", "company": globe}, actor=SYSTEM).pk
    settle()
    assert value(companies, globe, "count_all") == 0
    move_record(deals, deal, to="won", actor=SYSTEM)
    settle()
    assert value(companies, globe, "count_all") == 1


def test_amounts_of_several_currencies_have_no_sum(deals: Process, companies: Process) -> None:
    roll_up(companies, deals, "sum", "price")
    roll_up(companies, deals, "sum", "price", name="of_partners", relation=f"from:{field_id(deals, 'partners')}")
    globe = create_record(companies, values={"title": "Globe"}, actor=SYSTEM).pk
    for currency in ("EUR", "EUR", "USD"):
        values = {"title": "D", "company": globe, "partners": [globe], "price": {"amount": 10, "currency": currency}}
        last = create_record(deals, values=values, actor=SYSTEM).pk
    settle()
    assert (value(companies, globe, "sum_price"), value(companies, globe, "of_partners")) == (None, None)
    update_record(deals, last, values={"price": {"amount": 1, "currency": "EUR"}}, actor=SYSTEM)
    settle()
    assert value(companies, globe, "sum_price") == value(companies, globe, "of_partners") == (21, "EUR")


def test_existing_records_are_filled_in_and_formulas_go_on_from_there(deals: Process, companies: Process) -> None:
    globe = create_record(companies, values={"title": "Globe"}, actor=SYSTEM).pk
    for number in (10, 20):
        create_record(deals, values={"title": "D", "company": globe, "amount": number}, actor=SYSTEM)
    settle()
    roll_up(companies, deals, "average", "amount")
    add(companies, "double", "formula", formula="average_amount * 2")
    settle()
    assert (value(companies, globe, "average_amount"), value(companies, globe, "double")) == (15, 30)
    look = add(deals, "its_double", "lookup", link=field_id(deals, "company"), field=field_id(companies, "double"))
    settle()
    deal = create_record(deals, values={"title": "D", "company": globe, "amount": 60}, actor=SYSTEM).pk
    settle()
    assert (value(companies, globe, "double"), value(deals, deal, "its_double")) == (60, 60)
    assert Field.objects.get(pk=look.pk).state == Field.State.READY


def test_change_is_history_with_its_cause(deals: Process, companies: Process) -> None:
    roll_up(companies, deals, "sum", "amount")
    globe = create_record(companies, values={"title": "Globe"}, actor=SYSTEM).pk
    deal = create_record(deals, values={"title": "D", "company": globe, "amount": 5}, actor=SYSTEM).pk
    settle()
    cause = Event.objects.get(kind="record.created", record_id=deal)
    told = Event.objects.filter(kind="record.updated", record_id=globe).latest("pk")
    assert told.changes == {"sum_amount": [0, 5]}
    assert (told.actor_kind, told.root_id, told.depth) == ("system", cause.pk, 1)
    assert told.record_version == model_for(definition_of(companies)).objects.get(pk=globe).version


def test_asked_for_again_while_it_is_done_is_done_again(deals: Process, companies: Process) -> None:
    roll_up(companies, deals, "count")
    globe = create_record(companies, values={"title": "Globe"}, actor=SYSTEM).pk
    create_record(deals, values={"title": "D", "company": globe}, actor=SYSTEM)
    relay_all()
    row = Recalculation.objects.get(process_id=companies.pk, record_id=globe)
    create_record(deals, values={"title": "D", "company": globe}, actor=SYSTEM)
    relay_all()
    again = Recalculation.objects.get(pk=row.pk)
    assert again.generation == row.generation + 1
    settle()
    assert value(companies, globe, "count_all") == 2
    assert not Recalculation.objects.exists()


def test_many_readers_are_done_in_steps(deals: Process, companies: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.recalculation.worker.BATCH", 3)
    look_up(deals, companies, "size")
    globe = create_record(companies, values={"title": "Globe", "size": "small"}, actor=SYSTEM).pk
    ids = [create_record(deals, values={"title": "D", "company": globe}, actor=SYSTEM).pk for _ in range(8)]
    settle()
    update_record(companies, globe, values={"size": "big"}, actor=SYSTEM)
    settle()
    assert {value(deals, deal, "its_size") for deal in ids} == {"big"}


def test_value_cannot_be_written(deals: Process, companies: Process) -> None:
    look_up(deals, companies, "size")
    with pytest.raises(Invalid) as refused:
        create_record(deals, values={"title": "D", "its_size": "big"}, actor=SYSTEM)
    assert "its_size" in refused.value.fields


def test_circles_are_refused_also_by_way_of_another_process(deals: Process, companies: Process) -> None:
    total = roll_up(companies, deals, "sum", "amount")
    add(deals, "its_total", "lookup", link=field_id(deals, "company"), field=total.pk)
    add(deals, "half", "formula", formula="its_total / 2")
    with pytest.raises(Invalid) as refused:
        update_field(total, changes={"settings": {**_said(total), "field": field_id(deals, "half")}}, actor=SYSTEM)
    assert "Sum_Amount → Half → Its_Total → Sum_Amount" in str(refused.value.message)
    assert Field.objects.get(pk=total.pk).settings["field"] == field_id(deals, "amount")


def test_circle_is_refused_when_a_field_comes_back(deals: Process, companies: Process) -> None:
    total = roll_up(companies, deals, "sum", "amount")
    shown = add(deals, "its_total", "lookup", link=field_id(deals, "company"), field=total.pk)
    remove_field(shown, actor=SYSTEM)
    update_field(total, changes={"settings": {**_said(total), "field": field_id(deals, "amount")}}, actor=SYSTEM)
    half = add(deals, "half", "formula", formula="amount / 2")
    update_field(total, changes={"settings": {**_said(total), "field": half.pk}}, actor=SYSTEM)
    restored = restore_field(Field.objects.get(pk=shown.pk), actor=SYSTEM)
    with pytest.raises(Invalid):
        update_field(half, changes={"settings": {"formula": "its_total / 2"}}, actor=SYSTEM)
    assert restored.removed_at is None


def _said(field: Field) -> dict[str, Any]:
    return {name: field.settings[name] for name in ("relation", "function", "field", "decimals", "condition")}


def test_removing_what_is_shown_names_the_readers_and_they_keep_their_values(
    deals: Process, companies: Process
) -> None:
    look_up(deals, companies, "size")
    globe = create_record(companies, values={"title": "Globe", "size": "small"}, actor=SYSTEM).pk
    deal = create_record(deals, values={"title": "D", "company": globe}, actor=SYSTEM).pk
    settle()
    size = Field.objects.get(pk=field_id(companies, "size"))
    with pytest.raises(InUse) as refused:
        remove_field(size, actor=SYSTEM)
    assert refused.value.details["uses"] == [{"kind": "value of a linked record", "name": "deals: Its_Size"}]
    remove_field(size, actor=SYSTEM, confirmed=True)
    update_record(deals, deal, values={"title": "E"}, actor=SYSTEM)
    settle()
    assert value(deals, deal, "its_size") == "small"
    restore_field(Field.objects.get(pk=size.pk), actor=SYSTEM)
    update_record(companies, globe, values={"size": "big"}, actor=SYSTEM)
    settle()
    assert value(deals, deal, "its_size") == "big"


def test_lookup_shows_options_as_they_are_called_now(deals: Process, companies: Process) -> None:
    look_up(deals, companies, "size")
    size = Field.objects.get(pk=field_id(companies, "size"))
    options = [{"key": "small", "label": "Tiny"}, {"key": "big", "label": "Huge"}]
    update_field(size, changes={"settings": {"options": options}}, actor=SYSTEM)
    labels = [option["label"] for option in definition_of(deals).field_by_key["its_size"].settings["options"]]
    assert labels == ["Tiny", "Huge"]


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"link": 0, "field": "size"}, "link"),
        ({"link": "company", "field": "amount"}, "field"),
        ({"link": "amount", "field": "size"}, "link"),
        ({"link": "partners", "field": "size"}, "link"),
    ],
)
def test_lookup_refuses_what_the_link_does_not_lead_to(
    settings: dict[str, Any], place: str, deals: Process, companies: Process
) -> None:
    ids = {field.key: field.id for process in (deals, companies) for field in definition_of(process).fields}
    with pytest.raises(Invalid) as refused:
        add(deals, "wrong", "lookup", **{name: ids.get(said, said) for name, said in settings.items()})
    assert place in refused.value.fields


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"function": "sum", "field": None}, "field"),
        ({"function": "sum", "field": "day"}, "field"),
        ({"function": "product"}, "function"),
        ({"function": "count", "relation": "from:0"}, "relation"),
        ({"function": "count", "condition": {"field": "nothing", "op": "is", "value": 1}}, "condition"),
        ({"function": "count", "condition": {"field": "day", "op": "today"}}, "condition"),
        ({"function": "count", "condition": {"field": "assignee", "op": "is", "value": {"me": True}}}, "condition"),
    ],
)
def test_roll_up_refuses_what_makes_no_sense(
    more: dict[str, Any], place: str, deals: Process, companies: Process
) -> None:
    more["field"] = field_id(deals, more["field"]) if more.get("field") else None
    settings = {"relation": f"from:{field_id(deals, 'company')}", **more}
    with pytest.raises(Invalid) as refused:
        add(companies, "wrong", "rollup", **settings)
    assert place in refused.value.fields


def test_statements_of_a_batch_do_not_grow_with_it(deals: Process, companies: Process) -> None:
    roll_up(companies, deals, "sum", "amount")
    roll_up(companies, deals, "count", name="n", relation=f"from:{field_id(deals, 'partners')}")
    counts: list[int] = []
    for many in (1, 3):
        ids = [create_record(companies, values={"title": "C"}, actor=SYSTEM).pk for _ in range(many)]
        for company in ids:
            values = {"title": "D", "company": company, "partners": [company], "amount": 1}
            create_record(deals, values=values, actor=SYSTEM)
        relay_all()
        with CaptureQueriesContext(
            connection,
        ) as caught:
            work(5.0)
        counts.append(len(caught))
    assert counts[0] == counts[1] == 21


FUNCTIONS: Sequence[tuple[str, str | None]] = (
    ("count", None), ("sum", "amount"), ("min", "amount"), ("max", "amount"), ("average", "amount"),
    ("min", "day"), ("max", "day"),
)  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_values_agree_with_a_plain_count_after_anything(seed: int, deals: Process, companies: Process) -> None:
    chance = random.Random(seed)
    condition = {"field": "amount", "op": "gt", "value": 3}
    for function, key in FUNCTIONS:
        roll_up(companies, deals, function, key)
        roll_up(companies, deals, function, key, name=f"p_{function}_{key or 'all'}", condition=condition,
                relation=f"from:{field_id(deals, 'partners')}")  # fmt: skip
    look_up(deals, companies, "size")
    clients = [create_record(companies, values={"title": "C"}, actor=SYSTEM).pk for _ in range(3)]
    ids: list[int] = []
    for _step in range(40):
        _anything(chance, deals, companies, ids, clients)
        if chance.random() < 0.3:
            settle()
    settle()
    _compare(deals, companies, ids, clients)


def _anything(chance: random.Random, deals: Process, companies: Process, ids: list[int], clients: list[int]) -> None:
    """One random act on a random record; what is in the bin comes out again, or stays."""
    live = model_for(definition_of(deals)).objects.filter(deleted_at=None).values_list("pk", flat=True)
    act = chance.choice(("create", "create", "update", "delete", "restore", "client"))
    values = {
        "company": chance.choice([None, *clients]),
        "partners": chance.sample(clients, chance.randrange(4)),
        "amount": chance.choice([None, 1, 2.5, 4, 10]),
        "day": chance.choice([None, "2026-01-05", "2026-11-24"]),
    }
    if act == "create" or not ids:
        ids.append(create_record(deals, values={"title": "D", **values}, actor=SYSTEM).pk)
    elif act == "client":
        update_record(companies, chance.choice(clients), values={"size": chance.choice(["small", "big"])}, actor=SYSTEM)
    elif act == "restore" and (gone := sorted(set(ids) - set(live))):
        restore_record(deals, chance.choice(gone), actor=SYSTEM)
    elif live:
        target = chance.choice(sorted(live))
        if act == "delete":
            delete_record(deals, target, actor=SYSTEM)
        else:
            some = {key: values[key] for key in chance.sample(sorted(values), 2)}
            update_record(deals, target, values=some, actor=SYSTEM)


def _compare(deals: Process, companies: Process, ids: list[int], clients: list[int]) -> None:
    definition = definition_of(deals)
    rows = list(model_for(definition).objects.filter(deleted_at=None))
    fields = definition.field_by_key
    for client in clients:
        named = [row for row in rows if row.value(fields["company"]) == client]
        partner = [
            r for r in rows if client in (r.value(fields["partners"]) or ()) and (r.value(fields["amount"]) or 0) > 3
        ]
        for function, key in FUNCTIONS:
            for prefix, found in (("", named), ("p_", partner)):
                name = f"{prefix}{function}_{key or 'all'}"
                expected = _plain(function, [row.value(fields[key]) for row in found] if key else found)
                assert value(companies, client, name) == expected, (client, name)
    for pk in ids:
        row = model_for(definition).objects.get(pk=pk)
        company = row.value(fields["company"])
        expected = value(companies, company, "size") if company else None
        assert row.value(fields["its_size"]) == expected


def _plain(function: str, found: list[Any]) -> Any:
    if function == "count":
        return len(found)
    values = [value for value in found if value is not None]
    if function == "sum":
        return sum(values, start=Decimal())
    if not values:
        return None
    if function == "average":
        return round(sum(values, start=Decimal()) / len(values), 2)
    return min(values) if function == "min" else max(values)
