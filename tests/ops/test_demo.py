"""The demo: made through the operations, only where its public passwords are harmless."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from automation.models import Robot
from processes.models import Process
from records.models import Record, StageVisit, Task

pytestmark = pytest.mark.django_db


def test_demo_fills_an_empty_installation_and_says_its_logins() -> None:
    said = StringIO()
    call_command("demo", stdout=said)
    assert "admin@demo.local" in said.getvalue()
    assert Process.objects.count() == 2
    assert Record.objects.count() == 180
    assert StageVisit.objects.count() > 180
    assert (Robot.objects.count(), Task.objects.exists()) == (2, True)
    with pytest.raises(CommandError):
        call_command("demo", stdout=said)


def test_demo_refuses_a_public_address(settings: object) -> None:
    settings.BASE_URL = "https://crm.example.org"  # type: ignore[attr-defined]
    with pytest.raises(CommandError):
        call_command("demo")
    assert not User.objects.exists()
