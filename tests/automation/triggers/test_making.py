"""Making, switching and removing triggers: what is refused, and what the verifier finds."""

from typing import Any

import pytest

from automation.drafts import TriggerDraft
from automation.models import RuleKind, Run, State, Trigger
from automation.operations import create_trigger, delete_trigger, switch_trigger
from automation.verifier import findings_of
from core.actor import SYSTEM
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from processes.definition import definition_of
from processes.models import Process
from processes.operations import remove_stage, set_grants
from records.operations import update_record
from tests.automation.helpers import make_robot, make_trigger, only_run, relay, settle, stage_now, stage_of
from tests.automation.triggers.conftest import create, on_amount
from tests.factories import EMPLOYEE, actor_of, make_role, make_user

pytestmark = pytest.mark.django_db


def test_switched_off_and_removed_triggers_do_nothing(process: Process) -> None:
    trigger = on_amount(process)
    row = create(process)
    update_record(process, row.pk, values={"amount": 1}, actor=SYSTEM)
    relay()
    switch_trigger(trigger, is_on=False, actor=SYSTEM)
    settle()
    assert (stage_now(row), only_run().state) == ("received", State.CANCELLED)
    switch_trigger(trigger, is_on=True, actor=SYSTEM)
    delete_trigger(trigger, actor=SYSTEM)
    update_record(process, row.pk, values={"amount": 2}, actor=SYSTEM)
    settle()
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("kind", "more", "field"),
    [
        ("nonsense", {}, "kind"),
        ("condition_met", {"condition": {"field": "amount", "op": "is_filled"}}, "source"),
        ("condition_met", {"source": "received"}, "condition"),
        ("condition_met", {"source": "in_work", "condition": {"field": "amount", "op": "is_filled"}}, "source"),
        ("time_in_stage", {"source": "received", "settings": {"amount": 0, "unit": 60}}, "amount"),
        ("time_in_stage", {"source": "received", "settings": {"amount": 9999, "unit": 86_400}}, "amount"),
        ("field_changed", {"settings": {"fields_watched": ["nothing"]}}, "fields_watched"),
        ("field_changed", {"settings": {"fields_watched": ["amount"], "more": 1}}, "more"),
    ],
)
def test_wrong_triggers_are_refused_by_field(process: Process, kind: str, more: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        make_trigger(process, kind, **more)
    assert field in caught.value.fields
    assert not Trigger.objects.exists()


def test_only_those_who_automate_may_make_triggers(process: Process) -> None:
    person = make_user("Stranger")
    actor = actor_of(person)
    draft = TriggerDraft(kind="task_done")
    with pytest.raises(NotFound):
        create_trigger(stage_of(process, "in_work"), draft, actor=actor)
    role = make_role(people=(person,))
    set_grants(process, {role.pk: EMPLOYEE}, actor=SYSTEM)
    with pytest.raises(NotAllowed):
        create_trigger(stage_of(process, "in_work"), draft, actor=actor_of(person))


def test_kind_of_trigger_that_is_gone_is_a_finding_and_breaks_nothing(process: Process) -> None:
    trigger = make_trigger(process, "task_done", source="received")
    Trigger.objects.filter(pk=trigger.pk).update(kind="gone")
    robot = make_robot(process)
    found = findings_of(definition_of(process))
    assert [finding.code for finding in found[(RuleKind.TRIGGER, trigger.pk)]] == ["no_kind"]
    assert found[(RuleKind.ROBOT, robot.pk)] == ()


@pytest.mark.parametrize("key", ["in_work", "received"])
def test_stage_that_automation_uses_is_not_removed_under_it(process: Process, key: str) -> None:
    trigger = make_trigger(process, "task_done", source="received", name="Work is done")
    with pytest.raises(Conflict, match="Work is done"):
        remove_stage(stage_of(process, key), actor=SYSTEM)
    delete_trigger(trigger, actor=SYSTEM)
    remove_stage(stage_of(process, key), actor=SYSTEM)
    assert [stage.key for stage in definition_of(process).default_pipeline.stages if stage.key == key] == []
