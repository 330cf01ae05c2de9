"""A field changes its type while it is used: values, rules, the way back, and what does not convert."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from core.actor import SYSTEM
from core.errors import Conflict, Invalid, NotAllowed
from expressions.values import Money
from processes.conversion import converted, read_past, targets_for
from processes.definition import definition_of
from processes.definition_types import FieldDef, Words
from processes.drafts import FieldDraft, GateDraft
from processes.field_types.address import Address
from processes.fieldtype import ConversionContext, WrongValue, field_types
from processes.models import Field, FieldGrant, FieldJob, FieldLevel, Process, Stage
from processes.operations import (
    add_field,
    cancel_job,
    purge_field,
    remove_field,
    restore_field,
    set_gate,
    set_grants,
    update_field,
)
from processes.permissions import access_for
from processes.queries import field_of, removed_fields
from records.conversion import Conversion, settled
from records.jobs import worker
from records.jobs.worker import work_through
from records.models import Link
from records.operations import (
    GatePending,
    WayBack,
    convert_field,
    create_record,
    delete_record,
    forget_former_form,
    move_record,
    revert_field,
    update_record,
)
from records.queries.conversion import conversions_of, preview_conversion, unconverted, unconverted_count
from records.queries.search import hits_for
from records.queries.timeline import timeline_page
from records.typed import model_for
from tests.factories import EMPLOYEE, actor_of, make_admin, make_process, make_role, make_user

OPTIONS = {"options": [{"key": "a", "label": "Site"}, {"key": "b", "label": "By phone; or mail"}]}
SETTINGS: dict[str, dict[str, Any]] = {
    "choice": OPTIONS,
    "choices": OPTIONS,
    "money": {"currency": "RUB", "others": ["USD"]},
    "number": {"decimals": 2},
    "link": {"process": 1},
    "links": {"process": 1},
}


def defined(kind: str, settings: dict[str, Any] | None = None) -> FieldDef:
    given = SETTINGS.get(kind, {}) if settings is None else settings
    return FieldDef(1, "x", Words("X"), field_types[kind], settings=given)


MOMENT = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)
PAIRS = [
    ("text", "12.5", "number", Decimal("12.5")),
    ("text", "1 234,50", "number", Decimal("1234.50")),
    ("text", "twelve", "number", WrongValue),
    ("text", "7", "integer", 7),
    ("text", "7.5", "integer", WrongValue),
    ("text", "★★★", "rating", 3),
    ("text", "24.11.2026", "date", date(2026, 11, 24)),
    ("text", "soon", "date", WrongValue),
    ("text", "2026-11-24 22:30", "datetime", MOMENT),
    ("text", "site", "choice", "a"),
    ("text", "Fax", "choice", WrongValue),
    ("text", "Site; b", "choices", ["a", "b"]),
    ("text", "Anna@Example.COM", "email", "Anna@example.com"),
    ("text", "Anna", "email", WrongValue),
    ("text", "8 495 123-45-67", "phone", "+74951234567"),
    ("text", "example.com/a", "url", "https://example.com/a"),
    ("text", "javascript:alert(1)", "url", WrongValue),
    ("text", "да", "boolean", True),
    ("text", "perhaps", "boolean", WrongValue),
    ("text", "1 500 $", "money", Money(Decimal("1500"), "USD")),
    ("text", "one", "long_text", "one"),
    ("long_text", "one\n\ntwo", "text", "one two"),
    ("long_text", "x" * 1001, "text", WrongValue),
    ("number", Decimal("12.500000"), "money", Money(Decimal("12.5"), "RUB")),
    ("number", Decimal("12.000000"), "integer", 12),
    ("number", Decimal("12.500000"), "integer", WrongValue),
    ("number", Decimal("1234.500000"), "text", "1234.5"),
    ("number", Decimal("1.000000"), "boolean", True),
    ("integer", 12, "number", Decimal(12)),
    ("integer", 1200, "text", "1200"),
    ("rating", 4, "integer", 4),
    ("rating", 4, "text", "4"),
    ("integer", 6, "rating", WrongValue),
    ("money", Money(Decimal("12.500000"), "RUB"), "number", Decimal("12.5")),
    ("money", Money(Decimal("12.500000"), "USD"), "number", WrongValue),
    ("money", Money(Decimal("12.000000"), "RUB"), "integer", 12),
    ("money", Money(Decimal("1200.000000"), "USD"), "text", "1200 USD"),
    ("date", date(2026, 11, 24), "datetime", datetime(2026, 11, 24, tzinfo=UTC)),
    ("date", date(2026, 11, 24), "text", "24 Nov 2026"),
    ("datetime", MOMENT, "date", date(2026, 11, 24)),
    ("boolean", True, "text", "Yes"),
    ("boolean", False, "choice", WrongValue),
    ("choice", "b", "text", "By phone; or mail"),
    ("choice", "b", "choices", ["b"]),
    ("choice", "gone", "choices", WrongValue),
    ("choices", ["b"], "choice", "b"),
    ("choices", ["a", "b"], "choice", WrongValue),
    ("choices", ["a"], "text", "Site"),
    ("email", "anna@example.com", "text", "anna@example.com"),
    ("phone", "+74951234567", "text", "+7 495 123-45-67"),
    ("address", Address("Street 1", "City"), "text", "Street 1, City"),
    ("person", 5, "people", [5]),
    ("link", 5, "links", [5]),
    ("links", [5], "link", 5),
    ("links", [5, 6], "link", WrongValue),
]


@pytest.mark.parametrize(("source", "value", "target", "expected"), PAIRS)
def test_value_converts_or_says_why_not(source: str, value: Any, target: str, expected: Any) -> None:
    one, other = defined(source), defined(target)
    assert field_types[target] in targets_for(one)
    if expected is WrongValue:
        with pytest.raises(WrongValue) as refused:
            converted(value, one, other, ConversionContext())
        assert str(refused.value.message)
    else:
        assert converted(value, one, other, ConversionContext()) == expected
    assert converted(None, one, other, ConversionContext()) is None


def test_conversion_does_not_depend_on_the_language_of_whoever_writes() -> None:
    conversion = Conversion(defined("text"), defined("number"))
    found = []
    for language in ("en", "ru"):
        with translation.override(language), settled():
            found.append(conversion.convert("1,234"))
    assert found == [Decimal(1234)] * 2


def test_option_of_the_same_name_is_meant_even_where_another_has_the_same_key() -> None:
    other = {"options": [{"key": "b", "label": "Fax"}, {"key": "c", "label": "site"}, {"key": "a", "label": "Site"}]}
    swapped = {"options": [{"key": "b", "label": "Site"}, {"key": "a", "label": "Fax"}]}
    assert converted("a", defined("choice"), defined("choices", other), ConversionContext()) == ["a"]
    assert converted("a", defined("choice"), defined("choices", swapped), ConversionContext()) == ["b"]


def test_links_to_another_process_do_not_convert() -> None:
    with pytest.raises(WrongValue):
        converted(5, defined("link"), defined("links", {"process": 2}), ConversionContext())


@pytest.mark.parametrize("kind", field_types, ids=lambda kind: kind.key)
def test_nothing_becomes_what_is_computed_and_files_become_text_only(kind: Any) -> None:
    if kind.key in ("formula", "lookup", "rollup"):
        return
    offered = {other.key for other in targets_for(defined(kind.key))}
    assert not offered & {"file", "formula", "lookup", "rollup", "auto_number", kind.key}
    assert kind.is_computed or {"text", "long_text"} - {kind.key} <= offered
    assert not (kind.is_computed and offered)


WORKING = pytest.mark.usefixtures("committed")


@pytest.fixture
def process(committed: None) -> Process:
    return make_process(fields=(FieldDraft("Sum", "text", key="sum"), FieldDraft("Other", "text", key="other")))


def make(process: Process, **values: Any) -> int:
    return create_record(process.pk, values={"title": "A", **values}, actor=SYSTEM).pk


def value(process: Process, pk: int, key: str = "sum") -> Any:
    return model_for(definition_of(process)).objects.get(pk=pk).values()[key]


def convert(process: Process, type: str, settings: dict[str, Any] | None = None, key: str = "sum") -> FieldJob:
    job = convert_field(field_of(process, key), type=type, settings=settings or {}, actor=SYSTEM)
    work_through()
    job.refresh_from_db()
    return job


@WORKING
def test_text_becomes_number_and_text_again_without_loss(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.jobs.convert.BATCH", 3)
    texts = ["1", "2,5", "none", "", "4 000", "x", "7", "8"]
    made = [make(process, sum=text) for text in texts]
    delete_record(process.pk, made[0], actor=SYSTEM)
    before = field_of(process, "sum")
    job = convert(process, "number")
    assert (job.state, job.done, job.total, job.problems) == (FieldJob.State.DONE, 8, 8, 2)
    after = field_of(process, "sum")
    assert (after.type, after.label, after.pk == before.pk) == ("number", "Sum", False)
    assert [value(process, pk) for pk in made] == [1, 2.5, None, None, 4000, None, 7, 8]
    update_record(process.pk, made[1], values={"sum": 3}, actor=SYSTEM)
    update_record(process.pk, made[2], values={"sum": 9}, actor=SYSTEM)
    update_record(process.pk, made[4], values={"sum": 4000, "other": "same"}, actor=SYSTEM)
    new = make(process, sum=10.5)
    back = revert_field(after, actor=SYSTEM)
    work_through()
    assert (back.pk, back.type) == (before.pk, "text")
    assert [value(process, pk) for pk in made] == ["1", "3", "9", None, "4 000", "x", "7", "8"]
    assert value(process, new) == "10.5"
    again = revert_field(back, actor=SYSTEM)
    assert again.type == "number"
    assert [value(process, pk) for pk in made] == [1, 3, 9, None, 4000, None, 7, 8]


@WORKING
def test_writes_during_the_conversion_land_in_both_forms(process: Process) -> None:
    made = [make(process, sum=str(number)) for number in range(5)]
    convert_field(field_of(process, "sum"), type="integer", settings={}, actor=SYSTEM)
    work_through(0.001)
    while Field.objects.filter(state=Field.State.ADDING).exists():
        work_through(0.001)
    update_record(process.pk, made[0], values={"sum": "100"}, actor=SYSTEM)
    update_record(process.pk, made[1], values={"sum": "nothing"}, actor=SYSTEM)
    new = make(process, sum="55")
    work_through()
    assert [value(process, pk) for pk in [*made, new]] == [100, None, 2, 3, 4, 55]


@WORKING
def test_what_did_not_convert_is_told_until_somebody_gives_a_value(process: Process) -> None:
    made = [make(process, sum=text) for text in ("1", "one", "two")]
    convert(process, "number")
    access = access_for(actor_of(make_admin()), process)
    found = unconverted(access, field_of(process, "sum")).items
    assert [(one.record_id, one.before) for one in found] == [(made[1], "one"), (made[2], "two")]
    assert all(one.why == "A number is expected." for one in found)
    update_record(process.pk, made[1], values={"sum": 1}, actor=SYSTEM)
    access = access_for(access.actor, process)
    assert [one.record_id for one in unconverted(access, field_of(process, "sum")).items] == [made[2]]
    assert unconverted_count(access.definition, field_of(process, "sum")) == 1


@WORKING
def test_rules_that_fit_stay_and_the_others_wait_for_the_way_back(process: Process) -> None:
    changes = {"is_unique": True, "is_searchable": True, "default": {"constant": "5"}, "required": "always"}
    update_field(field_of(process, "sum"), changes=changes, actor=SYSTEM)
    work_through()
    first = make(process, sum="100")
    assert [hit.id for hit in hits_for([access_for(SYSTEM, process)], "100")] == [first]
    convert(process, "money", {"currency": "RUB", "others": ["USD"]})
    after = field_of(process, "sum")
    assert (after.is_unique, after.is_searchable, after.required) == (False, False, "always")
    assert after.default == {"constant": {"amount": 5, "currency": "RUB"}}
    assert not hits_for([access_for(SYSTEM, process)], "100")
    with pytest.raises(Invalid):
        make(process, sum=None)
    make(process, sum={"amount": 100, "currency": "RUB"})
    update_field(after, changes={"default": None, "label": "Amount"}, actor=SYSTEM)
    back = revert_field(field_of(process, "sum"), actor=SYSTEM)
    assert (back.is_unique, back.is_searchable, back.label, back.default) == (True, True, "Amount", None)
    work_through()
    job = FieldJob.objects.filter(field=back, kind=FieldJob.Kind.INDEX).latest("pk")
    assert job.state == FieldJob.State.DONE  # "100" and "100 RUB" differ
    with pytest.raises(Invalid):
        make(process, sum="100")


@WORKING
def test_gates_and_rights_speak_of_the_field_whatever_its_type(process: Process) -> None:
    target = Stage.objects.get(pipeline__process=process, key="in_work")
    set_gate(target, GateDraft(fields=("sum",)), source=None, actor=SYSTEM)
    role = make_role()
    FieldGrant.objects.create(role=role, field=field_of(process, "sum"), level=FieldLevel.READ)
    made = make(process, sum="none")
    convert(process, "number")
    for _way in ("there", "back", "there again"):
        present = field_of(process, "sum")
        (gate,) = definition_of(process).pipelines[0].gates
        assert gate.field_ids == (present.pk,)
        assert list(FieldGrant.objects.values_list("role", "field")) == [(role.pk, present.pk)]
        revert_field(present, actor=SYSTEM)
    revert_field(field_of(process, "sum"), actor=SYSTEM)
    assert (field_of(process, "sum").type, value(process, made)) == ("number", None)
    with pytest.raises(GatePending):
        move_record(process.pk, made, to=target.pk, actor=SYSTEM)


@WORKING
def test_preview_names_what_would_miss_the_field(process: Process) -> None:
    add_field(process, FieldDraft("Parent", "link", key="parent", settings={"process": process.pk}), actor=SYSTEM)
    link = field_of(process, "parent").pk
    settings = {"link": link, "field": field_of(process, "sum").pk}
    add_field(process, FieldDraft("Its sum", "lookup", key="its_sum", settings=settings), actor=SYSTEM)
    found = preview_conversion(access_for(SYSTEM, process), field_of(process, "sum"), "number", {})
    assert [use.name for use in found.breaks] == [f"{process.name}: Its sum"]
    assert (found.lost, found.has_way_back) == ((), False)


@WORKING
def test_preview_names_the_rules_that_would_be_lost(process: Process) -> None:
    update_field(field_of(process, "sum"), changes={"is_unique": True, "is_searchable": True}, actor=SYSTEM)
    work_through()
    found = preview_conversion(access_for(SYSTEM, process), field_of(process, "sum"), "money", {"currency": "RUB"})
    assert len(found.lost) == 2


@WORKING
def test_search_forgets_a_form_that_goes_while_its_words_are_taken_away(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The jobs take turns: after one record the former form is dropped, and the others are still to be done."""
    monkeypatch.setattr("records.jobs.filling.BATCH", 1)
    update_field(field_of(process, "sum"), changes={"is_searchable": True}, actor=SYSTEM)
    made = {make(process, sum=text) for text in ("100", "100", "100")}
    convert(process, "money", {"currency": "RUB", "others": ["USD"]})
    revert_field(field_of(process, "sum"), actor=SYSTEM)
    work_through()
    assert {hit.id for hit in hits_for([access_for(SYSTEM, process)], "100")} == made
    revert_field(field_of(process, "sum"), actor=SYSTEM)
    forget_former_form(field_of(process, "sum"), actor=SYSTEM)
    while FieldJob.objects.filter(state__in=FieldJob.UNFINISHED).exists():
        if job := worker._claim():
            worker._work_on(job, 0.0)
    assert not hits_for([access_for(SYSTEM, process)], "100")


