"""F4: workers die exactly before and after the effect, the commit and the call."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from automation.models import Run, State
from processes.models import Process
from records.models import Comment
from tests.automation.helpers import make_robot
from tests.factories import make_process
from tests.faults.conftest import create_many, relay_everything, states, wait_until_done
from tests.faults.drain import Drainer
from tests.listener import listening

pytestmark = pytest.mark.faults

RECORDS = 500
INSIDE = {"before_effect": 211, "after_effect": 223, "before_commit": 227, "after_commit": 229}
OUTSIDE = {"before_send": 101, "after_send": 97}


@pytest.fixture
def process(clean_typed_tables: None) -> Process:
    return make_process()


def test_f4_every_failpoint_leaves_exact_counts(
    process: Process, drainer: Drainer, report: Callable[..., None]
) -> None:
    """1,500 runs: two inside and one call per record. Effects inside happen once; a call repeats only after a death
    that came after it, and always under its key."""
    with listening() as listener:
        for text in ("first", "second"):
            make_robot(process, settings={"text": text})
        make_robot(process, "call_url", {"method": "POST", "url": f"{listener.url}/"})
        create_many(process, RECORDS)
        relay_everything()
        points = ",".join(f"{point}={period}" for point, period in {**INSIDE, **OUTSIDE}.items())
        drainer.start(
            SMARTCRM_FAILPOINTS=points,
            SMARTCRM_FAILPOINTS_DIR=str(drainer.folder),
            EGRESS_ALLOW=listener.target,
        )
        seconds = wait_until_done()
    deaths = {point: drainer.deaths_at(point) for point in {**INSIDE, **OUTSIDE}}
    comments = Counter(Comment.objects.values_list("run_id", flat=True))
    keys = Counter(call.headers["webhook-id"] for call in listener.calls)
    repeats = sum(keys.values()) - len(keys)
    report(
        runs=3 * RECORDS, states=states(), deaths=deaths, calls=len(listener.calls), repeats=repeats, seconds=seconds
    )
    assert all(deaths.values())
    assert sum(deaths.values()) == drainer.deaths()
    assert states() == {State.SUCCEEDED: 3 * RECORDS}
    assert len(comments) == 2 * RECORDS
    assert set(comments.values()) == {1}
    assert len(keys) == RECORDS
    assert repeats == deaths["after_send"]


def test_f18_robot_that_kills_its_process_is_poisoned_and_its_neighbours_are_done(
    process: Process, drainer: Drainer, report: Callable[..., None], tmp_path: Any
) -> None:
    """The failpoint kills whoever works on one record; the rest of its batch is done by others."""
    make_robot(process)
    ids = create_many(process, 200)
    relay_everything()
    victim = Run.objects.get(record_id=ids[100])
    drainer.start(SMARTCRM_FAILPOINTS=f"before_effect#{victim.pk}=1", SMARTCRM_FAILPOINTS_DIR=str(drainer.folder))
    seconds = wait_until_done()
    victim = Run.objects.get(pk=victim.pk)
    report(states=states(), deaths=drainer.deaths(), seconds=seconds)
    assert (victim.state, victim.crashes) == (State.POISONED, 3)
    assert states() == {State.POISONED: 1, State.SUCCEEDED: 199}
    assert drainer.deaths() == 3
    assert Comment.objects.count() == 199
