"""One record whole: its fields, its way through the stages, its tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import NotFound
from core.rows import one_row
from events.models import Event
from processes.definition_types import Definition, FieldDef, PipelineDef, SectionDef, StageDef, Words
from processes.fieldtype import PERSON, DisplayContext, FieldType, field_types
from processes.models import Field, Operation
from processes.permissions import Access
from processes.queries import visible_pipelines
from records.gates import why_not_filled
from records.models import StageVisit, Task
from records.queries.asked import asked_of_row
from records.queries.moves import moves_of, why_locked
from records.queries.names import Names, Wanted, names_for, want, wanted_by
from records.queries.parts import Part, parts_of, sizes_of
from records.queries.tiles import overstay_of
from records.typed import TypedRecord, model_for

DONE_TASKS = 20
"""How many finished tasks a card shows."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on a record; prints as the name."""

    id: int
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class FieldValue:
    """A field with this record's answer: for people, for programs, and why it cannot be changed (if so)."""

    field: FieldDef
    value: Any
    text: str
    html: str
    """The text for a page: links, stars, formatted text."""
    json: Any
    color: str
    locked: str
    is_required: bool = False
    """Whether an answer is required where the record stands."""
    parts: tuple[Part, ...] = ()
    """The records or files that the value names, one by one."""


@dataclass(frozen=True, slots=True)
class Step:
    """A stage as seen from where the record stands."""

    stage: StageDef
    state: str
    """`done`, `current` or `next`."""
    allowed: bool
    reason: str
    """Why the record cannot go there, or what is missing for it."""
    time_spent: timedelta | None


@dataclass(frozen=True, slots=True)
class CardTask:
    """A to-do of the record."""

    id: int
    title: str
    description: str
    assignee: Person | None
    due_at: datetime | None
    done_at: datetime | None
    is_overdue: bool
    can_complete: bool


@dataclass(frozen=True, slots=True)
class Card:
    """One record for its page and its panel."""

    id: int
    definition: Definition
    title: str
    version: int
    stage: StageDef
    assignee: Person | None
    author: Person | None
    observers: tuple[Person, ...]
    observes: bool
    """Whether the reader is one of them."""
    created_at: datetime
    updated_at: datetime
    stage_changed_at: datetime
    fields: tuple[FieldValue, ...]
    overstay: timedelta | None
    """How long it stands in its stage, where that is longer than meant."""
    steps: tuple[Step, ...]
    elsewhere: bool
    """Whether there are other pipelines to move it to."""
    tasks: tuple[CardTask, ...]
    can_update: bool
    can_assign: bool
    can_move: bool
    can_delete: bool
    can_comment: bool

    @property
    def pipeline(self) -> PipelineDef | None:
        """Its pipeline, where there are several."""
        pipelines = self.definition.pipeline_by_id
        return pipelines[self.stage.pipeline_id] if len(pipelines) > 1 else None

    @property
    def is_dependent(self) -> bool:
        """Whether a change of one value may change what others are, or whether they are asked."""
        return any(field.visible_if or field.type.is_computed for field in self.definition.fields)

    @property
    def parts(self) -> list[tuple[SectionDef | None, list[FieldValue]]]:
        """Sections with what stands in them; first what stands in none."""
        return self.definition.by_section(self.fields, lambda value: value.field.section_id)


@dataclass(frozen=True, slots=True)
class LastChange:
    """Who touched a record last, for telling the one who came second."""

    who: str
    at: datetime | None
    version: int
    stage: StageDef


def card_for(access: Access, record_id: int) -> Card:
    """The record for the access's actor. Raises NotFound where they may not see it. One query, and those of
    `card_of`."""
    return card_of(access, row_for(access, record_id))


