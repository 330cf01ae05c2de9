"""The page of a process's fields: sections, where every field stands, the preview."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core.actor import SYSTEM
from processes.drafts import FieldDraft
from processes.models import Field, Operation, Process, Scope, Section
from processes.operations import add_field, add_section, set_grants, update_field
from processes.queries import layout_of
from tests.factories import make_process, make_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def money(process: Process) -> Section:
    return add_section(process, label="Money", actor=SYSTEM)


def at(name: str, *args: Any) -> str:
    return reverse(name, args=["requests", *args])


def arrange(admin: Client, order: list[str], section: Section | None) -> Any:
    body = json.dumps({"order": order, "list": str(section.pk) if section else ""})
    return admin.post(at("field-order"), body, content_type="application/json")


def field(process: Process, key: str) -> Field:
    return Field.objects.get(process=process, key=key, removed_at=None)


def test_section_is_made_renamed_and_removed(admin: Client, process: Process) -> None:
    admin.post(at("section-new"), {"label": "Money", "label_ru": "Деньги"})
    section = Section.objects.get(process=process)
    assert (section.label, section.labels) == ("Money", {"ru": "Деньги"})
    admin.post(at("section-edit", section.pk), {"label": "Finance", "label_ru": "Деньги"})
    section.refresh_from_db()
    assert section.label == "Finance"
    update_field(field(process, "amount"), changes={"section": section}, actor=SYSTEM)
    admin.post(at("section-remove", section.pk))
    assert field(process, "amount").section is None
    assert not Section.objects.exists()


def test_a_section_without_a_name_is_refused_beside_its_input(admin: Client, process: Process) -> None:
    answer = admin.post(at("section-new"), {"label": " "})
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"label"}


def test_field_that_is_dropped_into_a_section_leaves_its_old_place(
    admin: Client, process: Process, money: Section
) -> None:
    assert arrange(admin, ["amount", "source"], money).status_code == 204
    assert arrange(admin, ["comment", "source", "request_date", "responsible"], None).status_code == 204
    assert layout_of(process) == [(None, ["comment", "source", "request_date", "responsible"]), (money.pk, ["amount"])]


def test_order_that_names_what_is_not_there_changes_nothing(admin: Client, process: Process, money: Section) -> None:
    before = layout_of(process)
    assert arrange(admin, ["nonsense"], money).status_code == 422
    foreign = add_section(make_process(), label="Foreign", actor=SYSTEM)
    assert arrange(admin, ["amount"], foreign).status_code == 422
    assert layout_of(process) == before


def test_sections_change_places(admin: Client, process: Process, money: Section) -> None:
    second = add_section(process, label="Second", actor=SYSTEM)
    admin.post(at("section-move", second.pk), {"up": "1"})
    assert [section for section, _keys in layout_of(process)] == [None, second.pk, money.pk]
    admin.post(at("section-move", second.pk), {"up": "1"})
    assert [section for section, _keys in layout_of(process)] == [None, second.pk, money.pk]


def test_section_of_a_field_is_chosen_in_its_dialog(admin: Client, process: Process, money: Section) -> None:
    data = {"label": "Sum", "section": money.pk, "settings-decimals": "0"}
    assert admin.post(at("field-edit", "amount"), data).status_code == 302
    assert field(process, "amount").section == money
    assert admin.get(at("field-edit", "amount")).context["form"]["section"].value() == money.pk


def test_preview_shows_what_is_asked_and_required_at_a_stage(admin: Client, process: Process) -> None:
    stage = process.pipelines.get().stages.get(key="in_work")
    phoned = {"field": "source", "op": "is", "value": "phone"}
    changes = {"required": "stage", "required_from": stage, "visible_if": phoned}
    update_field(field(process, "comment"), changes=changes, actor=SYSTEM)
    first = admin.get(at("field-preview"))
    assert "comment" not in first.context["form"].asked.asked
    url = at("field-preview")
    answer = admin.post(url, {"stage": stage.pk, "preview-source": "phone"}).json()
    assert ("comment" in answer["asked"], answer["required"]) == (True, ["comment"])
    assert admin.post(url, {"preview-source": "phone"}).json()["required"] == []


def test_preview_shows_the_form_of_a_role(admin: Client, process: Process) -> None:
    """What a role may do decides, not what the designer may."""
    maker, head, reader = make_role("Makers"), make_role("Heads"), make_role("Readers")
    grants = {
        maker.pk: {Operation.VIEW: Scope.OWN, Operation.CREATE: Scope.ALL},
        head.pk: {Operation.VIEW: Scope.ALL, Operation.CREATE: Scope.ALL, Operation.ASSIGN: Scope.ALL},
        reader.pk: {Operation.VIEW: Scope.ALL},
    }
    set_grants(process, grants, actor=SYSTEM)
    shown = {role.name: admin.get(at("field-preview"), {"role": role.pk}) for role in (maker, head, reader)}
    assert "assignee" not in shown["Makers"].context["form"].fields
    assert "amount" in shown["Makers"].context["form"].fields
    assert "assignee" in shown["Heads"].context["form"].fields
    assert "This role creates no records here." in shown["Readers"].text
    assert 'name="preview-title"' not in shown["Readers"].text
    assert f'<option value="{head.pk}" selected' in " ".join(shown["Heads"].text.split())
    assert admin.get(at("field-preview"), {"role": reader.pk + 1000}).status_code == 404


def test_preview_of_a_role_answers_as_the_role_while_one_types(admin: Client, process: Process) -> None:
    role = make_role("Makers")
    set_grants(process, {role.pk: {Operation.VIEW: Scope.OWN, Operation.CREATE: Scope.ALL}}, actor=SYSTEM)
    phoned = {"field": "source", "op": "is", "value": "phone"}
    update_field(field(process, "comment"), changes={"visible_if": phoned}, actor=SYSTEM)
    page = " ".join(admin.get(at("field-preview"), {"role": role.pk}).text.split())
    assert f'<input type="hidden" name="role" value="{role.pk}">' in page
    answer = admin.post(at("field-preview"), {"role": role.pk, "preview-source": "phone"}).json()
    assert "comment" in answer["asked"]


def test_preview_of_a_process_without_stages_asks_for_none(admin: Client) -> None:
    make_process(name="Goods", key="goods", has_stages=False, stages=(), moves=None)
    page = admin.get(reverse("field-preview", args=["goods"])).text
    assert 'id="preview-role"' in page
    assert 'id="preview-stage"' not in page


def test_preview_is_for_designers(employee: Client, process: Process) -> None:
    for name in ("field-preview", "section-new"):
        assert employee.get(at(name)).status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_page_costs_the_same_number_of_queries_for_any_number_of_fields_and_sections(
    count: int, admin: Client, process: Process, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        section = add_section(process, label=f"Section {number}", actor=SYSTEM)
        add_field(process, FieldDraft(f"Field {number}", "text", section=section), actor=SYSTEM)
    admin.get(at("process-fields"))
    with django_assert_num_queries(13):
        assert admin.get(at("process-fields")).context["count"] == 5 + count
