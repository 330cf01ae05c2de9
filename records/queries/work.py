"""What waits for one person, across all processes: their tasks and their open records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from processes.definition_types import Definition, StageDef
from processes.permissions import Access
from records.models import Record, Task
from records.querysets import RecordQuerySet

MOST_TASKS = 200
MOST_RECORDS = 200


@dataclass(frozen=True, slots=True)
class WorkRecord:
    """A record one is responsible for."""

    id: int
    title: str
    process: Definition
    stage: StageDef
    created_at: datetime


@dataclass(frozen=True, slots=True)
class WorkTask:
    """A to-do of one's own, with the record it belongs to."""

    id: int
    title: str
    due_at: datetime | None
    record: WorkRecord


@dataclass(frozen=True, slots=True)
class Work:
    """Everything that waits: tasks by urgency, open records newest first."""

    overdue: tuple[WorkTask, ...]
    today: tuple[WorkTask, ...]
    later: tuple[WorkTask, ...]
    undated: tuple[WorkTask, ...]
    records: tuple[WorkRecord, ...]
    has_more: bool
    """Whether there are more tasks or records than are shown."""

    @property
    def count(self) -> int:
        """How many tasks wait."""
        return len(self.overdue) + len(self.today) + len(self.later) + len(self.undated)


def work_of(accesses: Sequence[Access]) -> Work:
    """The work of the actor of these accesses, only on records that they let see. Two queries.

    Days are those of the active time zone. A person who is nobody (a robot) has no work.
    """
    person = accesses[0].actor.user_id if accesses else None
    if person is None:
        return Work((), (), (), (), (), has_more=False)
    definitions = {access.definition.id: access.definition for access in accesses}
    visible = Record.objects.visible_to(accesses)
    tasks = _tasks(visible, person, definitions)
    records = [
        _record(row, definitions)
        for row in visible.filter(assignee_id=person, is_open=True).order_by("-id")[: MOST_RECORDS + 1]
    ]
    now = timezone.now()
    tomorrow = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    dated = [(task, task.due_at) for task in tasks[:MOST_TASKS] if task.due_at is not None]
    return Work(
        overdue=tuple(task for task, due in dated if due < now),
        today=tuple(task for task, due in dated if now <= due < tomorrow),
        later=tuple(task for task, due in dated if due >= tomorrow),
        undated=tuple(task for task in tasks[:MOST_TASKS] if task.due_at is None),
        records=tuple(records[:MOST_RECORDS]),
        has_more=len(tasks) > MOST_TASKS or len(records) > MOST_RECORDS,
    )


def _tasks(visible: RecordQuerySet, person: int, definitions: Mapping[int, Definition]) -> list[WorkTask]:
    found = Task.objects.filter(assignee_id=person, done_at=None, record__in=visible).select_related("record")
    ordered = found.order_by(F("due_at").asc(nulls_last=True), "id")[: MOST_TASKS + 1]
    return [WorkTask(task.pk, task.title, task.due_at, _record(task.record, definitions)) for task in ordered]


def _record(row: Record, definitions: Mapping[int, Definition]) -> WorkRecord:
    process = definitions[row.process_id]
    return WorkRecord(row.pk, row.title, process, process.stage_by_id[row.stage_id], row.created_at)