def card_of(access: Access, row: TypedRecord) -> Card:
    """A row that the access's actor sees as its card. Three queries, and one for each family of names beside people
    (two for records and for files)."""
    tasks = _tasks(row.pk)
    wanted = _wanted_by(access, row, tasks)
    names, sizes = names_for(access.actor, wanted), sizes_of(wanted)
    people = names.get(PERSON, {})
    locked = why_locked(access)
    asked = asked_of_row(access, row, row.stage)
    may = {operation: not locked and access.covers(operation, row) for operation in _OPERATIONS}
    return Card(
        id=row.pk,
        definition=access.definition,
        title=row.title,
        version=row.version,
        stage=row.stage,
        assignee=_person(row.assignee_id, people),
        author=_person(row.author_id, people),
        observers=tuple(Person(pk, people.get(pk, f"#{pk}")) for pk in row.observer_ids or ()),
        observes=access.observes(row),
        created_at=row.created_at,
        updated_at=row.updated_at,
        stage_changed_at=row.stage_changed_at,
        fields=tuple(
            field_value(
                row,
                field,
                names,
                _why_field_locked(access, row, field),
                is_required=field.key in asked.required,
                sizes=sizes,
            )
            for field in access.fields_of(row)
            if field.key in asked.asked
        ),
        overstay=overstay_of(row.stage, row.stage_changed_at),
        steps=_steps(access, row),
        elsewhere=may[Operation.MOVE] and len(visible_pipelines(access)) > 1,
        tasks=tuple(_card_task(access, row, task, people) for task in tasks),
        can_update=may[Operation.UPDATE],
        can_assign=may[Operation.ASSIGN],
        can_move=may[Operation.MOVE],
        can_delete=may[Operation.DELETE],
        can_comment=may[Operation.COMMENT],
    )


_OPERATIONS = (Operation.UPDATE, Operation.ASSIGN, Operation.MOVE, Operation.DELETE, Operation.COMMENT)


def row_for(access: Access, record_id: int) -> TypedRecord:
    """The typed row, for reading. Raises NotFound where the actor may not see it."""
    row = one_row(model_for(access.definition), record_id)
    if row is None or row.deleted_at is not None or not access.covers(Operation.VIEW, row):
        raise NotFound(_("There is no such record."), record=record_id)
    return row


def value_of(access: Access, record_id: int, key: str) -> tuple[FieldValue, int]:
    """One field of a record, or its title, assignee or observers, with the record's version. Raises NotFound."""
    row = row_for(access, record_id)
    field = _base_field(key) or access.definition.field_by_key.get(key)
    if field is None or not access.reads(field, row):
        raise NotFound(_("There is no such field."), field=key)
    wanted: Wanted = {}
    want(wanted, field, _plain(row, field))
    names = names_for(access.actor, wanted)
    locked = _why_field_locked(access, row, field)
    return field_value(row, field, names, locked, sizes=sizes_of(wanted)), row.version


def last_change(access: Access, record_id: int) -> LastChange:
    """Who changed the record last. Raises NotFound where the actor may not see it."""
    row = row_for(access, record_id)
    event = Event.objects.filter(record_id=record_id, kind__startswith="record.").order_by("-id").first()
    return LastChange(event.actor_label if event else "", event.at if event else None, row.version, row.stage)


def field_value(
    row: TypedRecord,
    field: FieldDef,
    names: Names,
    locked: str = "",
    *,
    is_required: bool = False,
    sizes: Mapping[int, int] | None = None,
) -> FieldValue:
    """A field with the row's answer."""
    value, context = _plain(row, field), DisplayContext(names)
    return FieldValue(
        field=field,
        value=value,
        text=field.type.display(value, field, context),
        html=field.type.html(value, field, context),
        json=field.type.to_json(value),
        color=field.type.color(value, field),
        locked=locked,
        is_required=is_required,
        parts=parts_of(field, value, names, sizes),
    )


def _base_field(key: str) -> FieldDef | None:
    """The title, the assignee or the observers as if they were a field."""
    if key == "title":
        return _pseudo(key, _("Title"), field_types["text"], required=Field.Required.ALWAYS)
    if key == "assignee":
        return _pseudo(key, _("Assignee"), field_types["person"])
    return _pseudo(key, _("Observers"), field_types["people"]) if key == "observers" else None


