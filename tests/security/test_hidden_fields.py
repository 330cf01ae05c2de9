"""Side paths to a hidden field: search, pages, REST, documents, imports, exports, gates, notices of robots."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from accounts.queries import actor_for
from core.actor import SYSTEM
from core.errors import Invalid
from processes.definition import definition_of
from processes.drafts import FieldDraft
from processes.models import Field, FieldJob, FieldLevel, Operation, Process, Scope, Stage
from processes.operations import set_field_grants, set_grants, update_field
from processes.permissions import Access, access_for
from records.exchange.plan import targets_for
from records.jobs.worker import work_through
from records.operations import create_record, delete_record, move_record, restore_record, update_record
from records.queries.exports import rights_digest
from records.queries.search import hits_for
from tests.factories import EMPLOYEE, FIELDS, make_admin, make_process, make_role, make_user, signed_in

pytestmark = pytest.mark.django_db

SECRET = FieldDraft("Secret", "text", key="secret", is_searchable=True, on_card=True)
"""What clerks do not see."""


@pytest.fixture
def clerk() -> User:
    return make_user("Clerk")


@pytest.fixture
def role(clerk: User) -> Role:
    return make_role("Clerks", people=(clerk,))


@pytest.fixture
def process(role: Role) -> Process:
    made = make_process(fields=(*FIELDS, SECRET), moves=None)
    grants = {**EMPLOYEE, **dict.fromkeys((Operation.UPDATE, Operation.MOVE), Scope.ALL)}
    wide = dict.fromkeys((Operation.EXPORT, Operation.IMPORT), Scope.ALL)
    set_grants(made, {role.pk: {**grants, **wide}}, actor=SYSTEM)
    return made


@pytest.fixture
def browser(clerk: User) -> Client:
    return signed_in(clerk)


def hide(process: Process, role: Role, level: int = FieldLevel.HIDDEN) -> None:
    field = definition_of(process).field_by_key["secret"]
    set_field_grants(process, {role.pk: {field.id: {None: level}}}, actor=SYSTEM)


def access_of(process: Process, clerk: User) -> Access:
    return access_for(actor_for(clerk), process)


def test_search_finds_nothing_by_a_hidden_value_at_once_and_after_the_words_are_new(
    process: Process, role: Role, clerk: User
) -> None:
    row = create_record(process, values={"title": "Open", "secret": "platypus"}, actor=SYSTEM)
    boss = access_for(SYSTEM, process)
    assert [hit.id for hit in hits_for([access_of(process, clerk)], "platypus")] == [row.pk]
    hide(process, role)
    assert FieldJob.objects.filter(kind=FieldJob.Kind.FILL, state=FieldJob.State.WAITING).exists()
    assert hits_for([access_of(process, clerk)], "platypus") == []
    assert [hit.id for hit in hits_for([access_of(process, clerk)], "open")] == [row.pk]
    work_through()
    assert hits_for([boss], "platypus") == []
    assert hits_for([access_of(process, clerk)], "platypus") == []
    hide(process, role, FieldLevel.READ)
    work_through()
    assert [hit.id for hit in hits_for([access_of(process, clerk)], "platypus")] == [row.pk]


def test_pages_of_a_record_say_nothing_of_it(process: Process, role: Role, browser: Client) -> None:
    row = create_record(process, values={"title": "Open", "secret": "platypus"}, actor=SYSTEM)
    update_record(process, row.pk, values={"secret": "wombat"}, actor=SYSTEM)
    hide(process, role)
    for name, args in (
        ("record-card", [process.key, row.pk]),
        ("record-activity", [process.key, row.pk]),
        ("process-board", [process.key]),
        ("process-list", [process.key]),
        ("record-new", [process.key]),
    ):
        shown = browser.get(reverse(name, args=args)).content.decode()
        assert "platypus" not in shown, name
        assert "wombat" not in shown, name
        assert "Secret" not in shown, name
    assert browser.get(reverse("record-field", args=[process.key, row.pk, "secret"])).status_code == 404


def test_rest_answers_as_if_there_were_no_such_field(process: Process, role: Role, browser: Client) -> None:
    row = create_record(process, values={"title": "Open", "secret": "platypus"}, actor=SYSTEM)
    hide(process, role)
    base = f"/api/v1/processes/{process.key}/"
    for query in ("filter[{}]=x", "sort={}", "fields={}"):
        hidden = browser.get(f"{base}records/?{query.format('secret')}")
        absent = browser.get(f"{base}records/?{query.format('nothing')}")
        assert hidden.status_code == absent.status_code == 400
        assert hidden.content.decode().replace("secret", "nothing") == absent.content.decode()
    bodies: list[Any] = [
        browser.patch(f"{base}records/{row.pk}/", {"fields": {key: "x"}}, content_type="application/json")
        for key in ("secret", "nothing")
    ]
    assert [answer.status_code for answer in bodies] == [400, 400]
    assert bodies[0].content.decode().replace("secret", "nothing") == bodies[1].content.decode()
    assert "secret" not in browser.get(f"{base}schema/").content.decode()
    openapi = browser.get(reverse("api-openapi"))
    assert openapi.status_code == 200
    assert "Secret" not in openapi.content.decode()
    assert "Secret" in signed_in(make_admin()).get(reverse("api-openapi")).content.decode()
    assert "platypus" not in browser.get(f"{base}records/{row.pk}/timeline/").content.decode()


def test_read_only_field_is_shown_and_refused_by_name(process: Process, role: Role, clerk: User) -> None:
    row = create_record(process, values={"title": "Open", "secret": "platypus"}, actor=SYSTEM)
    hide(process, role, FieldLevel.READ)
    with pytest.raises(Invalid) as refused:
        update_record(process, row.pk, values={"secret": "x", "amount": 1}, actor=actor_for(clerk))
    assert set(refused.value.fields) == {"secret"}
    with pytest.raises(Invalid) as refused:
        create_record(process, values={"title": "New", "secret": "x"}, actor=actor_for(clerk))
    assert set(refused.value.fields) == {"secret"}
    row.refresh_from_db()
    assert row.value(definition_of(process).field_by_key["secret"]) == "platypus"


def test_import_and_export_know_no_hidden_field(process: Process, role: Role, clerk: User) -> None:
    before = access_of(process, clerk)
    secret = definition_of(process).field_by_key["secret"]
    assert "secret" in targets_for(before)
    digest = rights_digest(before, [secret])
    hide(process, role, FieldLevel.READ)
    assert "secret" not in targets_for(access_of(process, clerk))
    hide(process, role)
    after = access_of(process, clerk)
    assert "secret" not in targets_for(after)
    assert rights_digest(after, [secret]) != digest


def test_gate_speaks_of_hidden_fields_without_naming_them(role: Role, clerk: User) -> None:
    process = make_process(fields=(*FIELDS, SECRET), moves=None)
    stage = Stage.objects.get(pipeline__process=process, key="in_work")
    needed = Field.objects.get(process=process, key="secret")
    update_field(needed, changes={"required": "stage", "required_from": stage}, actor=SYSTEM)
    set_grants(process, {role.pk: {**EMPLOYEE, Operation.MOVE: Scope.ALL}}, actor=SYSTEM)
    hide(process, role)
    row = create_record(process, values={"title": "Open"}, actor=SYSTEM)
    with pytest.raises(Invalid) as refused:
        move_record(process, row.pk, to="in_work", actor=actor_for(clerk))
    assert refused.value.details["gate"]["hidden_fields"] == 1
    assert "Secret" not in str(refused.value.as_body())


def test_taken_value_is_told_without_the_other_record_and_without_a_hidden_field(role: Role, clerk: User) -> None:
    """Nobody hears whose the value is; of a hidden field, with which a record comes out of the bin, not even which."""
    process = make_process(fields=(FieldDraft("Code", "text", key="code"), SECRET))
    for field in Field.objects.filter(process=process):
        update_field(field, changes={"is_unique": True}, actor=SYSTEM)
    rights = dict.fromkeys((Operation.VIEW, Operation.UPDATE, Operation.DELETE, Operation.RESTORE), Scope.OWN)
    set_grants(process, {role.pk: {**rights, Operation.CREATE: Scope.ALL}}, actor=SYSTEM)
    values = {"title": "Foreign", "secret": "platypus", "code": "A7"}
    own = create_record(process, values={**values, "title": "Own", "assignee": clerk.pk}, actor=SYSTEM)
    delete_record(process, own.pk, actor=SYSTEM)
    foreign = create_record(process, values=values, actor=SYSTEM)
    hide(process, role)
    me = actor_for(clerk)
    other = create_record(process, values={"title": "Other"}, actor=me)
    for write in (
        lambda: create_record(process, values={"title": "New", "code": "A7"}, actor=me),
        lambda: update_record(process, other.pk, values={"code": "A7"}, actor=me),
        lambda: restore_record(process, own.pk, actor=me),
    ):
        with pytest.raises(Invalid) as refused:
            write()
        said = str(refused.value.as_body())
        assert set(refused.value.fields) == {"code"}
        assert "Another record has this value." in said
        assert not re.search(rf"Foreign|platypus|secret|\b{foreign.pk}\b", said)


def test_previews_of_a_designer_show_no_hidden_value(process: Process, role: Role, clerk: User) -> None:
    """Whoever designs is told of none of the values, and not how many of them an option would fit."""
    set_grants(process, {role.pk: {**EMPLOYEE, Operation.DESIGN: Scope.ALL}}, actor=SYSTEM)
    create_record(process, values={"title": "Open", "secret": "platypus"}, actor=SYSTEM)
    hide(process, role)
    base = f"/api/v1/processes/{process.key}"
    body = {"field": "secret", "type": "number"}
    for person, is_told in ((clerk, False), (make_admin(), True)):
        browser = signed_in(person)
        asked = browser.post(f"{base}/conversion-check/", body, content_type="application/json")
        page = browser.post(reverse("field-convert-preview", args=[process.key, "secret"]), {"type": "number"})
        assert (asked.json()["fails"], asked.status_code, page.status_code) == (int(is_told), 200, 200)
        assert ("platypus" in asked.content.decode(), "platypus" in page.content.decode()) == (is_told, is_told)


def test_previews_of_a_designer_count_only_records_that_they_see(
    process: Process, role: Role, clerk: User, browser: Client
) -> None:
    set_grants(process, {role.pk: {Operation.VIEW: Scope.OWN, Operation.DESIGN: Scope.ALL}}, actor=SYSTEM)
    for owner in (None, clerk.pk):
        create_record(process, values={"title": "T", "secret": "platypus", "assignee": owner}, actor=SYSTEM)
    body = {"field": "secret", "type": "choice", "settings": {"options": [{"key": "platypus", "label": "platypus"}]}}
    url = f"/api/v1/processes/{process.key}/conversion-check/"
    for one, count in ((browser, 1), (signed_in(make_admin()), 2)):
        told = one.post(url, body, content_type="application/json").json()
        assert (told["converts"], told["fails"]) == (count, 0)


def test_field_hidden_from_a_second_narrower_role_is_shown_by_the_first(
    process: Process, role: Role, clerk: User, browser: Client
) -> None:
    """Whoever sees all by one role and less by another sees all, and nothing needs to be left out."""
    narrow = make_role("Beside", people=(clerk,))
    set_grants(process, {narrow.pk: {Operation.VIEW: Scope.OWN_UNASSIGNED}}, actor=SYSTEM)
    hide(process, narrow)
    create_record(process, values={"title": "Printer", "secret": "blue"}, actor=SYSTEM)
    assert access_for(actor_for(clerk), process).partial_fields == ()
    page = browser.get(f"/p/{process.key}/list/?filter[secret]=blue").content.decode()
    assert "Printer" in page
