"""Whatever a designer does, in any order and with failures half-way: definition, table, view and records agree."""

import json
import os
import secrets
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from records.operations.values import Cleaned
from tests.processes.designer_ground import counts
from tests.processes.designer_machine import DesignerMachine

EXAMPLES, STEPS = 50, 20
SEEN = ("add", "convert", "create", "update", "died", "refused")
"""What no run does without; the rest is printed."""
Run = Callable[[int], None]

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Let the machine run through so many examples and say what it has done; FAULT_SEED repeats a run."""
    monkeypatch.setattr("records.jobs.convert.BATCH", 2)
    monkeypatch.setattr("records.jobs.filling.BATCH", 2)

    def run(examples: int) -> None:
        counts.clear()
        chosen = int(os.environ.get("FAULT_SEED") or secrets.randbits(32))
        began = time.monotonic()
        try:
            run_state_machine_as_test(
                seed(chosen)(DesignerMachine),
                settings=settings(
                    max_examples=examples,
                    stateful_step_count=STEPS,
                    deadline=None,
                    database=None,
                    phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            with capsys.disabled():
                print("\n" + json.dumps({"seed": chosen, **counts, "seconds": round(time.monotonic() - began, 1)}))

    return run


def test_designer_and_failures_leave_everything_in_agreement(search: Run) -> None:
    search(EXAMPLES)
    assert min(counts[name] for name in SEEN) > 0, counts


def test_machine_finds_a_write_that_forgets_the_other_form(search: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cleaned, "_in_other_form", lambda self, row: {})
    with pytest.raises(AssertionError):
        search(EXAMPLES)


def test_machine_finds_a_reporting_view_that_is_left_behind(search: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.tables.TypedStorage.refresh", lambda self, process, patient=True: None)
    with pytest.raises(AssertionError):
        search(EXAMPLES)
