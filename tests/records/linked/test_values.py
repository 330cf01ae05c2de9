"""Lookups and roll-ups: kept right by the relay and its worker, whatever happens to the linked records."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.actor import SYSTEM
from core.errors import Invalid
from events.models import Event
from events.relay import relay_all
from processes.definition import definition_of
from processes.models import Field, Process
from processes.operations import update_field
from records.models import Recalculation
from records.operations import create_record, delete_record, move_record, restore_record, update_record
from records.recalculation.worker import work
from records.typed import model_for
from tests.records.linked.conftest import add, field_id, look_up, roll_up, settle, value

pytestmark = pytest.mark.django_db


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


def test_lookup_shows_options_as_they_are_called_now(deals: Process, companies: Process) -> None:
    look_up(deals, companies, "size")
    size = Field.objects.get(pk=field_id(companies, "size"))
    options = [{"key": "small", "label": "Tiny"}, {"key": "big", "label": "Huge"}]
    update_field(size, changes={"settings": {"options": options}}, actor=SYSTEM)
    labels = [option["label"] for option in definition_of(deals).field_by_key["its_size"].settings["options"]]
    assert labels == ["Tiny", "Huge"]


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
