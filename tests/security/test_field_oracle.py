"""Rights to fields against the same slow oracle: what is shown, filtered, sorted, summed and written, row by row."""

import json
import random
from typing import Any

import pytest

from accounts.models import User
from accounts.queries import actor_for
from core.errors import Invalid, NotAllowed, NotFound, SmartCRMError
from processes.definition import definition_of
from processes.definition_types import FieldDef
from processes.models import Operation, Process
from processes.permissions import Access, access_for
from records.models import Record
from records.operations import update_record
from records.queries.board import board_for
from records.queries.card import card_for, value_of
from records.queries.filters import condition_from
from records.queries.narrowing import Narrowing
from records.queries.table import table_for
from records.queries.timeline import timeline_page
from records.typed import TypedRecord, model_for
from tests.factories import make_process, signed_in
from tests.security.test_access_oracle import World, give_roles, grant, limit, make_records, make_world

CASES = 2_000
OTHER: dict[str, Any] = {"amount": 77, "source": "phone", "comment": "new", "request_date": "2026-01-02"}
CONDITIONS: tuple[tuple[str, str, Any], ...] = (
    ("amount", "is", 2),
    ("amount", "is_not", 2),
    ("amount", "lt", 3),
    ("amount", "is_empty", None),
    ("source", "is", "site"),
    ("source", "in", ["site", "phone"]),
    ("comment", "contains", "oo"),
    ("comment", "is_empty", None),
)


class Reader:
    """One person before one process, with what the oracle says of every record."""

    def __init__(self, world: World, person: User, process: Process, records: list[Record]) -> None:
        self.world, self.person = world, person
        self.access: Access = access_for(actor_for(person), process)
        self.definition = self.access.definition
        self.seen = {r.pk: r for r in records if world.may(person.pk, Operation.VIEW, r)}
        rows = model_for(self.definition).objects.in_bulk([r.pk for r in records])
        self.rows: dict[int, TypedRecord] = dict(rows)

    def reads(self, field: FieldDef, record_id: int) -> bool:
        return self.world.reads(self.person.pk, field.id, self.seen[record_id])

    def shown(self, field: FieldDef, record_id: int) -> Any:
        """The value as the person knows it: nothing where the record does not show it."""
        return self.rows[record_id].value(field) if self.reads(field, record_id) else None

    def is_known(self, field: FieldDef) -> bool:
        """Whether any stage of any of the person's roles shows the field at all."""
        return field in self.access.readable_fields


def check_showing(one: Reader) -> int:
    """Card, single value and list say of every record what the oracle says; the history tells nothing else."""
    for record_id in one.seen:
        expected = {field.key for field in one.definition.fields if one.reads(field, record_id)}
        assert {value.field.key for value in card_for(one.access, record_id).fields} == expected
        for field in one.definition.fields:
            if field.key in expected:
                assert value_of(one.access, record_id, field.key)[0].value == one.shown(field, record_id)
                continue
            with pytest.raises(NotFound):
                value_of(one.access, record_id, field.key)
        told = {c.label for entry in timeline_page(one.access, record_id).entries for c in entry.changes}
        assert not told & {f.label for f in one.definition.fields if f.key not in expected}
    table = table_for(one.access)
    assert {row.pk for row in table.rows} == set(one.seen)
    for row in table.rows:
        for field in one.access.readable_fields:
            assert row.value(field) == one.shown(field, row.pk)
    return len(one.seen)


def check_filters(one: Reader) -> int:
    """A condition finds by what is shown; of a field that nothing shows it speaks as of one that does not exist."""
    for key, op, operand in CONDITIONS:
        field = one.definition.field_by_key[key]
        tree = {"field": key, "op": op} | ({} if operand is None else {"value": operand})
        if not one.is_known(field):
            assert not any(one.reads(field, record_id) for record_id in one.seen)
            with pytest.raises(SmartCRMError) as hidden:
                condition_from(one.access, tree)
            with pytest.raises(SmartCRMError) as absent:
                condition_from(one.access, {**tree, "field": "nothing"})
            assert str(hidden.value.message).replace(key, "nothing") == str(absent.value.message)
            continue
        found = table_for(one.access, Narrowing(condition_from(one.access, tree)))
        expected = {pk for pk in one.seen if holds(op, one.shown(field, pk), operand)}
        assert {row.pk for row in found.rows} == expected, (key, op, operand)
    return len(CONDITIONS)


