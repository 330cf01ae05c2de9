"""Batches of long changes are as large as a moment allows."""

import pytest

from processes.models import FieldJob
from records.jobs.pace import LEAST, MOMENT, paced


def next_size(monkeypatch: pytest.MonkeyPatch, job: FieldJob, took: float, *, most: int = 500) -> int:
    """How many records the batch after one that took so many seconds has."""
    clock = iter([0.0, took, took, took + MOMENT])
    with monkeypatch.context() as patched:
        patched.setattr("records.jobs.pace.perf_counter", lambda: next(clock))
        with paced(job, most=most):
            pass
        with paced(job, most=most) as size:
            return size


@pytest.mark.parametrize(
    ("took", "size"),
    [(MOMENT, LEAST), (MOMENT / 100, 2 * LEAST), (MOMENT / 1.25, LEAST * 5 // 4), (MOMENT * 1000, LEAST)],
)
def test_the_next_batch_fits_into_a_moment(monkeypatch: pytest.MonkeyPatch, took: float, size: int) -> None:
    assert next_size(monkeypatch, FieldJob(), took) == size


def test_no_batch_is_larger_than_it_may_be_and_each_job_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = FieldJob()
    assert next_size(monkeypatch, quick, MOMENT / 100, most=150) == 150
    with paced(quick, most=500) as size:
        assert size == 150
    with paced(FieldJob(), most=500) as size:
        assert size == LEAST


def test_a_step_that_is_in_the_way_tells_nothing_of_the_pace() -> None:
    job = FieldJob()
    with pytest.raises(ZeroDivisionError), paced(job, most=500):
        raise ZeroDivisionError
    with paced(job, most=500) as size:
        assert size == LEAST
