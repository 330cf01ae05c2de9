"""Whoever designs or automates a process without being administrator publishes only what they read themselves."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from automation.drafts import RobotDraft, TriggerDraft
from automation.models import Robot, Trigger
from automation.operations import copy_robot, create_robot, create_trigger
from core.actor import SYSTEM
from core.errors import Invalid
from processes.definition import definition_of
from processes.drafts import FieldDraft, GateDraft, StageDraft
from processes.models import Field, FieldLevel, Operation, Process, Scope, Stage
from processes.operations import (
    add_field,
    add_pipeline,
    remove_field,
    set_field_grants,
    set_gate,
    set_grants,
)
from records.operations import convert_field, create_record
from tests.api.conftest import ApiClient, client_of
from tests.factories import EMPLOYEE, FIELDS, actor_of, make_admin, make_process, make_role, make_user, signed_in

pytestmark = pytest.mark.django_db

SECRETS = (
    FieldDraft("Secret", "text", key="secret"),
    FieldDraft("Secret day", "date", key="secret_day"),
    FieldDraft("Secret person", "person", key="secret_person"),
)
NAMES_SECRET = {"field": "secret", "op": "is", "value": "zz"}
SHAPING = {**EMPLOYEE, Operation.DESIGN: Scope.ALL, Operation.AUTOMATE: Scope.ALL}


@pytest.fixture
def head() -> User:
    """Designs and automates, and does not read the secrets."""
    return make_user("Head")


@pytest.fixture
def role(head: User) -> Role:
    return make_role("Heads", people=(head,))


@pytest.fixture
def process(role: Role) -> Process:
    made = make_process(fields=(*FIELDS, *SECRETS), moves=None, key="requests")
    set_grants(made, {role.pk: SHAPING}, actor=SYSTEM)
    hidden = {field.id: {None: FieldLevel.HIDDEN} for field in definition_of(made).fields if "secret" in field.key}
    set_field_grants(made, {role.pk: hidden}, actor=SYSTEM)
    return made


@pytest.fixture
def client(head: User, process: Process) -> ApiClient:
    return client_of(head, "read", "write", "admin")


@pytest.fixture
def page(head: User, process: Process) -> Client:
    return signed_in(head)


@pytest.fixture
def boss() -> ApiClient:
    return client_of(make_admin(), "read", "write", "admin")


def in_requests(path: str) -> str:
    return f"/processes/requests/{path}"


def stage(key: str = "received") -> Stage:
    return Stage.objects.select_related("pipeline__process").get(pipeline__process__key="requests", key=key)


def formula(text: str) -> dict[str, Any]:
    return {"label": "Sum", "type": "formula", "settings": {"formula": text}}


def alike(client: ApiClient, method: str, path: str, body: Mapping[str, Any]) -> None:
    """The answer to a body that names the secret is, but for the name, that to one that names what is nowhere."""
    hidden = client.call(method, path, body)
    absent = client.call(method, path, json.loads(json.dumps(body).replace("secret", "wombat")))
    assert (hidden.status_code, absent.status_code) == (400, 400)
    assert hidden.content.decode().replace("secret", "wombat") == absent.content.decode()


def test_formula_speaks_only_of_what_its_author_reads(client: ApiClient, boss: ApiClient) -> None:
    alike(client, "post", in_requests("fields/"), formula("secret"))
    assert client.call("post", in_requests("formula-check/"), {"formula": "secretx"}).json()["error"] == (
        "There is no field “secretx”."
    )
    check = {"formula": "secret"}
    assert client.call("post", in_requests("formula-check/"), check).json()["kind"] is None
    assert boss.call("post", in_requests("formula-check/"), check).json()["kind"] == "text"
    made = boss.call("post", in_requests("fields/"), {**formula("secret"), "key": "told"})
    assert made.status_code == 201
    # What an administrator has published is read, and goes into other formulas.
    assert client.call("post", in_requests("fields/"), formula("told")).status_code == 201


def test_formula_that_stands_already_stays_and_is_not_changed(client: ApiClient, boss: ApiClient, page: Client) -> None:
    one = in_requests("fields/told/")
    said = {"formula": 'if(secret = "zz", 1, 0)', "decimals": 2}
    boss.call("post", in_requests("fields/"), {**formula(said["formula"]), "key": "told"})
    assert client.call("patch", one, {"label": "Told", "settings": said}).status_code == 200
    assert client.call("patch", one, {"settings": {"formula": "secret"}}).status_code == 400
    dialog = page.get(reverse("field-edit", args=["requests", "told"]))
    assert "they stay as they are" in dialog.text
    saved = page.post(reverse("field-edit", args=["requests", "told"]), {"label": "Said"})
    field = Field.objects.get(key="told")
    assert (saved.status_code, field.label, field.settings["formula"]) == (302, "Said", said["formula"])


def test_condition_of_a_question_speaks_only_of_what_its_author_reads(client: ApiClient, page: Client) -> None:
    alike(client, "patch", in_requests("fields/amount/"), {"visible_if": NAMES_SECRET})
    told = page.get(reverse("field-edit", args=["requests", "amount"])).context["builder"]
    assert {"secret", "comment"} & {field["key"] for field in told} == {"comment"}
    Field.objects.filter(key="amount").update(visible_if=NAMES_SECRET)
    saved = client.call("patch", in_requests("fields/amount/"), {"label": "Sum", "visible_if": NAMES_SECRET})
    assert (saved.status_code, saved.json()["visible_if"]) == (200, NAMES_SECRET)
    shown = page.get(reverse("field-edit", args=["requests", "amount"])).context["builder"]
    assert "secret" in {field["key"] for field in shown}


def test_gate_asks_only_what_its_author_reads(client: ApiClient, page: Client) -> None:
    gate = in_requests("pipelines/main/gates/")
    body = {"target": "completed", "condition": NAMES_SECRET}
    alike(client, "put", gate, body)
    address = f"{reverse('gate-edit', args=['requests'])}?target={stage('completed').pk}"
    assert "secret" not in {field["key"] for field in page.get(address).context["builder"]}
    set_gate(stage("completed"), GateDraft(condition=NAMES_SECRET), actor=SYSTEM)
    assert client.call("put", gate, {**body, "refusal": "Not yet"}).status_code == 200
    assert "secret" in {field["key"] for field in page.get(address).context["builder"]}


ROBOTS: tuple[dict[str, Any], ...] = (
    {"kind": "add_comment", "settings": {"text": "S={{ secret }}"}},
    {"kind": "add_comment", "settings": {"text": "x"}, "condition": NAMES_SECRET},
    {"kind": "add_comment", "settings": {"text": "x"}, "delay_field": "secret_day"},
    {"kind": "set_fields", "settings": {"values": {"comment": "{{ secret }}"}}},
    {"kind": "set_fields", "settings": {"values": {"secret": "x"}}},
    {"kind": "notify", "settings": {"recipients": ["field:secret_person"], "text": "x"}},
    {"kind": "create_task", "settings": {"title": "{{ secret }}"}},
    {"kind": "send_mail", "settings": {"address": "{{ secret }}", "subject": "x", "text": "x"}},
    {"kind": "call_url", "settings": {"method": "GET", "url": "https://example.com/{{ secret }}"}},
    {"kind": "call_url", "settings": {"method": "GET", "url": "https://example.com/", "headers": {"X": "{{secret}}"}}},
)
TRIGGERS: tuple[dict[str, Any], ...] = (
    {"kind": "field_changed", "settings": {"fields_watched": ["secret"]}},
    {"kind": "comment_added", "condition": NAMES_SECRET},
    {"kind": "webhook", "settings": {"find_by": "secret", "find_path": "id", "when_missing": "ignore"}},
    {
        "kind": "webhook",
        "settings": {"find_by": "id", "find_path": "id", "when_missing": "ignore", "values": {"secret": "a.b"}},
    },
)


@pytest.mark.parametrize("body", ROBOTS, ids=lambda body: f"{body['kind']} {body['settings']}"[:60])
def test_robot_speaks_only_of_what_its_author_reads(client: ApiClient, body: dict[str, Any]) -> None:
    alike(client, "post", in_requests("robots/"), {"stage": "received", **body})


@pytest.mark.parametrize("body", TRIGGERS, ids=lambda body: f"{body['kind']} {body.get('settings', '')}"[:60])
def test_trigger_speaks_only_of_what_its_author_reads(client: ApiClient, body: dict[str, Any]) -> None:
    alike(client, "post", in_requests("triggers/"), {"stage": "in_work", **body})


def test_call_of_the_whole_record_is_for_whoever_reads_it(client: ApiClient, boss: ApiClient) -> None:
    body = {"stage": "received", "kind": "call_url", "settings": {"method": "POST", "url": "https://example.com/"}}
    refused = client.call("post", in_requests("robots/"), body)
    assert (refused.status_code, list(refused.json()["details"]["fields"])) == (400, ["body"])
    assert boss.call("post", in_requests("robots/"), body).status_code == 201
    body["settings"]["body"] = '{"amount": {{ amount }}}'
    assert client.call("post", in_requests("robots/"), body).status_code == 201


def test_robot_that_stands_already_stays_and_is_not_changed(
    client: ApiClient, page: Client, head: User, process: Process
) -> None:
    draft = RobotDraft("add_comment", {"text": "S={{ secret }}"}, condition=NAMES_SECRET, delay_field="secret_day")
    robot = create_robot(stage(), draft, actor=SYSTEM).robot
    one = in_requests(f"robots/{robot.pk}/")
    same = {"settings": {"text": "S={{ secret }}"}, "condition": NAMES_SECRET, "delay_field": "secret_day"}
    assert client.call("patch", one, {"name": "Teller", **same}).status_code == 200
    for changed in ({"settings": {"text": "T={{ secret }}"}}, {"condition": None}, {"delay_field": ""}):
        assert client.call("patch", one, changed).status_code == 400
    with pytest.raises(Invalid):
        copy_robot(robot, to=stage("in_work"), actor=actor_of(head))
    edit = reverse("robot-edit", args=["requests", robot.pk])
    shown = page.get(edit).context
    assert {"secret", "secret_day", "secret_person"} & set(shown["placeholders"]) == {"secret", "secret_day"}
    form = {"name": "Said", "delay_field": "secret_day", "condition": json.dumps(NAMES_SECRET), "is_on": "on"}
    assert page.post(edit, {**form, "settings-text": "S={{ secret }}"}).status_code == 302
    assert page.post(edit, {**form, "settings-text": "x {{ secret }}"}).status_code == 422
    robot = Robot.objects.get()
    assert (robot.name, robot.settings["text"], robot.delay_field) == ("Said", "S={{ secret }}", "secret_day")


def test_trigger_that_stands_already_stays_and_is_not_changed(client: ApiClient, page: Client) -> None:
    draft = TriggerDraft("field_changed", {"fields_watched": ["secret"]})
    trigger = create_trigger(stage("in_work"), draft, actor=SYSTEM).trigger
    one = in_requests(f"triggers/{trigger.pk}/")
    assert client.call("patch", one, {"name": "Told"}).status_code == 200
    both = {"fields_watched": ["secret", "amount"]}
    assert client.call("patch", one, {"settings": both}).status_code == 400
    edit = reverse("trigger-edit", args=["requests", trigger.pk])
    form = {"name": "Said", "stage": stage("in_work").pk, "is_on": "on"}
    assert page.post(edit, {**form, "settings-fields_watched": ["secret"]}).status_code == 302
    trigger = Trigger.objects.get()
    assert (trigger.name, trigger.settings) == ("Said", {"fields_watched": ["secret"]})


def test_editors_of_rules_offer_what_one_reads(page: Client) -> None:
    robot = page.get(reverse("robot-new", args=["requests", stage().pk, "notify"])).context
    assert not [key for key in robot["placeholders"] if "secret" in key]
    assert not [field["key"] for field in robot["builder"] if "secret" in field["key"]]
    assert "secret" not in str(robot["settings"].fields["recipients"].choices)
    assert "secret" not in str(robot["form"].fields["delay_field"].choices)
    trigger = page.get(reverse("trigger-new", args=["requests", stage("in_work").pk, "field_changed"])).context
    assert "secret" not in str(trigger["settings"].fields["fields_watched"].choices)


def test_field_comes_back_only_where_nothing_tells_it(client: ApiClient, head: User, process: Process) -> None:
    """A key that came free is taken by a field that one reads, and then given back."""
    secret = Field.objects.get(key="secret")
    remove_field(secret, actor=actor_of(head), confirmed=True)
    restore = in_requests(f"removed-fields/{secret.pk}/")
    mine = add_field(process, FieldDraft("Mine", "text", key="secret"), actor=actor_of(head))
    add_field(process, FieldDraft("Sum", "formula", key="told", settings={"formula": "secret"}), actor=actor_of(head))
    remove_field(mine, actor=actor_of(head), confirmed=True)
    assert client.call("post", restore, {}).status_code == 403
    secret.refresh_from_db()
    assert secret.removed_at is not None
    remove_field(Field.objects.get(key="told"), actor=actor_of(head))
    assert client.call("post", restore, {}).status_code == 200


# Other processes


@pytest.fixture
def side(process: Process, head: User) -> Process:
    """Another process: whoever designs it does not see the requests."""
    made = make_process(name="Side", key="side", moves=None)
    set_grants(made, {make_role("Side", people=(head,)).pk: SHAPING}, actor=SYSTEM)
    set_grants(process, {role: {} for role in definition_of(process).grants}, actor=SYSTEM)
    return made


def field(process: Process, key: str) -> int:
    return definition_of(process).field_by_key[key].id


def open_to(process: Process, role: Role) -> None:
    """The requests can be seen, but for what is hidden, and for a closed pipeline."""
    add_pipeline(process, name="Hush", key="hush", stages=(StageDraft("Quietone", key="quietone"),), actor=SYSTEM)
    set_grants(process, {role.pk: EMPLOYEE}, actor=SYSTEM)


def test_closed_process_is_none(client: ApiClient, page: Client, process: Process, side: Process, role: Role) -> None:
    link = {"label": "Link", "type": "link", "key": "its"}
    there = client.call("post", "/processes/side/fields/", {**link, "settings": {"process": process.pk}})
    nowhere = client.call("post", "/processes/side/fields/", {**link, "settings": {"process": 10**6}})
    assert (there.status_code, there.content) == (400, nowhere.content)
    address = reverse("field-new", args=["side"])
    assert process.name not in page.get(f"{address}?type=link").text
    sent = {"type": "link", "label": "Link", "settings-process": process.pk}
    assert page.post(address, sent).status_code == 422
    set_grants(process, {role.pk: EMPLOYEE}, actor=SYSTEM)
    assert process.name in page.get(f"{address}?type=link").text
    assert page.post(address, sent).status_code == 302


def test_values_of_linked_records_are_those_that_one_reads(
    client: ApiClient, page: Client, process: Process, side: Process, role: Role
) -> None:
    fields, address = "/processes/side/fields/", reverse("field-new", args=["side"])
    link = add_field(side, FieldDraft("Its", "link", key="its", settings={"process": process.pk}), actor=SYSTEM)
    lookup = {"label": "Shown", "type": "lookup", "settings": {"link": link.pk, "field": field(process, "comment")}}
    assert client.call("post", fields, lookup).status_code == 400
    assert "Comment" not in str(page.get(f"{address}?type=lookup").context["settings"]["field"])
    open_to(process, role)
    choices = str(page.get(f"{address}?type=lookup").context["settings"]["field"])
    assert ("Comment" in choices, "Secret" in choices) == (True, False)
    secret = {**lookup, "settings": {"link": link.pk, "field": field(process, "secret")}}
    absent = {**lookup, "settings": {"link": link.pk, "field": 10**6}}
    refused = [client.call("post", fields, body) for body in (secret, absent)]
    assert [answer.status_code for answer in refused] == [400, 400]
    assert refused[0].text.replace(str(field(process, "secret")), "N") == refused[1].text.replace(str(10**6), "N")
    assert client.call("post", fields, lookup).status_code == 201


def test_roll_up_and_its_condition_speak_of_what_one_reads(
    client: ApiClient, page: Client, process: Process, side: Process, role: Role
) -> None:
    fields, address = "/processes/side/fields/", f"{reverse('field-new', args=['side'])}?type=rollup"
    back = add_field(process, FieldDraft("Side", "link", key="side", settings={"process": side.pk}), actor=SYSTEM)
    count = {"relation": f"from:{back.pk}", "function": "count"}
    body = {"label": "Count", "type": "rollup", "settings": count}
    assert client.call("post", fields, body).status_code == 400
    assert process.name not in page.get(address).text
    open_to(process, role)
    shown = page.get(address).text
    assert (process.name in shown, "Secret" in shown, "Quietone" in shown, "Hush" in shown) == (
        True,
        False,
        False,
        False,
    )
    for condition in (NAMES_SECRET, {"field": "stage", "op": "is", "value": "hush.quietone"}):
        alike_in = json.loads(json.dumps(condition).replace("secret", "wombat").replace("quietone", "wombat"))
        sent = [{**body, "settings": {**count, "condition": tree}} for tree in (condition, alike_in)]
        there, nowhere = (client.call("post", fields, one) for one in sent)
        assert (there.status_code, nowhere.status_code) == (400, 400)
        assert there.text.replace("secret", "wombat").replace("quietone", "wombat") == nowhere.text
    hidden_link = {back.pk: {None: FieldLevel.HIDDEN}}
    set_field_grants(process, {role.pk: hidden_link}, actor=SYSTEM)
    assert client.call("post", fields, body).status_code == 400
    set_field_grants(process, {role.pk: {back.pk: {None: FieldLevel.EDIT}}}, actor=SYSTEM)
    assert client.call("post", fields, body).status_code == 201


def test_what_looks_into_a_closed_process_stays_when_it_is_saved_again(
    client: ApiClient, page: Client, process: Process, side: Process
) -> None:
    link = add_field(side, FieldDraft("Its", "link", key="its", settings={"process": process.pk}), actor=SYSTEM)
    settings = {"link": link.pk, "field": field(process, "secret")}
    add_field(side, FieldDraft("Shown", "lookup", key="shown", settings=settings), actor=SYSTEM)
    one = "/processes/side/fields/shown/"
    assert client.call("patch", one, {"label": "Told", "settings": settings}).status_code == 200
    other = {"link": link.pk, "field": field(process, "secret_day")}
    assert client.call("patch", one, {"settings": other}).status_code == 400
    for key in ("its", "shown"):
        edit = reverse("field-edit", args=["side", key])
        assert "Secret" not in page.get(edit).text
        assert page.post(edit, {"label": "Said"}).status_code == 302
        assert Field.objects.get(process=side, key=key).label == "Said"
    assert Field.objects.get(process=side, key="shown").settings["field"] == settings["field"]


# Changes of types


def test_options_are_made_of_values_that_one_reads(
    client: ApiClient, boss: ApiClient, page: Client, process: Process, head: User
) -> None:
    create_record(process, values={"title": "Open", "secret": "platypus"}, actor=SYSTEM)
    for path, body in (
        ("conversion-check/", {"field": "secret", "type": "choice"}),
        ("conversion-check/", {"field": "secret", "type": "choice", "settings": {"options": ["platypus"]}}),
    ):
        found = client.call("post", in_requests(path), body)
        told = boss.call("post", in_requests(path), body)
        assert (told.json()["converts"], "platypus" in told.text) == (1, True)
        assert found.json().get("converts", 0) == 0
    assert (
        "platypus"
        not in client.call("post", in_requests("conversion-check/"), {"field": "secret", "type": "choice"}).text
    )
    address = reverse("field-convert", args=["requests", "secret"])
    assert "platypus" not in page.get(f"{address}?type=choice").text
    with pytest.raises(Invalid, match="You do not read all values"):
        convert_field(Field.objects.get(key="secret"), type="choice", settings={}, actor=actor_of(head))


def test_options_come_of_the_records_that_one_sees(client: ApiClient, process: Process, head: User, role: Role) -> None:
    set_grants(process, {role.pk: {**SHAPING, Operation.VIEW: Scope.OWN}}, actor=SYSTEM)
    create_record(process, values={"title": "Foreign", "comment": "platypus"}, actor=SYSTEM)
    create_record(process, values={"title": "Own", "comment": "wombat"}, actor=actor_of(head))
    body = {"field": "comment", "type": "choice"}
    found = client.call("post", in_requests("conversion-check/"), body).json()
    assert [option["label"] for option in found["settings"]["options"]] == ["wombat"]
    with pytest.raises(Invalid, match="You do not read all values"):
        convert_field(Field.objects.get(key="comment"), type="choice", settings={}, actor=actor_of(head))