def holds(op: str, value: Any, operand: Any) -> bool:
    """What the operators mean, with empty values."""
    if op == "is_empty":
        return value is None
    if op == "is_not":
        return bool(value != operand)
    if value is None:
        return False
    meaning = {"is": value == operand, "in": op == "in" and value in operand}
    meaning["lt"] = op == "lt" and value < operand
    meaning["contains"] = op == "contains" and operand in value
    return bool(meaning[op])


def check_order(one: Reader) -> int:
    """A list is sorted by what is shown, forwards and backwards, page by page."""
    field = one.definition.field_by_key["amount"]
    if not one.is_known(field):
        with pytest.raises(Invalid):
            table_for(one.access, sort="amount")
        return 1
    for sort, sign in (("amount", 1), ("-amount", -1)):
        order: list[int] = []
        cursor: str | None = None
        while cursor is not None or not order:
            table = table_for(one.access, sort=sort, cursor=cursor, limit=5)
            order += [row.pk for row in table.rows]
            cursor = table.next
            if not table.rows:
                break

        def place(record_id: int, sign: int = sign) -> tuple[bool, Any, int]:
            value = one.shown(field, record_id)
            return value is None, 0 if value is None else sign * value, sign * record_id

        assert order == sorted(one.seen, key=place)
    return 2


def check_board(one: Reader) -> int:
    """Counts and sums of columns add up what is shown; no tile has more."""
    board = board_for(one.access, one.definition.default_pipeline)
    field = one.definition.field_by_key["amount"]
    for column in board.columns:
        here = [pk for pk in one.seen if one.rows[pk].stage_id == column.stage.id]
        assert column.count == len(here)
        if board.sum_field is None:
            assert not one.is_known(field)
            continue
        values = [value for pk in here if (value := one.shown(field, pk)) is not None]
        assert (column.sum or 0) == sum(values)
        for tile in column.page.tiles:
            assert (tile.amount is not None) == (one.shown(field, tile.id) is not None)
    return len(board.columns)


def check_writing(one: Reader, dice: random.Random) -> int:
    """What the oracle does not let change is refused by name and changes nothing; the rest is written."""
    known = sorted(one.seen)
    for record_id in dice.sample(known, min(3, len(known))):
        record = one.seen[record_id]
        for key, value in OTHER.items():
            field = one.definition.field_by_key[key]
            before = model_for(one.definition).objects.values().get(pk=record_id)
            if one.world.edits(one.person.pk, field.id, record):
                update_record(one.definition.id, record_id, values={key: value}, actor=one.access.actor)
                continue
            with pytest.raises((NotAllowed, Invalid)) as refused:
                update_record(one.definition.id, record_id, values={key: value}, actor=one.access.actor)
            may_update = one.world.may(one.person.pk, Operation.UPDATE, record)
            assert refused.type is (Invalid if may_update else NotAllowed)
            assert set(getattr(refused.value, "fields", ())) == ({key} if may_update else set())
            assert model_for(one.definition).objects.values().get(pk=record_id) == before
    return len(OTHER) * min(3, len(known))


def check_rest(one: Reader) -> int:
    """Over REST a field that a record does not show is absent from it, in the list and alone."""
    client = signed_in(one.person)
    url = f"/api/v1/processes/{one.definition.key}/records/"
    answer = client.get(url)
    if answer.status_code == 404:
        assert not one.seen
        return 1
    for item in answer.json()["items"]:
        expected = {field.key for field in one.definition.fields if one.reads(field, item["id"])}
        assert set(item["fields"]) == expected
        assert set(client.get(f"{url}{item['id']}/").json()["fields"]) == expected
    return len(one.seen)


@pytest.mark.django_db
def test_rights_to_fields_equal_the_oracle_at_every_reading_and_writing() -> None:
    seed = random.randrange(10**6)
    dice = random.Random(seed)
    cases = hidden = 0
    while cases < CASES:
        process = make_process()
        world, people = make_world(dice)
        roles = give_roles(dice, world, people)
        grant(dice, world, process, roles)
        limit(dice, world, process, roles)
        records = make_records(dice, process, people)
        for person in people:
            one = Reader(world, person, process, records)
            if not one.access.can(Operation.VIEW):
                continue
            try:
                cases += check_showing(one) + check_filters(one) + check_order(one) + check_board(one)
                cases += check_rest(one) + check_writing(one, dice)
            except AssertionError as error:
                raise AssertionError(f"seed {seed}, person {person.pk}: {error}") from error
            hidden += len(definition_of(process).fields) - len(one.access.readable_fields)
            hidden += len(one.access.partial_fields)
    print(json.dumps({"test": "F21 fields", "seed": seed, "cases": cases, "limited": hidden, "differences": 0}))
    assert hidden
