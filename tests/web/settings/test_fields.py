"""The page of fields: rules in the dialog, what a removal would break, the way back, changes on their way."""

import json

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from core.actor import SYSTEM
from processes.definition import definition_of
from processes.drafts import FieldDraft
from processes.fieldtype import field_types
from processes.models import Field, FieldJob, Process, Stage
from processes.operations import add_field, create_process, remove_field
from processes.ready import gallery
from tests.factories import make_admin, make_process, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def process() -> Process:
    return make_process()


@pytest.fixture
def admin() -> Client:
    return signed_in(make_admin())


def field(process: Process, key: str) -> Field:
    return Field.objects.get(process=process, key=key)


def test_every_rule_is_set_in_the_dialog_and_shown_there_again(process: Process, admin: Client) -> None:
    stage = Stage.objects.get(pipeline__process=process, key="in_work")
    address = reverse("field-edit", args=[process.key, "amount"])
    condition = {"all": [{"field": "source", "op": "is", "value": "site"}]}
    sent = {
        "label": "Amount",
        "label_ru": "Сумма",
        "help_ru": "Без налога",
        "help": "Without tax",
        "required": "stage",
        "required_from": stage.pk,
        "begins_with": "constant",
        "default": "5",
        "in_list": "on",
        "visible_if": json.dumps(condition),
        "settings-decimals": "1",
    }
    assert admin.post(address, sent).status_code == 302
    saved = field(process, "amount")
    assert (saved.required, saved.required_from_id, saved.default) == ("stage", stage.pk, {"constant": 5})
    assert (saved.labels, saved.helps, saved.visible_if) == ({"ru": "Сумма"}, {"ru": "Без налога"}, condition)
    form = admin.get(address).context["form"]
    assert form["default"].value() == 5
    assert form["begins_with"].value() == "constant"
    assert json.loads(form["visible_if"].value()) == condition


def test_default_that_was_chosen_and_not_given_is_asked_for(process: Process, admin: Client) -> None:
    answer = admin.post(
        reverse("field-edit", args=[process.key, "amount"]),
        {"label": "Amount", "begins_with": "constant", "settings-decimals": "2"},
    )
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"default"}


@pytest.mark.parametrize(("kind", "names"), [("formula", set()), ("email", {"is_unique", "is_searchable", "required"})])
def test_dialog_asks_only_what_the_type_knows(process: Process, admin: Client, kind: str, names: set[str]) -> None:
    form = admin.get(reverse("field-new", args=[process.key]), {"type": kind}).context["form"]
    assert form.fields.keys() & {"is_unique", "is_searchable", "required"} == names


def test_removal_shows_what_would_miss_the_field_and_can_be_taken_back(process: Process, admin: Client) -> None:
    settings = {"formula": "amount * 2"}
    add_field(process, FieldDraft("Twice", "formula", key="twice", settings=settings), actor=SYSTEM)
    address = reverse("field-remove", args=[process.key, "amount"])
    assert "Twice" in admin.get(address).text
    assert "amount" in definition_of(process).field_by_key
    admin.post(address)
    assert "amount" not in definition_of(process).field_by_key
    page = admin.get(reverse("process-fields", args=[process.key]))
    assert [removed.key for removed, _kind in page.context["removed"]] == ["amount"]
    admin.post(reverse("field-restore", args=[process.key, field(process, "amount").pk]))
    assert "amount" in definition_of(process).field_by_key


def test_removal_offers_to_take_it_back_at_once(process: Process, admin: Client) -> None:
    amount = field(process, "amount")
    page = admin.post(reverse("field-remove", args=[process.key, "amount"]), follow=True).text
    toast = page[page.index('data-controller="toast"') :]
    undo = reverse("field-restore", args=[process.key, amount.pk])
    assert f'action="{undo}"' in toast[: toast.index("</form>")]
    assert "csrfmiddlewaretoken" in toast[: toast.index("</form>")]
    assert "Amount” is back" in admin.post(undo, follow=True).text
    assert "amount" in definition_of(process).field_by_key


@pytest.mark.parametrize("typed", ["", "amount", "Amount!"])
def test_deletion_for_good_wants_the_name_typed(process: Process, admin: Client, typed: str) -> None:
    old = remove_field(field(process, "amount"), actor=SYSTEM)
    address = reverse("field-purge", args=[process.key, old.pk])
    assert "Type “Amount” to confirm" in admin.get(address).text
    assert admin.post(address, {"name": typed}).status_code == 422
    assert not FieldJob.objects.filter(field=old).exists()
    assert admin.post(address, {"name": " Amount "}).status_code == 302
    assert FieldJob.objects.get(field=old).kind == FieldJob.Kind.PURGE


