"""Somebody who presses buttons, and hands to make them and to look at them."""

from typing import Any

import pytest

from accounts.models import User
from automation.drafts import TriggerDraft
from automation.models import Robot, RuleKind, Trigger
from automation.operations import CannotPress, create_trigger, press_button
from automation.queries import buttons_of
from automation.verifier import RuleKey
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from processes.permissions import access_for
from records.operations import create_record
from records.queries.card import row_for
from tests.automation.helpers import stage_of
from tests.factories import actor_of, make_process, make_role, make_user

PRESSES = {Operation.VIEW: Scope.ALL, Operation.HISTORY: Scope.ALL, Operation.RUN_BUTTON: Scope.ALL}


@pytest.fixture
def process() -> Process:
    return make_process()


@pytest.fixture
def presser(process: Process) -> User:
    """Somebody who sees everything and may press buttons, and do nothing else."""
    person = make_user("Vera")
    set_grants(process, {make_role(people=(person,)).pk: PRESSES}, actor=SYSTEM)
    return person


def create(process: Process, **values: Any) -> Any:
    return create_record(process, values={"title": "Printer", **values}, actor=SYSTEM)


def make_button(process: Process, text: str = "Take it", *, stage: str = "in_work", **more: Any) -> Trigger:
    """A button that moves records to a stage."""
    draft = TriggerDraft(kind="button", settings={"text": text}, **more)
    return create_trigger(stage_of(process, stage), draft, actor=SYSTEM).trigger


def of(rule: Robot | Trigger) -> RuleKey:
    return (RuleKind.ROBOT if isinstance(rule, Robot) else RuleKind.TRIGGER), rule.pk


def shown(process: Process, row: Any, person: User) -> list[str]:
    access = access_for(actor_of(person), definition_of(process.pk))
    return [button.text for button in buttons_of(access, row_for(access, row.pk)).shown]


def refused(process: Process, row: Any, rule: Robot | Trigger, person: User) -> str:
    with pytest.raises(CannotPress) as error:
        press_button(process, row.pk, of(rule), actor=actor_of(person))
    return str(error.value.details["reason"])
