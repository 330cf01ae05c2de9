"""A process in which triggers move records, and hands to set them off."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from automation.models import NotFired, RuleKind, Run, State, Trigger
from core.actor import SYSTEM
from processes.models import Process
from records.operations import create_record
from tests.automation.helpers import make_trigger
from tests.factories import make_process


@pytest.fixture
def process() -> Process:
    """The process Requests, in which a record may go from any stage to any other."""
    return make_process(moves=None)


def create(process: Process, **values: Any) -> Any:
    return create_record(process, values={"title": "Printer", **values}, actor=SYSTEM)


def on_amount(process: Process, **more: Any) -> Trigger:
    return make_trigger(process, "field_changed", settings={"fields_watched": ["amount"]}, **more)


def reasons(trigger: Trigger) -> list[str]:
    rows = NotFired.objects.filter(rule_kind=RuleKind.TRIGGER, rule_id=trigger.pk)
    return list(rows.order_by("id").values_list("reason", flat=True))


def let_time_pass() -> None:
    Run.objects.filter(state=State.READY, run_at__gt=Now()).update(run_at=Now() - timedelta(seconds=1))
