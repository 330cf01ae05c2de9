"""Questions that are asked under a condition, and sections: the form of a new record and the card."""

from typing import Any

import pytest

from accounts.models import User
from core.actor import SYSTEM
from processes.models import Field, Process, Section
from processes.operations import add_section, arrange_fields, update_field
from records.operations import update_record
from tests.factories import actor_of
from tests.web.records.conftest import Create, text_of

pytestmark = pytest.mark.django_db

PHONED = {"field": "source", "op": "is", "value": "phone"}


@pytest.fixture
def comment(process: Process) -> Field:
    """Asked, and required, of what came by phone."""
    field = Field.objects.get(process=process, key="comment")
    changes = {"visible_if": PHONED, "required": Field.Required.ALWAYS}
    return update_field(field, changes=changes, actor=SYSTEM)


@pytest.fixture
def money(process: Process) -> Section:
    section = add_section(process, label="Money", labels={"ru": "Деньги"}, actor=SYSTEM)
    keys = list(process.fields.order_by("position").exclude(key="amount").values_list("key", flat=True))
    arrange_fields(process, [(None, keys), (section.pk, ["amount"])], actor=SYSTEM)
    return section


def test_form_hears_what_is_asked_and_required(comment: Field, employee: User, visit: Any) -> None:
    anna = visit(employee)
    plain = anna.post("/p/requests/new/asked/", {"source": "site"}, script=True).json()
    assert ("comment" in plain["asked"], plain["required"]) == (False, [])
    phoned = anna.post("/p/requests/new/asked/", {"source": "phone", "amount": "no number"}, script=True).json()
    assert ("comment" in phoned["asked"], phoned["required"]) == (True, ["comment"])


def test_what_is_asked_is_answered_to_makers_of_records_alone(
    comment: Field, reader: User, stranger: User, visit: Any
) -> None:
    assert visit(reader).post("/p/requests/new/asked/", script=True).status_code == 403
    assert visit(stranger).post("/p/requests/new/asked/", script=True).status_code == 404


def test_form_marks_what_is_not_asked_and_does_not_insist_on_it(comment: Field, employee: User, visit: Any) -> None:
    page = visit(employee).get("/p/requests/new/")
    assert 'data-question="comment" data-unasked' in " ".join(text_of(page).split())
    assert not page.context["form"].fields["comment"].required


def test_a_default_decides_what_the_form_asks_in_the_beginning(
    comment: Field, process: Process, employee: User, visit: Any
) -> None:
    source = Field.objects.get(process=process, key="source")
    update_field(source, changes={"default": {"constant": "phone"}}, actor=SYSTEM)
    form = visit(employee).get("/p/requests/new/").context["form"]
    assert "comment" in form.asked.asked
    assert form.fields["comment"].required


def test_a_form_without_conditions_asks_nothing_of_the_server(process: Process, employee: User, visit: Any) -> None:
    assert "data-asked-url" not in text_of(visit(employee).get("/p/requests/new/"))


def test_card_shows_what_is_asked_and_marks_what_is_required(
    comment: Field, employee: User, visit: Any, create: Create
) -> None:
    record = create("Printer", source="site", actor=actor_of(employee))
    card = visit(employee).get(f"/p/requests/records/{record}/").context["card"]
    assert "comment" not in [value.field.key for value in card.fields]
    update_record("requests", record, values={"source": "phone", "comment": "Called"}, actor=SYSTEM)
    card = visit(employee).get(f"/p/requests/records/{record}/").context["card"]
    assert [value.field.key for value in card.fields if value.is_required] == ["comment"]


@pytest.mark.parametrize(("language", "heading"), [("en", "Money"), ("ru", "Деньги")])
def test_card_and_form_show_sections_under_their_names(
    language: str, heading: str, money: Section, employee: User, visit: Any, create: Create
) -> None:
    employee.language = language
    employee.save()
    record = create("Printer", amount="5", actor=actor_of(employee))
    for path in (f"/p/requests/records/{record}/", "/p/requests/new/"):
        assert f"<summary><strong>{heading}</strong></summary>" in text_of(visit(employee).get(path))
    card = visit(employee).get(f"/p/requests/records/{record}/").context["card"]
    assert [(section and section.id, len(values)) for section, values in card.parts] == [(None, 4), (money.pk, 1)]
