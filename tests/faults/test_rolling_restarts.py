"""F16: every worker and the relay are restarted, one after the other, while records are made."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from automation.models import Attempt, Run, State
from tests.faults.load import (
    RUNS_PER_RECORD,
    Producer,
    Workers,
    assert_exact,
    make_load,
    outcome,
    wait_for_end,
    wait_for_runs,
)
from tests.listener import listening
from tests.stack import Stack

pytestmark = pytest.mark.faults_b

RECORDS, RESTARTS = 600, 8
RELAY_EVERY = 4
"""Every so many workers the relay is restarted too."""


def test_f16_rolling_restarts_fail_and_lose_nothing(
    calm_stack: Stack, report: Callable[..., None], tmp_path: Path
) -> None:
    """600 records × (two effects inside, one call) while they are being made; SIGTERM twice to each of four workers
    and to the relay, spread evenly over the runs. Whoever is told to end finishes what it does and hands back the
    rest: no run fails, none is charged a crash or a second attempt, no call is repeated.
    """
    with listening() as listener:
        process = make_load(listener)
        relay = calm_stack.relay()
        workers = Workers(calm_stack, listener, per_lane=2, concurrency=1)
        producer = Producer(calm_stack, process, RECORDS, tmp_path)
        for restart in range(RESTARTS):
            wait_for_runs((restart + 1) * RUNS_PER_RECORD * RECORDS // (RESTARTS + 2))
            workers.restart_next()
            if restart % RELAY_EVERY == 0:
                relay.end()
                relay = calm_stack.relay()
        left = Run.objects.exclude(state=State.SUCCEEDED).count()
        producer.wait()
        wait_for_end(RECORDS)
        found = outcome(process, listener)
    outcomes = Counter(Attempt.objects.values_list("n", "outcome"))
    report(
        restarts=workers.restarts, unfinished_after_the_last=left, **found.as_counts(),
        attempts={f"{n} {end}": count for (n, end), count in outcomes.items()},
    )  # fmt: skip
    assert_exact(found, records=RECORDS, most_repeats=0)
    assert outcomes == {(1, State.SUCCEEDED): RUNS_PER_RECORD * RECORDS}
    assert found.runs_that_lost_a_worker == 0
