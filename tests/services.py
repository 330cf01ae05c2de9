"""Throw-away PostgreSQL and Redis for one test run.

The folder of a run is known before anything starts, and the addresses follow from it; so settings can
name them at once, and the servers start when the first test asks for a database. Parallel workers of one run
share the servers (a database each); two runs at once share nothing.
"""

import contextlib
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from smartcrm.embedded import EmbeddedError, EmbeddedServices

FOLDER = "SMARTCRM_TEST_SERVICES"
PREFIX = "smartcrm-test-"

# Not tempfile.gettempdir(): a socket's path must be short and the database's own user must reach it.
PLACE = Path("/tmp")


@cache
def folder() -> Path:
    """Return this run's folder; workers get it from the process that started them."""
    if FOLDER not in os.environ:
        made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=PLACE))
        made.chmod(0o711)
        (made / "pid").write_text(str(os.getpid()))
        os.environ[FOLDER] = str(made)
    return Path(os.environ[FOLDER])


@cache
def embedded() -> EmbeddedServices:
    """Return this run's services, started or not."""
    return EmbeddedServices(folder(), fast=True)


def are_needed() -> bool:
    """Return whether the run is on its own services and not on some that the environment names."""
    return str(folder()) in os.environ["DATABASE_URL"]


def clean_up() -> None:
    """Stop this run's services and those of runs that were killed, and remove their folders."""
    _remove(folder())
    for left in PLACE.glob(f"{PREFIX}*"):
        if left.owner() == Path("/proc/self").owner() and not _is_alive(left):
            _remove(left)


def _remove(left: Path) -> None:
    with contextlib.suppress(EmbeddedError):
        EmbeddedServices(left).stop_immediate()
    shutil.rmtree(left, ignore_errors=True)


def _is_alive(run: Path) -> bool:
    try:
        os.kill(int((run / "pid").read_text()), 0)
    except (OSError, ValueError):
        return False
    return True
