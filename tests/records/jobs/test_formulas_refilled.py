"""Formulas of existing records: right again after every change of what they are made of."""

import random
from decimal import Decimal
from typing import Any

import pytest

from core.actor import SYSTEM
from processes.definition import definition_of
from processes.drafts import FieldDraft
from processes.models import Field, FieldJob, Process
from processes.operations import add_field, remove_field, restore_field, update_field
from records.jobs.worker import work_through
from records.operations import create_record, delete_record, restore_record, update_record
from records.typed import model_for
from tests.factories import make_process

pytestmark = pytest.mark.usefixtures("committed")


def formula(key: str, source: str) -> FieldDraft:
    return FieldDraft(key.title(), "formula", key=key, settings={"formula": source})


@pytest.fixture
def process(committed: None) -> Process:
    fields = (
        FieldDraft("A", "number", key="a"),
        FieldDraft("B", "number", key="b"),
        formula("total", "sum(a, b)"),
        formula("twice", "total * 2"),
    )
    return make_process(fields=fields)


def field(process: Process, key: str) -> Field:
    return Field.objects.select_related("process").get(process=process, key=key, removed_at=None)


def values(process: Process, record_id: int) -> dict[str, Any]:
    return model_for(definition_of(process)).objects.get(pk=record_id).values()


def test_formula_is_filled_in_for_records_that_are_there_and_for_those_that_read_it(process: Process) -> None:
    record = create_record(process.pk, values={"title": "R", "a": 1, "b": 2}, actor=SYSTEM)
    added = add_field(process, formula("more", "twice + 1"), actor=SYSTEM)
    assert added.state == Field.State.FILLING
    work_through()
    assert values(process, record.pk)["more"] == 7
    update_field(field(process, "total"), changes={"settings": {"formula": "a - b"}}, actor=SYSTEM)
    work_through()
    found = values(process, record.pk)
    assert (found["total"], found["twice"], found["more"]) == (-1, -2, -1)
    assert not Field.objects.filter(process=process).exclude(state=Field.State.READY).exists()


def test_field_that_comes_back_brings_its_formulas_up_to_date(process: Process) -> None:
    record = create_record(process.pk, values={"title": "R", "a": 1, "b": 2}, actor=SYSTEM)
    gone = remove_field(field(process, "a"), actor=SYSTEM, confirmed=True)
    update_record(process.pk, record.pk, values={"b": 10}, actor=SYSTEM)
    assert values(process, record.pk)["total"] == 3
    restore_field(gone, actor=SYSTEM)
    work_through()
    found = values(process, record.pk)
    assert (found["total"], found["twice"]) == (11, 22)


def test_new_field_of_a_gone_key_is_read_by_the_formulas_that_spoke_of_it(process: Process) -> None:
    record = create_record(process.pk, values={"title": "R", "a": 1, "b": 2}, actor=SYSTEM)
    remove_field(field(process, "a"), actor=SYSTEM, confirmed=True)
    add_field(process, FieldDraft("A", "number", key="a"), actor=SYSTEM)
    work_through()
    assert values(process, record.pk)["total"] == 2


def test_field_that_no_formula_reads_begins_no_job(process: Process) -> None:
    create_record(process.pk, values={"title": "R"}, actor=SYSTEM)
    add_field(process, FieldDraft("C", "number", key="c"), actor=SYSTEM)
    assert not FieldJob.objects.exists()


@pytest.mark.parametrize("seed", range(3))
def test_formulas_equal_plain_arithmetic_after_random_writes(process: Process, seed: int) -> None:
    dice = random.Random(seed)
    known: dict[int, dict[str, int | None]] = {}
    removed: set[int] = set()
    sources = {"sum(a, b)": lambda a, b: None if a is None and b is None else (a or 0) + (b or 0)}
    sources["a - b"] = lambda a, b: None if a is None or b is None else a - b
    source = "sum(a, b)"
    for _step in range(40):
        given: dict[str, int | None] = {key: dice.choice([None, dice.randint(-9, 9)]) for key in ("a", "b")}
        act = dice.choice(["create", "update", "update", "delete", "restore", "change"])
        live, gone = sorted(known.keys() - removed), sorted(removed)
        if act == "create" or not known:
            known[create_record(process.pk, values={"title": "R", **given}, actor=SYSTEM).pk] = given
        elif act == "update" and live:
            chosen, key = dice.choice(live), dice.choice("ab")
            update_record(process.pk, chosen, values={key: given[key]}, actor=SYSTEM)
            known[chosen][key] = given[key]
        elif act == "delete" and live:
            chosen = dice.choice(live)
            delete_record(process.pk, chosen, actor=SYSTEM)
            removed.add(chosen)
        elif act == "restore" and gone:
            chosen = dice.choice(gone)
            restore_record(process.pk, chosen, actor=SYSTEM)
            removed.remove(chosen)
        elif act == "change":
            source = dice.choice(sorted(sources))
            update_field(field(process, "total"), changes={"settings": {"formula": source}}, actor=SYSTEM)
    work_through()
    for record_id, given in known.items():
        total = sources[source](given["a"], given["b"])
        found = values(process, record_id)
        assert (found["total"], found["twice"]) == (total, None if total is None else Decimal(total * 2))
