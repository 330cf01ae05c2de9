"""Forms that say nothing, or nothing sensible: refused with a message, never read as a wish; and forms that show what
somebody else has changed meanwhile."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Department, RoleAssignment, User
from accounts.operations import update_department
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.drafts import GateDraft, ReasonDraft
from processes.models import Gate, Pipeline, Process, Stage
from processes.operations import (
    set_gate,
    set_lost_reasons,
    set_moves,
    update_process,
    update_stage,
)
from records.models import Record
from tests.factories import make_role, make_user

pytestmark = pytest.mark.django_db

NUL = "%00"
ASKS = {"HX-Request": "true"}


def stage_of(process: Process, key: str = "in_work") -> Stage:
    return Stage.objects.select_related("pipeline__process").get(pipeline__process=process, key=key)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/p/{NUL}/", 404),
        (f"/people/?q={NUL}", 422),
        (f"/p/requests/settings/stages/?pipeline={NUL}", 404),
        (f"/p/requests/settings/moves/?pipeline={NUL}", 404),
        ("/p/requests/columns/{stage}/?rank=%00&after=1", 422),
    ],
)
def test_addresses_that_name_nothing_have_an_answer(path: str, status: int, admin: Client, process: Process) -> None:
    assert admin.get(path.replace("{stage}", str(stage_of(process).pk))).status_code == status


@pytest.mark.parametrize("data", [{}, {"moves": "zzz"}, {"moves": ""}, {"pair": ["received>in_work"]}])
def test_moves_are_said_or_stay(data: dict[str, Any], admin: Client, process: Process) -> None:
    before = definition_of(process).default_pipeline.targets
    assert admin.post(reverse("process-moves", args=[process.key]), data).status_code == 422
    assert definition_of(process).default_pipeline.targets == before


def test_reasons_are_said_or_stay(admin: Client, process: Process) -> None:
    pipeline = process.pipelines.get()
    set_lost_reasons(pipeline, [ReasonDraft("Price")], is_required=False, actor=SYSTEM)
    url = reverse("lost-reasons", args=[process.key])
    assert admin.post(url, {}).status_code == 422
    assert pipeline.lost_reasons.count() == 1
    assert admin.post(url, {"reasons": ""}).status_code == 302
    assert not pipeline.lost_reasons.exists()


@pytest.mark.parametrize("role", [None, "", "abc", "²", "0", "999999"])
def test_role_to_give_is_one(role: str | None, admin: Client) -> None:
    anna = make_user("Anna")
    data = {} if role is None else {"role": role}
    assert admin.post(reverse("person-role-give", args=[anna.pk]), data, headers=ASKS).status_code == 422
    assert not RoleAssignment.objects.exists()


@pytest.mark.parametrize("person", [None, "", "abc", "²", "999999"])
def test_person_to_add_to_a_department_is_one(person: str | None, admin: Client) -> None:
    sales = Department.objects.create(name="Sales")
    data = {} if person is None else {"person": person}
    assert admin.post(reverse("department-person-add", args=[sales.pk]), data).status_code == 422
    assert not User.objects.filter(department=sales).exists()


@pytest.mark.parametrize("department", [None, "abc", "999999"])
def test_department_of_a_person_is_one_or_none(department: str | None, admin: Client) -> None:
    sales = Department.objects.create(name="Sales")
    anna = make_user("Anna", department=sales)
    url = reverse("person-department", args=[anna.pk])
    data = {} if department is None else {"department": department}
    assert admin.post(url, data).status_code == 422
    assert User.objects.get(pk=anna.pk).department == sales
    assert admin.post(url, {"department": ""}).status_code == 302
    assert User.objects.get(pk=anna.pk).department is None


@pytest.mark.parametrize("said", [None, "", "abc", "true"])
def test_rights_of_an_administrator_are_not_taken_by_mistake(said: str | None, admin: Client) -> None:
    other = make_user("Other", is_admin=True)
    data = {} if said is None else {"is_admin": said}
    assert admin.post(reverse("person-administrator", args=[other.pk]), data, headers=ASKS).status_code == 422
    assert User.objects.get(pk=other.pk).is_admin


@pytest.mark.parametrize("direction", [None, "", "sideways"])
def test_department_goes_up_or_down(direction: str | None, admin: Client) -> None:
    first, _second = (Department.objects.create(name=name, position=place) for place, name in enumerate("AB"))
    data = {} if direction is None else {"direction": direction}
    assert admin.post(reverse("department-shift", args=[first.pk]), data, headers=ASKS).status_code == 422
    assert list(Department.objects.order_by("position").values_list("name", flat=True)) == ["A", "B"]


def seen_in(client: Client, url: str, name: str = "form") -> str:
    """The mark that a page or dialog sends along."""
    context = client.get(url).context
    mark = context["seen"] if name == "seen" else context[name]["seen"].value()
    assert len(mark) == 16
    return str(mark)


def test_dialog_of_a_stage_does_not_undo_what_somebody_set_meanwhile(admin: Client, process: Process) -> None:
    stage = stage_of(process)
    url = reverse("stage-edit", args=[process.key, stage.pk])
    data = {"name": "Doing", "kind": "open", "color": "amber", "seen": seen_in(admin, url)}
    update_stage(stage, limit=3, is_limit_hard=True, locked_fields=["amount"], actor=SYSTEM)
    refused = admin.post(url, data)
    assert refused.status_code == 422
    assert refused.context["form"].non_field_errors() == [
        "Somebody changed this meanwhile. Look at the present state and try again."
    ]
    found = stage_of(process)
    assert (found.name, found.limit, found.is_limit_hard, found.locked_fields.count()) == ("In work", 3, True, 1)
    assert admin.post(url, {**data, "seen": seen_in(admin, url)}).status_code == 302
    assert stage_of(process).name == "Doing"


def test_dialog_of_a_department_does_not_undo_what_somebody_set_meanwhile(admin: Client) -> None:
    sales, north = (Department.objects.create(name=name, position=place) for place, name in enumerate(("Sales", "N")))
    url, boss = reverse("department-edit", args=[sales.pk]), make_user("Boss")
    data = {"name": "Selling", "parent": "", "head": "", "seen": seen_in(admin, url)}
    update_department(sales, {"parent": north, "head": boss}, actor=SYSTEM)
    refused = admin.post(url, data)
    assert (refused.status_code, "Somebody changed this meanwhile" in refused.text) == (422, True)
    sales.refresh_from_db()
    assert (sales.name, sales.parent, sales.head) == ("Sales", north, boss)
    assert admin.post(url, {**data, "seen": seen_in(admin, url)}).status_code == 302
    sales.refresh_from_db()
    assert (sales.name, sales.parent, sales.head) == ("Selling", None, None)


def test_dialog_of_a_stage_does_not_mind_what_it_does_not_show(admin: Client, process: Process) -> None:
    stage = stage_of(process)
    url = reverse("stage-edit", args=[process.key, stage.pk])
    data = {"name": "Doing", "kind": "open", "color": "amber", "seen": seen_in(admin, url)}
    update_stage(stage_of(process, "completed"), time_limit=None, name="Finished", actor=SYSTEM)
    assert admin.post(url, data).status_code == 302


def test_page_of_a_process_does_not_undo_what_somebody_set_meanwhile(admin: Client, process: Process) -> None:
    url = reverse("process-settings", args=[process.key])
    data = {"name": "Mine", "noun": "order", "noun_plural": "orders", "icon": "truck", "color": "teal"}
    seen = seen_in(admin, url)
    update_process(process, description="Theirs", actor=SYSTEM)
    assert admin.post(url, {**data, "seen": seen}).status_code == 422
    assert Process.objects.get().description == "Theirs"
    assert admin.post(url, {**data, "seen": seen_in(admin, url)}).status_code == 302


def test_gate_dialog_does_not_undo_what_somebody_set_meanwhile(admin: Client, process: Process) -> None:
    stage = stage_of(process)
    url = f"/p/requests/settings/moves/gate/?target={stage.pk}"
    for draft in (GateDraft(roles=[make_role("Lawyers").pk]), GateDraft(is_comment_required=True)):
        seen = seen_in(admin, url)
        set_gate(stage, draft, actor=SYSTEM)
        assert admin.post(url, {"fields_": ["amount"], "seen": seen}).status_code == 422
        assert not Gate.objects.get().fields.exists()
    assert admin.post(url, {"fields_": ["amount"], "seen": seen_in(admin, url)}).status_code == 302
    assert Gate.objects.get().fields.count() == 1


def test_reasons_and_moves_do_not_undo_what_somebody_set_meanwhile(admin: Client, process: Process) -> None:
    pipeline, url = process.pipelines.get(), reverse("process-moves", args=[process.key])
    reasons, moves = seen_in(admin, url, "reasons_form"), seen_in(admin, url, "seen")
    set_lost_reasons(pipeline, [ReasonDraft("Price")], is_required=True, actor=SYSTEM)
    refused = admin.post(reverse("lost-reasons", args=[process.key]), {"reasons": "Silence", "seen": reasons})
    assert refused.status_code == 422
    assert [reason.name for reason in pipeline.lost_reasons.all()] == ["Price"]
    set_moves(pipeline, [("received", "completed")], actor=SYSTEM)
    refused = admin.post(url, {"moves": "any", "seen": moves})
    assert (refused.status_code, "Somebody changed this meanwhile" in refused.text) == (409, True)
    assert Pipeline.objects.get(pk=pipeline.pk).moves == Pipeline.Moves.LISTED
    assert admin.post(url, {"moves": "any", "seen": seen_in(admin, url, "seen")}).status_code == 302


def test_form_of_a_record_that_comes_twice_makes_one_record(admin: Client, process: Process) -> None:
    url = reverse("record-new", args=[process.key])
    once = admin.get(url).context["once"]
    wrong = admin.post(url, {"title": "", "amount": "abc", "form-once": once})
    assert (wrong.status_code, wrong.context["once"]) == (422, once)
    answers = [admin.post(url, {"title": "Paper", "form-once": once}) for _turn in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0].url == answers[1].url
    assert Record.objects.count() == 1
    assert admin.post(url, {"title": "Paper", "form-once": once}, headers=ASKS).status_code == 204
    assert Record.objects.count() == 1
    other = admin.get(url).context["once"]
    admin.post(url, {"title": "Paper", "form-once": other})
    assert (Record.objects.count(), once != other) == (2, True)


def test_form_of_a_record_that_comes_again_with_other_values_makes_another_record(
    admin: Client, process: Process
) -> None:
    url = reverse("record-new", args=[process.key])
    once = admin.get(url).context["once"]
    first, second, again = (
        admin.post(url, {"title": title, "form-once": once}).url for title in ("First", "Second", "Second")
    )
    assert (first != second, second == again) == (True, True)
    assert sorted(Record.objects.values_list("title", flat=True)) == ["First", "Second"]


def test_time_limit_goes_with_its_mark(process: Process) -> None:
    stage = stage_of(process)
    update_stage(stage, time_limit=timedelta(hours=2), actor=SYSTEM)
    update_stage(stage, hint="Ask twice", actor=SYSTEM)
    found = stage_of(process)
    assert (found.time_limit, found.hint) == (timedelta(hours=2), "Ask twice")
