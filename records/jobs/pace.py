"""How many records one transaction takes: few enough that whoever wants one of them waits but a moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from processes.models import FieldJob

MOMENT = 0.05
"""Seconds that a batch is meant to take."""
LEAST = 100
"""Records of the first batch, and of any: with fewer, most of the time goes into beginning and ending transactions."""


@contextmanager
def paced(job: FieldJob, *, most: int) -> Iterator[int]:
    """One transaction of a job: how many records it takes. How long it lasts says how large the next one is, at most
    twice as large: records differ."""
    begun, size = perf_counter(), min(job.__dict__.get("_batch", LEAST), most)
    yield size
    fitting = int(size * MOMENT / (perf_counter() - begun))
    job.__dict__["_batch"] = max(LEAST, min(fitting, 2 * size))
