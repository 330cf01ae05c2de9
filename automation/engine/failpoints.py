"""Named places in the engine where a test may break it. Without the environment variable they cost a comparison.

SMARTCRM_FAILPOINTS="after_effect=97,before_commit=89" kills the process with SIGKILL at every 97th and 89th passing of
these places, counted over all processes in the files of SMARTCRM_FAILPOINTS_DIR; each death leaves a line there.
"""

import fcntl
import os
import signal
from pathlib import Path

VARIABLE = "SMARTCRM_FAILPOINTS"
PLACES = "SMARTCRM_FAILPOINTS_DIR"
POINTS = ("before_effect", "after_effect", "before_commit", "after_commit", "before_send", "after_send")


def hit(point: str) -> None:
    """Pass a named place; die here if a test has asked for it."""
    if _armed is not None:
        _pass(point)


def _parse(text: str) -> dict[str, int] | None:
    if not text:
        return None
    pairs = (part.split("=") for part in text.split(","))
    armed = {point: int(period) for point, period in pairs}
    if unknown := set(armed) - set(POINTS):
        raise ValueError(f"There are no such failpoints: {sorted(unknown)}")
    return armed


def _pass(point: str) -> None:
    assert _armed is not None
    period = _armed.get(point)
    if period and _count(point) % period == 0:
        with (Path(os.environ[PLACES]) / f"{point}.deaths").open("a") as deaths:
            deaths.write(f"{os.getpid()}\n")
        os.kill(os.getpid(), signal.SIGKILL)


def _count(point: str) -> int:
    """How often this place was passed, this time included, in all processes together."""
    with (Path(os.environ[PLACES]) / f"{point}.count").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(".")
        file.flush()
        return file.tell()


_armed = _parse(os.environ.get(VARIABLE, ""))