def test_every_kind_stands_in_the_chooser_with_a_line_and_an_icon(process: Process, admin: Client) -> None:
    page = admin.get(reverse("field-kinds", args=[process.key]))
    shown = {kind.key for _group, kinds in page.context["groups"] for kind in kinds}
    assert shown == {kind.key for kind in field_types}
    for kind in field_types:
        assert f"?type={kind.key}" in page.text
        assert escape(str(kind.description)) in page.text
        assert f"#{kind.icon}" in page.text
    assert all(kinds for _group, kinds in page.context["groups"])


def test_field_whose_key_is_taken_comes_back_under_another(process: Process, admin: Client) -> None:
    old = remove_field(field(process, "amount"), actor=SYSTEM)
    add_field(process, FieldDraft("Amount", "number", key="amount"), actor=SYSTEM)
    admin.post(reverse("field-restore", args=[process.key, old.pk]))
    old.refresh_from_db()
    assert old.key == f"amount_{old.pk}"


def test_changes_on_their_way_are_shown_until_they_are_done(process: Process, admin: Client) -> None:
    old = remove_field(field(process, "amount"), actor=SYSTEM)
    admin.post(reverse("field-purge", args=[process.key, old.pk]), {"name": "Amount"})
    part = admin.get(reverse("field-jobs", args=[process.key]))
    assert [job.kind for job in part.context["jobs"]] == ["purge"]
    assert "hx-get" in part.text


def test_deletion_that_waits_can_be_stopped_on_the_page(process: Process, admin: Client) -> None:
    old = remove_field(field(process, "amount"), actor=SYSTEM)
    admin.post(reverse("field-purge", args=[process.key, old.pk]), {"name": "Amount"})
    job = FieldJob.objects.get(field=old)
    part = admin.get(reverse("field-jobs", args=[process.key])).text
    stop = reverse("field-job-cancel", args=[process.key, job.pk])
    assert stop in part
    assert admin.post(stop).status_code == 302
    job.refresh_from_db()
    assert job.state == FieldJob.State.CANCELLED
    assert admin.post(reverse("field-job-retry", args=[process.key, job.pk])).status_code == 409


def test_summary_of_linked_records_is_made_in_the_dialog_and_shown_there_again(process: Process, admin: Client) -> None:
    link = FieldDraft("Whose", "link", key="whose", settings={"process": process.pk})
    deals = make_process(fields=[link, FieldDraft("Amount", "number", key="amount")])
    ids = {field.key: field.id for field in definition_of(deals).fields}
    condition = {"all": [{"field": "amount", "op": "gt", "value": 5}]}
    sent = {
        "type": "rollup",
        "label": "Total",
        "settings-relation": f"from:{ids['whose']}",
        "settings-function": "sum",
        "settings-field": ids["amount"],
        "settings-condition": json.dumps(condition),
    }
    assert admin.post(reverse("field-new", args=[process.key]), sent).status_code == 302
    made = field(process, "total")
    assert (made.settings["field"], made.settings["condition"]) == (ids["amount"], condition)
    page = admin.get(reverse("field-edit", args=[process.key, "total"])).content.decode()
    assert 'data-by="settings-relation"' in page
    assert "&quot;amount&quot;" in page
    wrong = admin.post(reverse("field-new", args=[process.key]), sent | {"settings-field": "", "label": "Other"})
    assert (wrong.status_code, "Choose a field." in wrong.content.decode()) == (422, True)


def test_value_of_a_linked_record_is_chosen_in_the_dialog(process: Process, admin: Client) -> None:
    add_field(process, FieldDraft("Parent", "link", key="parent", settings={"process": process.pk}), actor=SYSTEM)
    sent = {
        "type": "lookup",
        "label": "Its source",
        "settings-link": field(process, "parent").pk,
        "settings-field": field(process, "source").pk,
    }
    assert admin.post(reverse("field-new", args=[process.key]), sent).status_code == 302
    assert definition_of(process).field_by_key["its_source"].type.plain_key == "choice"


def test_dialog_of_a_process_without_stages_opens(admin: Client) -> None:
    companies = create_process(gallery["companies"].draft(), actor=SYSTEM)
    assert admin.get(reverse("field-edit", args=[companies.key, "phone"])).status_code == 200
