"""Creates records through the operation: `python -m tests.faults.producer <process> <count> <pause> <file>`.

The file gets a line of JSON for each: when the save began (seconds since 1970) and how long it took.
"""

import json
import sys
import time
from pathlib import Path

import django


def produce(process_id: int, count: int, pause: float, notes: Path) -> None:
    """Save so many records, with so many seconds between two."""
    django.setup()
    # Loaded here: Django is set up first.
    from core.actor import SYSTEM  # noqa: PLC0415
    from records.operations import create_record  # noqa: PLC0415

    with notes.open("a", buffering=1) as file:
        for number in range(count):
            began = time.time()
            create_record(process_id, values={"title": f"R{number}"}, actor=SYSTEM)
            file.write(json.dumps([began, time.time() - began]) + "\n")
            time.sleep(pause)


if __name__ == "__main__":
    produce(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))
