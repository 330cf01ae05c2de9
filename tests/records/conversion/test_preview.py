"""What a change of type would bring, before it is made."""

import pytest
from django.utils import translation

from core.actor import SYSTEM
from core.errors import Invalid
from processes.drafts import FieldDraft
from processes.models import Process
from processes.operations import (
    add_field,
    update_field,
)
from processes.permissions import access_for
from processes.queries import field_of
from records.jobs.worker import work_through
from records.operations import (
    convert_field,
)
from records.queries.conversion_preview import preview_conversion
from tests.factories import actor_of, make_admin
from tests.records.conversion.helpers import convert, make, value

pytestmark = pytest.mark.usefixtures("committed")


def test_preview_names_what_would_miss_the_field(process: Process) -> None:
    add_field(process, FieldDraft("Parent", "link", key="parent", settings={"process": process.pk}), actor=SYSTEM)
    link = field_of(process, "parent").pk
    settings = {"link": link, "field": field_of(process, "sum").pk}
    add_field(process, FieldDraft("Its sum", "lookup", key="its_sum", settings=settings), actor=SYSTEM)
    found = preview_conversion(access_for(SYSTEM, process), field_of(process, "sum"), "number", {})
    assert [use.name for use in found.breaks] == [f"{process.name}: Its sum"]
    assert (found.lost, found.has_way_back) == ((), False)


def test_preview_names_the_rules_that_would_be_lost(process: Process) -> None:
    update_field(field_of(process, "sum"), changes={"is_unique": True, "is_searchable": True}, actor=SYSTEM)
    work_through()
    found = preview_conversion(access_for(SYSTEM, process), field_of(process, "sum"), "money", {"currency": "RUB"})
    assert len(found.lost) == 2


def test_options_are_made_of_the_values_there_are(process: Process) -> None:
    texts = ["Site", "phone", "site ", "Fax, mail"]
    made = [make(process, sum=text) for text in texts]
    convert(process, "choice")
    labels = [option["label"] for option in field_of(process, "sum").settings["options"]]
    assert sorted(labels) == ["Fax, mail", "Site", "phone"]
    shown = {option["key"]: option["label"] for option in field_of(process, "sum").settings["options"]}
    assert [shown[value(process, pk)] for pk in made] == ["Site", "phone", "Site", "Fax, mail"]
    with pytest.raises(Invalid) as refused:
        convert(process, "choices", key="other")
    assert "options" in refused.value.fields
    several = make(process, other="Red; green, blue")
    convert(process, "choices", key="other")
    assert sorted(o["label"] for o in field_of(process, "other").settings["options"]) == ["Red", "blue", "green"]
    assert len(value(process, several, "other")) == 3


def test_too_many_different_values_make_no_options(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.queries.conversion_rules.MOST_OPTIONS", 2)
    for number in range(3):
        make(process, sum=f"v{number}")
    with pytest.raises(Invalid) as refused:
        convert_field(field_of(process, "sum"), type="choice", settings={}, actor=SYSTEM)
    assert "options" in refused.value.fields


@pytest.mark.parametrize("type", ["file", "formula", "text", "nothing"])
def test_impossible_types_are_refused(process: Process, type: str) -> None:
    with pytest.raises(Invalid) as refused:
        convert_field(field_of(process, "sum"), type=type, settings={}, actor=SYSTEM)
    assert "type" in refused.value.fields


def test_preview_tells_what_would_become_of_the_values(process: Process) -> None:
    condition = {"field": "sum", "op": "contains", "value": "5"}
    update_field(field_of(process, "other"), changes={"visible_if": condition}, actor=SYSTEM)
    add_field(process, FieldDraft("Up", "formula", key="up", settings={"formula": "upper(sum)"}), actor=SYSTEM)
    for text in ("5", "6,5", "x", "x", "y", ""):
        make(process, sum=text)
    admin = actor_of(make_admin())
    found = preview_conversion(access_for(admin, process), field_of(process, "sum"), "number", {})
    assert (found.records, found.looked_at, found.is_exact) == (6, 6, True)
    assert (found.filled, found.converts, found.fails) == (5, 2, 3)
    assert [(one.before, one.after) for one in found.good] == [("5", "5"), ("6,5", "6.50")]
    assert [(one.before, one.why) for one in found.bad] == [(text, "A number is expected.") for text in "xxy"]
    assert found.failing == (("x", 2), ("y", 1))
    assert {use.name for use in found.uses} == {"Other", "Up"}
    assert {use.name for use in found.breaks} == {"Other", "Up"}
    with translation.override("ru"):
        russian = preview_conversion(access_for(admin, process), field_of(process, "sum"), "number", {})
    assert russian.bad[0].why != found.bad[0].why


def test_preview_of_many_records_looks_at_every_so_many(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.queries.conversion_preview.LOOKED_AT", 4)
    for number in range(10):
        make(process, sum=str(number))
    access = access_for(actor_of(make_admin()), process)
    found = preview_conversion(access, field_of(process, "sum"), "number", {})
    assert not found.is_exact
    assert 3 <= found.looked_at <= 4
    assert found.filled == found.converts == found.looked_at
