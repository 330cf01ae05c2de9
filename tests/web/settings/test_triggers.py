"""Triggers and automatic transitions on the automation page: adding, changing, the secret, the log."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import resolve, reverse

from automation.drafts import RobotDraft, TriggerDraft
from automation.models import Robot, Trigger
from automation.operations import create_robot, create_trigger
from automation.queries import hook_url
from core.actor import SYSTEM
from processes.models import Process, Stage
from records.operations import create_record, update_record
from tests.automation.helpers import settle

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true"}


def stage_of(process: Process, key: str) -> Stage:
    return Stage.objects.get(pipeline__process=process, key=key)


@pytest.fixture
def stage(process: Process) -> Stage:
    return stage_of(process, "in_work")


def on_amount(stage: Stage, **more: Any) -> Trigger:
    draft = TriggerDraft("field_changed", {"fields_watched": ["amount"]}, **more)
    return create_trigger(stage, draft, actor=SYSTEM).trigger


def test_catalogue_offers_robots_triggers_and_transitions(admin: Client, process: Process, stage: Stage) -> None:
    page = admin.get(reverse("robot-catalogue", args=[process.key, stage.pk])).content.decode()
    for name, kind in (("robot-new", "notify"), ("trigger-new", "webhook"), ("trigger-new", "time_in_stage")):
        assert reverse(name, args=[process.key, stage.pk, kind]) in page


def test_editor_adds_a_trigger_with_a_condition(admin: Client, process: Process, stage: Stage) -> None:
    condition = {"all": [{"field": "amount", "op": "ge", "value": "1000"}]}
    answer = admin.post(
        reverse("trigger-new", args=[process.key, stage.pk, "field_changed"]),
        {
            "name": "Big",
            "settings-fields_watched": ["amount", "source"],
            "condition": json.dumps(condition),
            "source": "",
            "stage": stage.pk,
            "is_on": "on",
        },
    )
    assert answer.headers["Location"] == reverse("process-automation", args=[process.key])
    trigger = Trigger.objects.get()
    assert (trigger.name, trigger.stage_id, trigger.source_id, trigger.is_on) == ("Big", stage.pk, None, True)
    assert trigger.settings == {"fields_watched": ["amount", "source"]}
    assert trigger.condition == {"all": [{"field": "amount", "op": "ge", "value": 1000}]}
    page = admin.get(reverse("process-automation", args=[process.key])).content.decode()
    assert f'id="trigger-{trigger.pk}"' in page


def test_automatic_transition_begins_at_its_column_and_may_lead_elsewhere(
    admin: Client, process: Process, stage: Stage
) -> None:
    url = reverse("trigger-new", args=[process.key, stage.pk, "time_in_stage"])
    form = admin.get(url).context["form"]
    done = stage_of(process, "completed")
    assert (form["source"].value(), form["stage"].value()) == (stage.pk, done.pk)
    sent = {"settings-amount": "3", "settings-unit": "86400", "source": stage.pk, "stage": done.pk, "condition": ""}
    admin.post(url, sent)
    trigger = Trigger.objects.get()
    assert (trigger.source_id, trigger.stage_id) == (stage.pk, done.pk)
    rejected = stage_of(process, "rejected")
    admin.post(reverse("trigger-edit", args=[process.key, trigger.pk]), {**sent, "stage": rejected.pk})
    trigger.refresh_from_db()
    assert (trigger.stage_id, trigger.version) == (rejected.pk, 2)


def test_wrong_input_comes_back_with_words_beside_the_field(admin: Client, process: Process, stage: Stage) -> None:
    url = reverse("trigger-new", args=[process.key, stage.pk, "condition_met"])
    answer = admin.post(url, {"source": stage.pk, "stage": stage.pk, "condition": ""}, headers=FRAGMENT)
    assert answer.status_code == 422
    assert "Say what must hold." in answer.content.decode()
    assert not Trigger.objects.exists()


def test_webhook_shows_its_secret_once_and_its_address_always(admin: Client, process: Process, stage: Stage) -> None:
    sent = {
        "settings-find_by": "id",
        "settings-find_path": "id",
        "settings-values": "{}",
        "settings-when_missing": "ignore",
        "stage": stage.pk,
        "condition": "",
        "is_on": "on",
    }
    made = admin.post(reverse("trigger-new", args=[process.key, stage.pk, "webhook"]), sent).content.decode()
    trigger = Trigger.objects.get()
    assert "whsec_" in made
    url = hook_url(trigger)
    assert resolve(url[url.index("/api/") :]).url_name == "api-hook"
    edit = admin.get(reverse("trigger-edit", args=[process.key, trigger.pk])).content.decode()
    assert url in made
    assert url in edit
    assert "whsec_" not in edit.replace("(whsec_…)", "")
    renewed = admin.post(reverse("trigger-renew", args=[process.key, trigger.pk])).content.decode()
    assert "whsec_" in renewed


def test_switch_order_and_removal(admin: Client, process: Process, stage: Stage) -> None:
    first, second = on_amount(stage, name="First"), on_amount(stage, name="Second")
    assert admin.post(reverse("trigger-switch", args=[process.key, first.pk])).status_code == 204
    order = json.dumps({"order": [str(second.pk), str(first.pk)]})
    url = reverse("trigger-order", args=[process.key, stage.pk])
    assert admin.post(url, order, content_type="application/json").status_code == 204
    assert list(Trigger.objects.values_list("name", "is_on")) == [("Second", True), ("First", False)]
    admin.post(reverse("trigger-remove", args=[process.key, first.pk]))
    assert [trigger.name for trigger in Trigger.objects.filter(removed_at=None)] == ["Second"]


def test_log_shows_runs_of_a_trigger_and_why_it_did_not_act(admin: Client, process: Process, stage: Stage) -> None:
    condition = {"field": "amount", "op": "gt", "value": 10}
    trigger = on_amount(stage, name="Big", condition=condition)
    create_robot(stage, RobotDraft("add_comment", {"text": "x"}, name="Greeter"), actor=SYSTEM)
    row = create_record(process, values={"title": "Paper"}, actor=SYSTEM)
    for amount in (1, 100):
        update_record(process, row.pk, values={"amount": amount}, actor=SYSTEM)
        settle()
    url = reverse("automation-log", args=[process.key])
    page = admin.get(url, {"rule": f"trigger-{trigger.pk}"})
    assert [run.name for run in page.context["runs"].runs] == ["Big"]
    assert [silence.reason for silence in page.context["silences"]] == ["The condition did not hold."]
    everything = admin.get(url).context["runs"].runs
    assert {run.name for run in everything} == {"Big", "Greeter"}
    assert admin.get(url, {"rule": "trigger-x"}).status_code == 200


def test_robot_editor_follows_a_date(admin: Client, process: Process, stage: Stage) -> None:
    sent = {
        "name": "Remind",
        "delay": "2",
        "unit": "86400",
        "side": "-1",
        "delay_field": "request_date",
        "delay_time": "09:00",
        "settings-text": "Soon",
        "condition": "",
        "is_on": "on",
    }
    admin.post(reverse("robot-new", args=[process.key, stage.pk, "add_comment"]), sent)
    robot = Robot.objects.get()
    assert (robot.delay_seconds, robot.delay_field, str(robot.delay_time)) == (-172_800, "request_date", "09:00:00")
    page = admin.get(reverse("process-automation", args=[process.key])).content.decode()
    assert "2 days before “Request date”, 09:00" in " ".join(page.split())
    form = admin.get(reverse("robot-edit", args=[process.key, robot.pk])).context["form"]
    assert [form[name].value() for name in ("delay", "unit", "side")] == [2, 86_400, -1]


def test_those_who_may_not_automate_see_nothing(employee: Client, process: Process, stage: Stage) -> None:
    trigger = on_amount(stage)
    for name, arguments in (
        ("trigger-edit", [trigger.pk]),
        ("trigger-new", [stage.pk, "webhook"]),
    ):
        assert employee.get(reverse(name, args=[process.key, *arguments])).status_code == 403
    for name in ("trigger-switch", "trigger-remove", "trigger-renew"):
        assert employee.post(reverse(name, args=[process.key, trigger.pk])).status_code in (403, 404)


def test_editor_adds_a_button_called_by_its_text(admin: Client, process: Process, stage: Stage) -> None:
    address = reverse("trigger-new", args=[process.key, stage.pk, "button"])
    data = {"name": "", "condition": "null", "source": "", "stage": stage.pk, "is_on": "on", "settings-question": ""}
    wrong = admin.post(address, {**data, "settings-text": "a\u2028b"})
    assert (wrong.status_code, "Control characters" in wrong.text) == (422, True)
    admin.post(address, {**data, "settings-text": "Take it"})
    trigger = Trigger.objects.get()
    assert (trigger.name, trigger.settings) == ("Take it", {"text": "Take it", "question": ""})
    page = admin.get(reverse("process-automation", args=[process.key])).text
    assert "Button “Take it”" in page


def test_editor_puts_a_robot_on_a_button_and_takes_it_off(admin: Client, process: Process, stage: Stage) -> None:
    address = reverse("robot-new", args=[process.key, stage.pk, "add_comment"])
    data = {"name": "", "condition": "null", "is_on": "on", "settings-text": "Hello", "when": "button"}
    wrong = admin.post(address, {**data, "button": ""})
    assert (wrong.status_code, "Say what stands on the button." in wrong.text) == (422, True)
    admin.post(address, {**data, "button": "Greet", "button_question": "Now?", "wait_for_previous": "on"})
    robot = Robot.objects.get()
    assert (robot.button, robot.button_question, robot.wait_for_previous) == ("Greet", "Now?", False)
    create_record(process, values={"title": "x"}, stage="in_work", actor=SYSTEM)
    editor = admin.get(reverse("robot-edit", args=[process.key, robot.pk])).text
    assert 'value="Greet"' in editor
    assert "Start for them too" not in editor
    assert "Acts when this button is pressed" in admin.get(reverse("process-automation", args=[process.key])).text
    admin.post(reverse("robot-edit", args=[process.key, robot.pk]), {**data, "when": "", "button": "Greet"})
    robot.refresh_from_db()
    assert (robot.button, robot.button_question) == ("", "")
