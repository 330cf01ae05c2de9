"""Whether the worker is being shut down, told to the processes that do its work.

Celery's shutdown waits for running tasks, and a task here works for many runs; one byte of memory that the children
share with their parent tells them to hand back what they have not begun.
"""

import mmap
from typing import Any

from celery.signals import worker_shutting_down

_flag = mmap.mmap(-1, 1)


def is_stopping() -> bool:
    """Whether no more runs should be begun here."""
    return _flag[0] == 1


def stop() -> None:
    """Ask every process that shares the flag to begin nothing more."""
    _flag[0] = 1


def resume() -> None:
    """Take the request back (tests)."""
    _flag[0] = 0


@worker_shutting_down.connect(weak=False)
def _on_shutdown(**details: Any) -> None:
    stop()
