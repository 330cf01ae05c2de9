"""Imports as their person sees them: what a file holds, how far it is, what is wrong with which rows."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import NotFound
from processes.permissions import Access
from records.exchange.cells import guarded, unguarded
from records.exchange.source import Form, SourceRow, rows_of
from records.models import ImportJob, ImportProblem

SAMPLES = 3
LOOKED_AT = 200
"""Rows in which samples are looked for."""
SAMPLE_LENGTH = 60
PAGE = 50
LIST = 30


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file, with the first values that stand in it."""

    index: int
    header: str
    samples: tuple[str, ...]
    target: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the present pass of an import is. `seconds_left` is None while nobody can tell."""

    done: int
    total: int
    per_second: float
    seconds_left: int | None

    @property
    def percent(self) -> int:
        """Full hundredths."""
        return self.done * 100 // self.total if self.total else 100


@dataclass(frozen=True, slots=True)
class Cause:
    """A reason that several rows share; `column` is None for rows as a whole."""

    column: int | None
    header: str
    message: str
    rows: int


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """Some rejected rows in their order, and the row after which the next ones come (None at the end)."""

    items: tuple[ImportProblem, ...]
    next: int | None


def imports_of(access: Access) -> list[ImportJob]:
    """The actor's own imports into a process, the newest first. One query."""
    own = ImportJob.objects.filter(process_id=access.definition.id, user_id=access.actor.user_id or 0)
    return list(own.order_by("-id")[:LIST])


def import_of(access: Access, job_id: int) -> ImportJob:
    """One of the actor's own imports into a process. Raises NotFound. One query."""
    own = ImportJob.objects.filter(process_id=access.definition.id, user_id=access.actor.user_id or 0, pk=job_id)
    job = own.select_related("user").first()
    if job is None:
        raise NotFound(_("There is no such import."), **{"import": job_id})
    return job


def columns_of(job: ImportJob) -> list[Column]:
    """The columns of a file with samples and targets. One query."""
    samples: list[list[str]] = [[] for _header in job.headers]
    for row in islice(_rows(job), LOOKED_AT):
        for found, cell in zip(samples, row.cells, strict=False):
            text = " ".join(cell.split())
            if text and len(found) < SAMPLES and text not in found:
                found.append(text if len(text) <= SAMPLE_LENGTH else f"{text[:SAMPLE_LENGTH]}…")
    return [
        Column(index, header, tuple(samples[index]), job.targets[index]) for index, header in enumerate(job.headers)
    ]


def progress_of(job: ImportJob) -> Progress:
    """How far the present pass is, and how fast it goes."""
    end = job.finished_at or timezone.now()
    taken = max((end - job.started_at).total_seconds(), 0.001) if job.started_at else 0.0
    speed = job.position / taken if taken else 0.0
    left = int((job.total - job.position) / speed) + 1 if speed and job.is_working else None
    return Progress(job.position, job.total, speed, left)


def duration_of(job: ImportJob) -> timedelta | None:
    """How long the last pass took; None while it has not ended."""
    return job.finished_at - job.started_at if job.started_at and job.finished_at else None


def causes_of(job: ImportJob) -> list[Cause]:
    """What is wrong with the rejected rows, the most frequent first; at most 20. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (r->>'column')::int, r->>'message', count(*) FROM records_importproblem p,"
            " jsonb_array_elements(p.reasons) r WHERE p.job_id = %s GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 20",
            [job.pk],
        )
        return [Cause(column, _header(job, column), message, rows) for column, message, rows in cursor.fetchall()]


def problems_of(job: ImportJob, *, after: int = 0, limit: int = PAGE) -> ProblemPage:
    """Rejected rows with their reasons, those after a row number. One query."""
    found = list(job.problems.filter(row__gt=after).order_by("row")[: limit + 1])
    shown = found[:limit]
    return ProblemPage(tuple(shown), shown[-1].row if len(found) > limit else None)


def words_of(job: ImportJob, reasons: Sequence[Mapping[str, object]]) -> list[str]:
    """Reasons as sentences that name their columns."""
    found: list[str] = []
    for reason in reasons:
        column = reason["column"]
        header = _header(job, column) if isinstance(column, int) else ""
        found.append(f"{header}: {reason['message']}" if header else str(reason["message"]))
    return found


def rejected_csv(job: ImportJob) -> Iterator[str]:
    """The rejected rows as a CSV file in pieces: the columns as they came, and the reason. A spreadsheet runs none."""
    yield "\ufeff" + _line(job, [*job.headers, _("Reason")])
    reasons = {problem.row: problem.reasons for problem in job.problems.all()}
    for row in _rows(job):
        if row.number in reasons:
            width = len(job.headers)
            cells = [*row.cells[:width], *[""] * (width - len(row.cells))]
            yield _line(job, [*cells, " ".join(words_of(job, reasons[row.number])), *row.cells[width:]])


def _rows(job: ImportJob) -> Iterator[SourceRow]:
    return rows_of(bytes(job.file.content), Form(job.encoding, job.delimiter))


def _line(job: ImportJob, cells: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=job.delimiter).writerow(guarded(unguarded(cell)) for cell in cells)
    return buffer.getvalue()


def _header(job: ImportJob, column: int | None) -> str:
    return "" if column is None else str(job.headers[column])
