"""The demo: made through the operations, only where its public passwords are harmless."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from accounts.queries import actor_for
from accounts.tree import department_tree
from automation.models import Robot
from events.models import Event
from processes.models import Pipeline, Process
from processes.permissions import access_for
from records.models import Record, StageVisit, Task
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def test_demo_fills_an_empty_installation_and_says_its_logins() -> None:
    said = StringIO()
    call_command("demo", stdout=said)
    assert "admin@demo.local" in said.getvalue()
    assert Process.objects.count() == 4
    assert [(node.name, node.people_below) for node in department_tree()] == [("Sales", 3), ("Service", 2)]
    assert Record.objects.count() == 216
    assert Pipeline.objects.filter(process__key="deals").count() == 2
    assert StageVisit.objects.count() > 180
    assert (Robot.objects.count(), Task.objects.exists()) == (2, True)


def test_demo_shows_what_rights_and_gates_can_do() -> None:
    call_command("demo", stdout=StringIO())
    deals = Process.objects.get(key="deals")
    seller, head, accountant, admin = (
        access_for(actor_for(User.objects.get(email=f"{name}@demo.local")), deals)
        for name in ("anna", "head", "elena", "admin")
    )
    cost = admin.definition.field_by_key["cost"]
    rows = Record.objects.filter(process=deals)
    seen = [list(rows.visible_to([access])) for access in (seller, head, accountant)]
    assert cost not in seller.readable_fields
    assert cost in head.readable_fields
    assert cost not in head.writable_fields
    assert cost in accountant.writable_fields
    assert len(seen[0]) < len(seen[1]) < len(seen[2])
    assert any(row.assignee_id is None for row in seen[0])
    assert any(map(seller.observes, seen[0]))
    contract = next(stage for stage in admin.definition.stage_by_id.values() if stage.key == "contract")
    gates = admin.definition.pipeline_by_id[contract.pipeline_id].gates_between(None, contract.id)
    assert [(len(gate.field_ids), len(gate.checklist)) for gate in gates] == [(2, 2)]
    assert Record.objects.filter(stage__key="lost").count() == 6


def test_demo_called_again_only_tells_the_logins() -> None:
    call_command("demo", stdout=StringIO())
    before = Event.objects.count()
    said = StringIO()
    call_command("demo", stdout=said)
    assert "admin@demo.local" in said.getvalue()
    assert Event.objects.count() == before


def test_demo_leaves_an_installation_with_people_alone() -> None:
    make_user()
    with pytest.raises(CommandError):
        call_command("demo", stdout=StringIO())
    assert not Process.objects.exists()


def test_demo_refuses_a_public_address(settings: object) -> None:
    settings.BASE_URL = "https://crm.example.org"  # type: ignore[attr-defined]
    with pytest.raises(CommandError):
        call_command("demo")
    assert not User.objects.exists()
