"""What lookups and roll-ups may be made of, and what their going away leaves."""

from typing import Any

import pytest

from core.actor import SYSTEM
from core.errors import Invalid
from processes.definition import definition_of
from processes.models import Field, Process
from processes.operations import remove_field, restore_field, update_field
from processes.operations.fields import InUse
from records.operations import create_record, update_record
from tests.records.linked.conftest import add, field_id, look_up, roll_up, settle, value

pytestmark = pytest.mark.django_db


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
