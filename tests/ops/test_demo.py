"""The demo: made through the operations, only where its public passwords are harmless."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from accounts.tree import department_tree
from automation.models import Robot
from events.models import Event
from processes.models import Pipeline, Process
from records.models import Record, StageVisit, Task
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def test_demo_fills_an_empty_installation_and_says_its_logins() -> None:
    said = StringIO()
    call_command("demo", stdout=said)
    assert "admin@demo.local" in said.getvalue()
    assert Process.objects.count() == 4
    assert [(node.name, node.people_below) for node in department_tree()] == [("Sales", 3), ("Service", 2)]
    assert Record.objects.count() == 214
    assert Pipeline.objects.filter(process__key="deals").count() == 2
    assert StageVisit.objects.count() > 180
    assert (Robot.objects.count(), Task.objects.exists()) == (2, True)


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
