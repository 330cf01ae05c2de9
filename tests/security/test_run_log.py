"""The log of runs tells a designer no more of a record than the record itself shows them."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from automation.models import NotFired, RuleKind, Run
from automation.queries import run_detail
from core.actor import SYSTEM
from notifications.models import Notification
from processes.definition import definition_of
from processes.drafts import FieldDraft
from processes.models import Field, FieldLevel, Operation, Process, Scope
from processes.operations import set_field_grants, set_grants, update_field
from processes.permissions import access_for
from records.operations import create_record, delete_record, move_record, update_record
from tests.automation.helpers import make_robot, settle, stage_of
from tests.factories import EMPLOYEE, FIELDS, actor_of, make_admin, make_process, make_role, make_user, signed_in

pytestmark = pytest.mark.django_db

MAIL = {"recipients": [], "address": "{{ mail }}", "subject": "Of {{ secret }}", "text": "{{ secret }}!"}
FILLED = {"title": "Open", "secret": "platypus", "mail": "platypus@example.test"}


@pytest.fixture
def designer() -> User:
    return make_user("Designer")


@pytest.fixture
def process(designer: User) -> Process:
    made = make_process(
        fields=(*FIELDS, FieldDraft("Secret", "text", key="secret"), FieldDraft("Mail", "email", key="mail")),
        moves=None,
    )
    role = make_role(people=(designer,))
    rights = {**EMPLOYEE, **dict.fromkeys((Operation.AUTOMATE, Operation.DESIGN), Scope.ALL)}
    set_grants(made, {role.pk: rights}, actor=SYSTEM)
    levels = {
        role.pk: {field.pk: {None: FieldLevel.HIDDEN} for field in made.fields.filter(key__in=("secret", "mail"))}
    }
    set_field_grants(made, levels, actor=SYSTEM)
    return made


def told(person: User, process: Process, run: Run) -> tuple[str, str, dict[str, object]]:
    """The page of a run, what the log and the card say, and what REST answers."""
    browser = signed_in(person)
    page = browser.get(reverse("run-detail", args=[process.key, run.pk])).content.decode()
    rest = browser.get(f"/api/v1/processes/{process.key}/runs/{run.pk}/").json()
    return page, _beside(browser, process, run), rest


def _beside(browser: Client, process: Process, run: Run) -> str:
    log = browser.get(reverse("automation-log", args=[process.key]) + f"?rule=robot-{run.rule_id}").content.decode()
    return log + browser.get(reverse("record-card", args=[process.key, run.record_id])).content.decode()


def test_what_a_run_made_of_hidden_fields_is_shown_as_it_was_written(designer: User, process: Process) -> None:
    make_robot(process, "send_mail", MAIL)
    create_record(process, values=FILLED, actor=SYSTEM)
    settle()
    run = Run.objects.get()
    assert (run.state, run.intent["subject"], run.reason) == ("succeeded", "Of platypus", "platypus@example.test")
    page, beside, rest = told(designer, process, run)
    assert "platypus" not in page + beside + json.dumps(rest)
    assert "Of {{ secret }}" in page
    assert "You do not read all fields of this record." in page
    assert (rest["reason"], rest["result"], rest["is_redacted"]) == ("", {}, True)
    page, beside, rest = told(make_admin(), process, run)
    assert "Of platypus" in page
    assert "platypus@example.test" in beside
    assert (rest["reason"], rest["is_redacted"]) == ("platypus@example.test", False)


def test_why_a_run_failed_is_told_to_whoever_reads_the_record(designer: User, process: Process) -> None:
    make_robot(process, "send_mail", {**MAIL, "address": "{{ secret }}"})
    create_record(process, values=FILLED, actor=SYSTEM)
    settle()
    run = Run.objects.get()
    assert "platypus" in run.error
    page, beside, rest = told(designer, process, run)
    assert "platypus" not in page + beside + json.dumps(rest)
    assert (rest["state"], rest["error"], rest["error_code"]) == ("failed", "", run.error_code)
    page, beside, _rest = told(make_admin(), process, run)
    assert "platypus" in page
    assert "platypus" in beside


def test_why_a_rule_did_not_act_is_told_to_whoever_reads_the_record(designer: User, process: Process) -> None:
    condition = {"field": "secret", "op": "is", "value": "wombat"}
    robot = make_robot(process, condition=condition)
    record = create_record(process, values=FILLED, actor=SYSTEM)
    settle()
    NotFired.objects.filter(rule_id=robot.pk).update(reason="Secret is “platypus”")
    for person, is_told in ((designer, False), (make_admin(), True)):
        log = signed_in(person).get(reverse("automation-log", args=[process.key]) + f"?rule=robot-{robot.pk}")
        assert f"#{record.pk}" in log.content.decode()
        assert ("platypus" in log.content.decode()) == is_told


def test_runs_of_a_record_that_one_does_not_see_are_told_without_words(process: Process) -> None:
    person = make_user("Narrow")
    rights = {Operation.VIEW: Scope.OWN, Operation.AUTOMATE: Scope.ALL}
    set_grants(process, {make_role(people=(person,)).pk: rights}, actor=SYSTEM)
    make_robot(process, "send_mail", MAIL)
    own = create_record(process, values={**FILLED, "assignee": person.pk}, actor=SYSTEM)
    foreign = create_record(process, values={**FILLED, "secret": "wombat"}, actor=SYSTEM)
    settle()
    page = signed_in(person).get(f"/api/v1/processes/{process.key}/runs/").json()
    said = {item["record"]: (item["is_redacted"], item["reason"]) for item in page["items"]}
    assert said == {own.pk: (False, FILLED["mail"]), foreign.pk: (True, "")}


def test_runs_of_a_record_in_the_bin_are_told_to_whoever_may_restore_it(process: Process) -> None:
    people = {}
    for name, more in (("Looks", {}), ("Restores", {Operation.RESTORE: Scope.ALL})):
        people[name] = make_user(name)
        rights = {Operation.VIEW: Scope.ALL, Operation.AUTOMATE: Scope.ALL, **more}
        set_grants(process, {make_role(people=(people[name],)).pk: rights}, actor=SYSTEM)
    make_robot(process, "send_mail", MAIL)
    record = create_record(process, values=FILLED, actor=SYSTEM)
    settle()
    delete_record(process, record.pk, actor=SYSTEM)
    for name, is_told in (("Looks", False), ("Restores", True)):
        page, beside, rest = told(people[name], process, Run.objects.get())
        assert ("platypus" in page, "platypus" in beside, "platypus" in json.dumps(rest)) == (is_told,) * 3
        assert rest["is_redacted"] == (not is_told)


def test_run_of_a_trigger_is_not_shown_with_the_settings_of_a_robot(designer: User, process: Process) -> None:
    robot = make_robot(process, "send_mail", MAIL)
    record = create_record(process, values=FILLED, actor=SYSTEM)
    settle()
    Run.objects.update(rule_kind=RuleKind.TRIGGER)
    run = Run.objects.get()
    assert (run.rule_id, run.record_id) == (robot.pk, record.pk)
    detail = run_detail(access_for(actor_of(designer), definition_of(process.pk)), run.pk)
    assert (detail.run.is_redacted, detail.intent) == (True, {})


def test_notice_of_a_blocked_move_names_no_hidden_field(designer: User, process: Process) -> None:
    needed = Field.objects.get(process=process, key="secret")
    update_field(needed, changes={"required": "stage", "required_from": stage_of(process, "in_work")}, actor=SYSTEM)
    make_robot(process, "change_stage", {"stage": "in_work"})
    record = create_record(process, values={"title": "Open", "assignee": designer.pk}, actor=SYSTEM)
    settle()
    [notice] = Notification.objects.filter(user=designer, kind="blocked")
    assert "a field that you may not see" in notice.text
    assert "Secret" not in notice.text
    update_record(process, record.pk, values={"secret": "x"}, actor=SYSTEM)
    assert move_record(process, record.pk, to="in_work", actor=SYSTEM).stage.key == "in_work"