@WORKING
def test_unique_stays_unique_where_the_type_can(process: Process) -> None:
    update_field(field_of(process, "sum"), changes={"is_unique": True}, actor=SYSTEM)
    work_through()
    make(process, sum="anna@example.com")
    convert(process, "email")
    with pytest.raises(Invalid):
        make(process, sum="ANNA@example.com")
    assert field_of(process, "sum").is_unique


@WORKING
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


@WORKING
def test_too_many_different_values_make_no_options(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.queries.conversion.MOST_OPTIONS", 2)
    for number in range(3):
        make(process, sum=f"v{number}")
    with pytest.raises(Invalid) as refused:
        convert_field(field_of(process, "sum"), type="choice", settings={}, actor=SYSTEM)
    assert "options" in refused.value.fields


@WORKING
def test_lists_and_rows_of_links_are_in_step_at_once(process: Process) -> None:
    other = make_process()
    anna, boris = make_user("Anna"), make_user("Boris")
    target = make(other)
    add_field(process, FieldDraft("One", "link", key="one", settings={"process": other.pk}), actor=SYSTEM)
    add_field(process, FieldDraft("Who", "text", key="who"), actor=SYSTEM)
    made = [make(process, one=target, who=f"Anna, {boris.email}"), make(process, who="Nobody")]
    convert(process, "links", {"process": other.pk}, key="one")
    convert(process, "people", key="who")
    assert value(process, made[0], "one") == [target]
    assert value(process, made[0], "who") == [anna.pk, boris.pk]
    assert value(process, made[1], "who") is None
    link = field_of(process, "one")
    assert list(Link.objects.filter(field=link).values_list("source", "target")) == [(made[0], target)]
    update_record(process.pk, made[1], values={"one": [target], "who": [boris.pk]}, actor=SYSTEM)
    revert_field(link, actor=SYSTEM)
    revert_field(field_of(process, "who"), actor=SYSTEM)
    assert [value(process, pk, "one") for pk in made] == [target, target]
    assert [value(process, pk, "who") for pk in made] == [f"Anna, {boris.email}", "Boris"]


@WORKING
def test_second_conversion_gives_up_the_way_back_only_knowingly(process: Process) -> None:
    made = make(process, sum="5")
    convert(process, "number")
    with pytest.raises(WayBack):
        convert_field(field_of(process, "sum"), type="integer", settings={}, actor=SYSTEM)
    convert_field(field_of(process, "sum"), type="integer", settings={}, actor=SYSTEM, confirmed=True)
    work_through()
    assert value(process, made) == 5
    assert revert_field(field_of(process, "sum"), actor=SYSTEM).type == "number"


@WORKING
def test_stopped_conversion_leaves_the_field_as_it_was(process: Process) -> None:
    made = make(process, sum="5")
    job = convert_field(field_of(process, "sum"), type="number", settings={}, actor=SYSTEM)
    with pytest.raises(Conflict):
        convert_field(field_of(process, "sum"), type="integer", settings={}, actor=SYSTEM)
    with pytest.raises(Conflict):
        revert_field(field_of(process, "sum"), actor=SYSTEM)
    cancel_job(job, actor=SYSTEM)
    work_through()
    assert not Field.objects.exclude(shadow_of=None).exists()
    assert not removed_fields(process)
    assert value(process, made) == "5"
    assert convert(process, "number").state == FieldJob.State.DONE


@WORKING
def test_failed_conversion_is_given_up_unless_another_followed(process: Process) -> None:
    made = make(process, sum="5")
    job = convert_field(field_of(process, "sum"), type="number", settings={}, actor=SYSTEM)
    fail(job)
    (found,) = conversions_of(access_for(SYSTEM, process))
    assert (found.state, found.job) == ("failed", job)
    cancel_job(job, actor=SYSTEM)
    work_through()
    assert not Field.objects.exclude(shadow_of=None).exists()
    failed = convert_field(field_of(process, "sum"), type="number", settings={}, actor=SYSTEM)
    fail(failed)
    assert convert(process, "integer").state == FieldJob.State.DONE
    with pytest.raises(Conflict):
        cancel_job(failed, actor=SYSTEM)
    assert value(process, made) == 5


def fail(job: FieldJob) -> None:
    """As a worker ends a job that broke off too often."""
    job.fail("It broke.")
    job.save()


@WORKING
def test_settings_do_not_change_under_a_conversion(process: Process) -> None:
    add_field(process, FieldDraft("Pick", "choice", key="pick", settings=OPTIONS), actor=SYSTEM)
    convert_field(field_of(process, "pick"), type="text", settings={}, actor=SYSTEM)
    with pytest.raises(Conflict):
        update_field(field_of(process, "pick"), changes={"settings": {"options": ["X"]}}, actor=SYSTEM)
    update_field(field_of(process, "pick"), changes={"label": "Picked"}, actor=SYSTEM)
    work_through()
    assert (field_of(process, "pick").label, field_of(process, "pick").type) == ("Picked", "text")


@WORKING
def test_field_removed_under_its_conversion_keeps_its_type(process: Process) -> None:
    made = make(process, sum="5")
    job = convert_field(field_of(process, "sum"), type="number", settings={}, actor=SYSTEM)
    removed = remove_field(field_of(process, "sum"), actor=SYSTEM)
    work_through()
    assert FieldJob.objects.get(pk=job.pk).state == FieldJob.State.DONE
    restore_field(removed, actor=SYSTEM)
    assert (field_of(process, "sum").type, value(process, made)) == ("text", "5")


@WORKING
def test_purging_takes_both_forms_and_the_way_back_can_go_alone(process: Process) -> None:
    made = make(process, sum="5", other="6")
    convert(process, "number")
    convert(process, "number", key="other")
    forget_former_form(field_of(process, "sum"), actor=SYSTEM)
    work_through()
    with pytest.raises(Conflict):
        revert_field(field_of(process, "sum"), actor=SYSTEM)
    assert value(process, made) == 5
    purge_field(remove_field(field_of(process, "other"), actor=SYSTEM), actor=SYSTEM)
    work_through()
    assert Field.objects.filter(process=process).count() == 1
    assert make(process, sum=1)


@WORKING
def test_only_designers_convert(process: Process) -> None:
    person = make_user()
    set_grants(process, {make_role(people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    actor = actor_of(person)
    with pytest.raises(NotAllowed):
        convert_field(field_of(process, "sum"), type="number", settings={}, actor=actor)
    with pytest.raises(NotAllowed):
        preview_conversion(access_for(actor, process), field_of(process, "sum"), "number", {})


@WORKING
@pytest.mark.parametrize("type", ["file", "formula", "text", "nothing"])
def test_impossible_types_are_refused(process: Process, type: str) -> None:
    with pytest.raises(Invalid) as refused:
        convert_field(field_of(process, "sum"), type=type, settings={}, actor=SYSTEM)
    assert "type" in refused.value.fields


@WORKING
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


@WORKING
def test_preview_of_many_records_looks_at_every_so_many(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.queries.conversion.LOOKED_AT", 4)
    for number in range(10):
        make(process, sum=str(number))
    access = access_for(actor_of(make_admin()), process)
    found = preview_conversion(access, field_of(process, "sum"), "number", {})
    assert not found.is_exact
    assert 3 <= found.looked_at <= 4
    assert found.filled == found.converts == found.looked_at


@WORKING
def test_timeline_tells_values_of_the_former_type_as_text(process: Process) -> None:
    add_field(process, FieldDraft("Pick", "choices", key="pick", settings=OPTIONS), actor=SYSTEM)
    made = make(process, sum="five", pick=["a"])
    update_record(process.pk, made, values={"sum": "6", "pick": ["a", "b"]}, actor=SYSTEM)
    for kind, key in (("date", "sum"), ("text", "pick")):
        convert(process, kind, key=key)
    update_record(process.pk, made, values={"sum": "2026-11-24"}, actor=SYSTEM)
    told = timeline_page(access_for(SYSTEM, process), made).entries
    changes = [(c.label, c.before, c.after) for entry in told for c in entry.changes]
    assert changes == [("Sum", "", "24 Nov 2026"), ("Sum", "five", "6"), ("Pick", "a", "a, b")]


def test_values_that_are_none_of_the_present_type_are_recognised() -> None:
    for kind, raw in (
        ("number", "x"),
        ("people", "anna"),
        ("people", ["a"]),
        ("money", {"line": "x"}),
        ("date", "x"),
        ("boolean", 1),
        ("integer", True),
        ("choices", "a"),
        ("text", 5),
    ):
        with pytest.raises(WrongValue):
            read_past(defined(kind), raw)
    assert read_past(defined("people"), [1]) == [1]
    assert read_past(defined("number"), 5) == Decimal(5)
