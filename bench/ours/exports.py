"""Measures exports of many records: `python -m bench.ours.exports 100000`.

Each format takes out the number, the title, the stage and the 20 fields of `bench.workload`, as a worker would. Printed
is one line of JSON for each: seconds of reading and of writing, the processor time of both, and by how much the memory
of the process grew at most.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from bench.ours.load import main as load  # sets Django up

# isort: split
from accounts.models import User
from accounts.queries import actor_for
from bench.workload import FIELDS
from records.exchange.exporting import turns
from records.models import ExportJob
from records.operations.exports import begin_export

COLUMNS = ("id", "title", "stage", *(key for key, _kind in FIELDS))


def main(size: int) -> None:
    """Fill the database, take everything out in each format; the first time of all only warms up."""
    load(size)
    person = User.objects.get(email="p0@example.test")
    _exported(person, ExportJob.Format.CSV)
    for file_format in ExportJob.Format.values:
        print(json.dumps({"format": file_format, **_exported(person, file_format)}), flush=True)


def _exported(person: User, file_format: str) -> dict[str, Any]:
    job = begin_export("requests", file_format=file_format, columns=COLUMNS, actor=actor_for(person))
    claimed = turns.claim(job.pk)
    if claimed is None:
        raise RuntimeError("The records are so few that the file was there at once.")
    begun: list[float] = []

    def goes_on() -> bool:
        begun.append(time.perf_counter())
        return True

    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    memory, processor = _kilobytes("VmRSS"), time.process_time()
    turns.work_on(claimed, goes_on)
    ended = time.perf_counter()
    job.refresh_from_db()
    if job.state != ExportJob.State.DONE:
        raise RuntimeError(f"{job.state}: {job.error}")
    # The last chunk ends where writing begins; it takes as long as the others did.
    reading = (begun[-1] - begun[0]) * len(begun) / max(len(begun) - 1, 1)
    seconds = ended - begun[0]
    return {
        "records": job.position,
        "megabytes": round(job.size / 1e6, 1),
        "reading_s": round(reading, 1),
        "writing_s": round(seconds - reading, 1),
        "records_per_s": round(job.position / seconds),
        "processor_s": round(time.process_time() - processor, 1),
        "memory_mb": round((_kilobytes("VmHWM") - memory) / 1024, 1),
    }


def _kilobytes(name: str) -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{name}:"))


if __name__ == "__main__":
    main(int(sys.argv[1]))
