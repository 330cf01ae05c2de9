"""The ledger's statements and the machine that the model describes say the same."""

import pytest

from automation.engine.ledger import MOVES
from automation.models import Run, State


def test_moves_of_the_ledger_are_those_of_the_machine() -> None:
    described: dict[str, tuple[set[str], str]] = {}
    for transition in Run._meta.get_field("state").get_all_transitions(Run):
        sources, _target = described.setdefault(transition.name, (set(), transition.target))
        sources.add(transition.source)
    assert described == {name: (set(sources), target) for name, (sources, target) in MOVES.items()}


def test_state_cannot_be_assigned() -> None:
    run = Run()
    with pytest.raises(AttributeError):
        run.state = State.SUCCEEDED
