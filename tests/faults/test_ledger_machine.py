"""F20: the ledger keeps its promises whatever people, workers and accidents do; the machine that says so finds bugs."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from automation.engine import executor, ledger
from automation.robots.call_url import CallUrl
from tests.faults.ledger_machine import LedgerMachine
from tests.faults.ledger_watch import Outside, Violation, World, make_world

pytestmark = [pytest.mark.faults, pytest.mark.django_db]

Run = Callable[[int], None]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A process with eight robots; calls and deaths are played."""
    outside = Outside()
    monkeypatch.setattr(executor, "hit", outside.hit)
    monkeypatch.setattr(CallUrl, "send", lambda _self, intent, **rest: outside.send(intent, **rest))
    return make_world(outside)


@pytest.fixture
def search(world: World, fault_seed: int, report: Callable[..., None]) -> Run:
    """Let the machine run through so many examples and say what it has done."""

    def run(examples: int) -> None:
        machine = type("Machine", (LedgerMachine,), {"world": world})
        began = time.monotonic()
        violation = ""
        try:
            run_state_machine_as_test(
                seed(fault_seed)(machine),
                settings=settings(
                    max_examples=examples,
                    stateful_step_count=40,
                    deadline=None,
                    database=None,
                    phases=[Phase.generate],
                    report_multiple_bugs=False,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        except Violation as error:
            violation = error.kind
            raise
        finally:
            seconds = round(time.monotonic() - began, 1)
            report(seed=fault_seed, **world.counts, violation=violation, seconds=seconds)

    return run


def test_f20_ledger_keeps_every_promise(search: Run, world: World) -> None:
    """One effect per run, nothing after leaving, order per record, allowed moves only, ends are final, nothing lost."""
    search(60)
    assert min(world.counts[name] for name in ("runs", "claims", "executed", "late", "lost", "deaths", "settled")) > 0


def test_f20_machine_finds_a_missing_fence(search: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bug: the end of an attempt is written without asking for the lease."""
    _plant(monkeypatch, "_FINISH", r"AND state = ANY\(%\(from\)s\) AND lease = %\(lease\)s")
    with pytest.raises(Violation) as found:
        search(200)
    assert found.value.kind in {
        "fence",
        "finished",
        "moves",
    }  # it acted, or it wrote over the end that another had written


def test_f20_machine_finds_a_missing_look_under_the_record_lock(search: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bug: a run that was claimed before its record left acts all the same."""
    monkeypatch.setattr(executor, "_require_wanted", lambda *_args, **_more: None)
    with pytest.raises(Violation) as found:
        search(200)
    assert found.value.kind == "left"


def test_f20_machine_finds_a_missing_order(search: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bug: a claim does not look whether an earlier run of its record still waits or is at work."""
    for name in ("_CLAIM", "_CLAIM_SUSPECT"):
        _plant(monkeypatch, name, re.escape(f"AND {ledger._FREE}"))
    with pytest.raises(Violation) as found:
        search(200)
    assert found.value.kind == "order"


def _plant(monkeypatch: pytest.MonkeyPatch, name: str, condition: str) -> None:
    """Take a condition out of a statement; fails when it does not stand there once."""
    statement: Any = getattr(ledger, name)
    without, count = re.subn(condition, " ", statement)
    assert count == 1
    monkeypatch.setattr(ledger, name, without)
