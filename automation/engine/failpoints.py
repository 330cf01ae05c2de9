"""Named places in the engine where a test may break it. Without the environment variable they cost a comparison.

SMARTCRM_FAILPOINTS="after_effect=97,before_effect#5=1" kills the process with SIGKILL at every 97th passing of the one
place, and whenever run 5 passes the other. Passings are counted over all processes in the folder
SMARTCRM_FAILPOINTS_DIR; each death leaves a line there.
"""

import fcntl
import os
import signal
from pathlib import Path

VARIABLE = "SMARTCRM_FAILPOINTS"
FOLDER = "SMARTCRM_FAILPOINTS_DIR"
POINTS = ("before_effect", "after_effect", "before_commit", "after_commit", "before_send", "after_send")


def hit(point: str, run_id: int) -> None:
    """A run passes a named place; the process dies here if a test has asked for it."""
    if _armed is not None:
        _pass(point)
        _pass(f"{point}#{run_id}")


def _parse(text: str) -> dict[str, int] | None:
    if not text:
        return None
    armed = {place: int(period) for place, period in (part.split("=") for part in text.split(","))}
    if unknown := {place.partition("#")[0] for place in armed} - set(POINTS):
        raise ValueError(f"There are no such failpoints: {sorted(unknown)}")
    return armed


def _pass(place: str) -> None:
    assert _armed is not None
    period = _armed.get(place)
    if period and _count(place) % period == 0:
        with (Path(os.environ[FOLDER]) / f"{place}.deaths").open("a") as deaths:
            deaths.write(f"{os.getpid()}\n")
        os.kill(os.getpid(), signal.SIGKILL)


def _count(place: str) -> int:
    """How often this place was passed, this time included, in all processes together."""
    with (Path(os.environ[FOLDER]) / f"{place}.count").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(".")
        file.flush()
        return os.fstat(file.fileno()).st_size


_armed = _parse(os.environ.get(VARIABLE, ""))
