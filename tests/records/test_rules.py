"""Rules of fields: defaults, when an answer is required, when a question is asked at all, options out of use."""

from typing import Any

import pytest
from django.utils import translation

from accounts.models import User
from core.actor import SYSTEM
from core.errors import Invalid
from processes.definition import definition_of
from processes.drafts import FieldDraft
from processes.models import Field, Process, Stage
from processes.operations import add_field, update_field
from records.operations import create_record, move_record, update_record
from tests.factories import actor_of, make_admin, make_process

pytestmark = pytest.mark.django_db


@pytest.fixture
def process() -> Process:
    return make_process()


def field(process: Process, key: str) -> Field:
    return Field.objects.get(process=process, key=key)


def stage(process: Process, key: str) -> Stage:
    return Stage.objects.get(pipeline__process=process, key=key)


def change(process: Process, key: str, **changes: Any) -> Field:
    return update_field(field(process, key), changes=changes, actor=SYSTEM)


def test_new_record_begins_with_defaults_unless_told_otherwise(process: Process) -> None:
    boss: User = make_admin()
    change(process, "amount", default={"constant": 5})
    change(process, "request_date", default={"now": True})
    change(process, "responsible", default={"me": True})
    row = create_record(process.pk, values={"title": "A"}, actor=actor_of(boss))
    assert row.values()["amount"] == 5
    assert row.values()["responsible"] == boss.pk
    assert row.values()["request_date"] is not None
    assert create_record(process.pk, values={"title": "B", "amount": None}, actor=SYSTEM).values()["amount"] is None


@pytest.mark.parametrize(
    "default", [{"constant": "x"}, {"me": True}, {"now": True}, {"a": 1}, [], {"constant": 1, "now": 1}]
)
def test_default_that_the_type_does_not_take_is_refused(process: Process, default: Any) -> None:
    with pytest.raises(Invalid) as refused:
        change(process, "amount", default=default)
    assert refused.value.fields.keys() == {"default"} or not default


def test_answer_is_required_from_a_stage_on_but_not_in_failure(process: Process) -> None:
    change(process, "amount", required="stage", required_from=stage(process, "in_work"))
    row = create_record(process.pk, values={"title": "A"}, actor=SYSTEM)
    with pytest.raises(Invalid) as refused:
        move_record(process.pk, row.pk, to="in_work", actor=SYSTEM)
    assert refused.value.fields.keys() == {"amount"}
    move_record(process.pk, row.pk, to="rejected", actor=SYSTEM)
    other = create_record(process.pk, values={"title": "B", "amount": 1}, actor=SYSTEM)
    move_record(process.pk, other.pk, to="in_work", actor=SYSTEM)
    with pytest.raises(Invalid):
        update_record(process.pk, other.pk, values={"amount": None}, actor=SYSTEM)
    with pytest.raises(Invalid):
        create_record(process.pk, values={"title": "C"}, stage="in_work", actor=SYSTEM)


def test_stage_of_another_process_cannot_be_the_beginning(process: Process) -> None:
    with pytest.raises(Invalid) as refused:
        change(process, "amount", required="stage", required_from=stage(make_process(), "in_work"))
    assert refused.value.fields.keys() == {"required_from"}


def test_question_that_is_not_asked_needs_no_answer(process: Process) -> None:
    condition = {"field": "source", "op": "is", "value": "phone"}
    change(process, "amount", required="always", visible_if=condition)
    create_record(process.pk, values={"title": "A", "source": "site"}, actor=SYSTEM)
    with pytest.raises(Invalid):
        create_record(process.pk, values={"title": "B", "source": "phone"}, actor=SYSTEM)


def test_condition_over_an_unknown_field_is_refused(process: Process) -> None:
    with pytest.raises(Invalid) as refused:
        change(process, "amount", visible_if={"field": "nothing", "op": "is_filled"})
    assert refused.value.fields.keys() == {"visible_if"}


def test_option_out_of_use_stays_where_it_is_and_comes_to_no_other(process: Process) -> None:
    old = create_record(process.pk, values={"title": "A", "source": "phone"}, actor=SYSTEM)
    options = [dict(option) for option in field(process, "source").settings["options"]]
    options[1]["retired"] = True
    change(process, "source", settings={"options": options})
    update_record(process.pk, old.pk, values={"title": "A2", "source": "phone"}, actor=SYSTEM)
    with pytest.raises(Invalid) as refused:
        create_record(process.pk, values={"title": "B", "source": "phone"}, actor=SYSTEM)
    assert refused.value.fields.keys() == {"source"}


def test_words_of_a_field_follow_the_language(process: Process) -> None:
    change(process, "amount", labels={"ru": "Сумма"}, helps={"ru": "Без налога"}, help="Without tax")
    found = definition_of(process).field_by_key["amount"]
    with translation.override("ru"):
        assert (found.label, found.help) == ("Сумма", "Без налога")
    with translation.override("en"):
        assert (found.label, found.help) == ("Amount", "Without tax")


def test_abilities_that_a_type_does_not_have_are_refused(process: Process) -> None:
    for name in ("is_unique", "is_searchable"):
        with pytest.raises(Invalid) as refused:
            change(process, "request_date", **{name: True})
        assert refused.value.fields.keys() == {name}
    with pytest.raises(Invalid):
        add_field(process, FieldDraft("X", "text", labels={"xx": "Y"}), actor=SYSTEM)
