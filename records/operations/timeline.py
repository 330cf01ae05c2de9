"""What hangs on a record: comments and tasks."""

from datetime import datetime

from django.utils.translation import gettext as _

from core.actor import Actor, ActorKind
from core.errors import Invalid, NotAllowed, NotFound
from core.text import check_unicode, clean_line
from processes.field_types.person import PERSON_FIELD
from processes.models import Operation
from records.models import Comment, Task
from records.operations.references import known_ids
from records.operations.writing import ProcessRef, Writing, begin, one_change
from records.typed import TypedRecord

TEXT_LIMIT = 10_000


@one_change
def add_comment(process: ProcessRef, record_id: int, *, text: str, actor: Actor) -> Comment:
    """Say something about a record. Writes `comment.added`. Raises NotFound, NotAllowed, Invalid."""
    writing = begin(process, actor=actor)
    row = writing.row(record_id)
    writing.access.require(Operation.COMMENT, row)
    comment = Comment.objects.create(
        record_id=row.pk,
        text=_text(text, field="text", required=True),
        author_id=None if actor.kind == ActorKind.RUN else actor.user_id,
        author_label=actor.label,
        run_id=actor.run_id,
        created_at=writing.now,
    )
    writing.publish("comment.added", row, data={"comment": comment.pk})
    return comment


@one_change
def create_task(
    process: ProcessRef,
    record_id: int,
    *,
    title: str,
    actor: Actor,
    description: str = "",
    assignee_id: int | None = None,
    due_at: datetime | None = None,
) -> Task:
    """Give somebody something to do for a record. Writes `task.created`.

    Whoever may edit or comment the record may. Raises NotFound, NotAllowed, Invalid.
    """
    writing = begin(process, actor=actor)
    row = writing.row(record_id)
    _require_any(writing, row)
    task = Task.objects.create(
        record_id=row.pk,
        title=clean_line(title, field="title", limit=300),
        description=_text(description, field="description"),
        assignee_id=_person(writing, assignee_id),
        author_label=actor.label,
        due_at=due_at,
        run_id=actor.run_id,
        created_at=writing.now,
    )
    writing.publish("task.created", row, data={"task": task.pk, "title": task.title, "task_assignee": task.assignee_id})
    return task


@one_change
def complete_task(process: ProcessRef, task_id: int, *, actor: Actor) -> Task:
    """Mark a task done; its assignee or whoever may edit the record may. Writes `task.completed` once."""
    writing, row, task = _task(process, task_id, actor)
    if task.done_at is not None:
        return task
    task.done_at, task.done_by_id = writing.now, actor.user_id
    task.save(update_fields=["done_at", "done_by"])
    open_left = Task.objects.filter(record_id=row.pk, done_at=None).count()
    writing.publish("task.completed", row, data={"task": task.pk, "title": task.title, "open_tasks": open_left})
    return task


@one_change
def reopen_task(process: ProcessRef, task_id: int, *, actor: Actor) -> Task:
    """Take a task's “done” back. Writes `task.reopened` once."""
    writing, row, task = _task(process, task_id, actor)
    if task.done_at is None:
        return task
    task.done_at = task.done_by = None
    task.save(update_fields=["done_at", "done_by"])
    writing.publish("task.reopened", row, data={"task": task.pk, "title": task.title})
    return task


def _task(process: ProcessRef, task_id: int, actor: Actor) -> tuple[Writing, TypedRecord, Task]:
    """The task, with its record locked before it, so that two completions cannot both count."""
    writing = begin(process, actor=actor)
    task = Task.objects.filter(pk=task_id, record__process_id=writing.definition.id).first()
    try:
        # A record is looked for in any case: an absent task takes as long as a foreign one.
        row = writing.row(task.record_id if task else 0)
    except NotFound as error:
        raise NotFound(_("There is no such task."), task=task_id) from error
    assert task is not None
    if task.assignee_id is None or task.assignee_id != actor.user_id:
        writing.access.require(Operation.UPDATE, row)
    task.refresh_from_db()
    return writing, row, task


def _require_any(writing: Writing, row: TypedRecord) -> None:
    if not any(writing.access.covers(operation, row) for operation in (Operation.UPDATE, Operation.COMMENT)):
        raise NotAllowed(_("You have no right to add tasks here."))


def _text(text: object, *, field: str, required: bool = False) -> str:
    if not isinstance(text, str):
        raise Invalid(_("Text is expected."), {field: [_("Text is expected.")]})
    text = check_unicode(text, field=field).strip()
    if required and not text:
        raise Invalid(_("Write something."), {field: [_("Write something.")]})
    if len(text) > TEXT_LIMIT:
        raise Invalid(_("This is too long."), {field: [_("At most %d characters.") % TEXT_LIMIT]})
    return text


def _person(writing: Writing, person_id: int | None) -> int | None:
    if person_id is not None and person_id not in known_ids(writing, PERSON_FIELD, [person_id]):
        message = _("There is no such person.")
        raise Invalid(message, {"assignee": [message]})
    return person_id
