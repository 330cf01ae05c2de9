"""A field changes its type while it is used: values, rules, the way back, and what does not convert."""

import pytest

from core.actor import SYSTEM
from core.errors import Conflict, Invalid, NotAllowed
from processes.definition import definition_of
from processes.drafts import FieldDraft, GateDraft
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
from records.jobs import worker
from records.jobs.worker import work_through
from records.models import Link
from records.operations import (
    GatePending,
    WayBack,
    convert_field,
    delete_record,
    forget_former_form,
    move_record,
    revert_field,
    update_record,
)
from records.queries.conversion import conversions_of, unconverted, unconverted_count
from records.queries.conversion_preview import preview_conversion
from records.queries.search import hits_for
from records.queries.timeline import timeline_page
from tests.factories import EMPLOYEE, actor_of, make_admin, make_process, make_role, make_user
from tests.records.conversion.helpers import OPTIONS, convert, make, value

pytestmark = pytest.mark.usefixtures("committed")


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


def test_unique_stays_unique_where_the_type_can(process: Process) -> None:
    update_field(field_of(process, "sum"), changes={"is_unique": True}, actor=SYSTEM)
    work_through()
    make(process, sum="anna@example.com")
    convert(process, "email")
    with pytest.raises(Invalid):
        make(process, sum="ANNA@example.com")
    assert field_of(process, "sum").is_unique


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


def test_second_conversion_gives_up_the_way_back_only_knowingly(process: Process) -> None:
    made = make(process, sum="5")
    convert(process, "number")
    with pytest.raises(WayBack):
        convert_field(field_of(process, "sum"), type="integer", settings={}, actor=SYSTEM)
    convert_field(field_of(process, "sum"), type="integer", settings={}, actor=SYSTEM, confirmed=True)
    work_through()
    assert value(process, made) == 5
    assert revert_field(field_of(process, "sum"), actor=SYSTEM).type == "number"


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


def test_settings_do_not_change_under_a_conversion(process: Process) -> None:
    add_field(process, FieldDraft("Pick", "choice", key="pick", settings=OPTIONS), actor=SYSTEM)
    convert_field(field_of(process, "pick"), type="text", settings={}, actor=SYSTEM)
    with pytest.raises(Conflict):
        update_field(field_of(process, "pick"), changes={"settings": {"options": ["X"]}}, actor=SYSTEM)
    update_field(field_of(process, "pick"), changes={"label": "Picked"}, actor=SYSTEM)
    work_through()
    assert (field_of(process, "pick").label, field_of(process, "pick").type) == ("Picked", "text")


def test_field_removed_under_its_conversion_keeps_its_type(process: Process) -> None:
    made = make(process, sum="5")
    job = convert_field(field_of(process, "sum"), type="number", settings={}, actor=SYSTEM)
    removed = remove_field(field_of(process, "sum"), actor=SYSTEM)
    work_through()
    assert FieldJob.objects.get(pk=job.pk).state == FieldJob.State.DONE
    restore_field(removed, actor=SYSTEM)
    assert (field_of(process, "sum").type, value(process, made)) == ("text", "5")


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


def test_only_designers_convert(process: Process) -> None:
    person = make_user()
    set_grants(process, {make_role(people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    actor = actor_of(person)
    with pytest.raises(NotAllowed):
        convert_field(field_of(process, "sum"), type="number", settings={}, actor=actor)
    with pytest.raises(NotAllowed):
        preview_conversion(access_for(actor, process), field_of(process, "sum"), "number", {})


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