def _pseudo(key: str, label: str, type_: FieldType, *, required: str = Field.Required.NEVER) -> FieldDef:
    return FieldDef(0, key, Words(label), type_, required=required)


def _plain(row: TypedRecord, field: FieldDef) -> Any:
    if field.id == 0:
        return {"title": row.title, "assignee": row.assignee_id, "observers": row.observer_ids}[field.key]
    return row.value(field)


def _wanted_by(access: Access, row: TypedRecord, tasks: Sequence[Task]) -> Wanted:
    wanted = wanted_by([row], access.fields_of(row))
    wanted[PERSON].update(row.observer_ids or ())
    wanted[PERSON].update(task.assignee_id for task in tasks if task.assignee_id is not None)
    return wanted


def _person(person_id: int | None, names: Mapping[int, str]) -> Person | None:
    return Person(person_id, names.get(person_id, f"#{person_id}")) if person_id is not None else None


def _why_field_locked(access: Access, row: TypedRecord, field: FieldDef) -> str:
    if locked := why_locked(access):
        return locked
    if field.type.is_computed:
        return _("This value is made by the product.")
    if field.id == 0 and field.key == "assignee":
        return "" if access.covers(Operation.ASSIGN, row) else _("You have no right to assign this record.")
    return why_not_filled(access, field, row)


def _steps(access: Access, row: TypedRecord) -> tuple[Step, ...]:
    if not access.definition.has_stages:
        return ()
    current = row.stage
    spent = _time_spent(row.pk, until=timezone.now() if current.is_open else row.stage_changed_at)
    moves = {move.stage.id: move for move in moves_of(access, row)}
    steps: list[Step] = []
    for stage in access.definition.pipeline_by_id[row.pipeline_id].stages:
        move = moves.get(stage.id)
        allowed = move is not None and not move.why_not
        reason = (move.why_not or move.asks) if move is not None else ""
        steps.append(Step(stage, _state(stage, current), allowed, reason, spent.get(stage.id)))
    return tuple(steps)


def _state(stage: StageDef, current: StageDef) -> str:
    if stage.id == current.id:
        return "current"
    passed = stage.is_open and (stage.position < current.position or not current.is_open)
    return "done" if passed else "next"


def _time_spent(record_id: int, *, until: datetime) -> dict[int, timedelta]:
    """Stage id → time spent there in all visits, the present one `until` now; where work has ended no time goes by."""
    spent: dict[int, timedelta] = {}
    visits = StageVisit.objects.filter(record_id=record_id).values_list("stage_id", "entered_at", "left_at")
    for stage_id, entered, left in visits:
        spent[stage_id] = spent.get(stage_id, timedelta()) + ((left or until) - entered)
    return spent


def _tasks(record_id: int) -> list[Task]:
    """Open ones by their time, those without time last; then the latest finished ones."""
    found = Task.objects.filter(record_id=record_id)
    open_first = found.order_by(F("done_at").desc(nulls_first=True), F("due_at").asc(nulls_last=True), "id")
    tasks = list(open_first[:200])
    still_open = [task for task in tasks if not task.is_done]
    return still_open + [task for task in tasks if task.is_done][:DONE_TASKS]


def _card_task(access: Access, row: TypedRecord, task: Task, names: Mapping[int, str]) -> CardTask:
    is_own = task.assignee_id is not None and task.assignee_id == access.actor.user_id
    return CardTask(
        id=task.pk,
        title=task.title,
        description=task.description,
        assignee=_person(task.assignee_id, names),
        due_at=task.due_at,
        done_at=task.done_at,
        is_overdue=task.done_at is None and task.due_at is not None and task.due_at < timezone.now(),
        can_complete=not why_locked(access) and (is_own or access.covers(Operation.UPDATE, row)),
    )
