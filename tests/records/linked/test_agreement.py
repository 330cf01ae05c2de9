"""Linked values agree with a plain count after anything."""

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from core.actor import SYSTEM
from processes.definition import definition_of
from processes.models import Process
from records.operations import create_record, delete_record, restore_record, update_record
from records.typed import model_for
from tests.records.linked.conftest import field_id, look_up, roll_up, settle, value

pytestmark = pytest.mark.django_db


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
