"""Writing the past: records that come with the moves they have already made, in bulk."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from fractional_indexing import generate_key_between

from accounts.models import User
from accounts.permissions import require_admin
from core.actor import Actor, ActorKind
from core.errors import Conflict, Invalid
from core.problems import Problems
from events.models import Event
from events.publish import event_by, publish, publish_many
from processes.definition_types import StageDef
from processes.models import Operation
from records.models import Record, StageVisit
from records.operations.computed import compute
from records.operations.holding import hold
from records.operations.numbering import number_records
from records.operations.references import department_of
from records.operations.searching import write_words
from records.operations.values import Cleaned, clean_values
from records.operations.writing import ProcessRef, Writing, begin, first_rank_in, snapshot
from records.typed import TypedRecord

CHUNK = 500
"""Records written in one transaction."""


@dataclass(frozen=True, slots=True)
class Step:
    """A stage entered (id or key), when, and by whom (a person's id; None when nobody knows)."""

    stage: int | str
    at: datetime
    person_id: int | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """A record to be, with its life so far: the first step made it, the others moved it.

    `values` holds JSON values by field key. A step into the stage where the record stands only puts it on top.
    """

    steps: Sequence[Step]
    title: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    assignee_id: int | None = None


@dataclass(slots=True)
class _Moment:
    """One step as it will be written: from where to where, and what the record's version is afterwards."""

    at: datetime
    actor: Actor
    source: StageDef | None
    target: StageDef
    version: int
    rank: str = ""
    visit: StageVisit | None = None

    @property
    def enters(self) -> bool:
        """Whether the record stands in another stage afterwards."""
        return self.source is not self.target

    @property
    def kind(self) -> str:
        """The kind of its event."""
        if self.source is None:
            return "record.created"
        return "record.moved" if self.enters else "record.reordered"


@dataclass(slots=True)
class _Life:
    """One record as it will be written."""

    cleaned: Cleaned
    moments: list[_Moment]

    @property
    def entries(self) -> list[_Moment]:
        """The moments that begin a stage visit."""
        return [moment for moment in self.moments if moment.enters]


def write_history(process: ProcessRef, pasts: Sequence[Past], *, actor: Actor) -> list[int]:
    """Write records as they would be if people had made and moved them at the given times; their ids, in order.

    Everything is checked before anything is written; then each chunk has its own transaction (wrap the call in one to
    have all or nothing). Today's map of moves and required fields do not bind the past. Writes `record.created`,
    `record.moved` and `record.reordered` with their own times and people, marked quiet (nothing is automated and
    nobody is told), and one `history.written` a chunk by the actor. Raises NotFound, NotAllowed for anybody but
    administrators, Invalid (messages by the number of the past), Conflict when the process changes meanwhile.
    """
    require_admin(actor)
    with transaction.atomic():
        writing = begin(process, actor=actor)
        writing.access.require(Operation.IMPORT)
        lives = _lives(writing, pasts)
        _rank(writing, lives)
    version, process_id = writing.definition.version, writing.definition.id
    written: list[int] = []
    for start in range(0, len(lives), CHUNK):
        with transaction.atomic():
            writing = begin(process_id, actor=actor)
            if writing.definition.version != version:
                raise Conflict(_("The process was changed while its history was being written."), written=len(written))
            written += _write(writing, lives[start : start + CHUNK])
    return written


def _lives(writing: Writing, pasts: Sequence[Past]) -> list[_Life]:
    people = _people(writing, pasts)
    problems = Problems()
    lives: list[_Life] = []
    for number, past in enumerate(pasts):
        with problems.at(str(number)):
            lives.append(_life(writing, past, people))
    problems.raise_any()
    return lives


def _people(writing: Writing, pasts: Sequence[Past]) -> dict[int, str]:
    """Names by id of everybody in the pasts, those who cannot sign in any more included."""
    ids = {step.person_id for past in pasts for step in past.steps} | {past.assignee_id for past in pasts}
    found = list(User.objects.filter(pk__in=ids - {None}).values_list("pk", "name", "department_id"))
    writing.departments.update((pk, department) for pk, _name, department in found)
    return {pk: name for pk, name, _department in found}


def _life(writing: Writing, past: Past, people: Mapping[int, str]) -> _Life:
    _check_times(writing, past)
    if {past.assignee_id, *(step.person_id for step in past.steps)} - {None} - people.keys():
        raise _invalid(_("There is no such person."))
    if "title" in past.values or "assignee" in past.values:
        raise _invalid(_("Title and assignee are given beside the values."))
    cleaned = clean_values(writing, {**past.values, "title": past.title})
    moments: list[_Moment] = []
    for step in past.steps:
        source = moments[-1].target if moments else None
        target = _stage(writing, step, source)
        version = 1 if source is None else moments[-1].version + (target is not source)
        moments.append(_Moment(step.at, _actor(step, people), source, target, version))
    cleaned.base["assignee_id"] = past.assignee_id
    given_to = past.assignee_id or past.steps[0].person_id
    cleaned.base["department_id"] = department_of(writing, given_to) if given_to is not None else None
    return _Life(cleaned, moments)


def _check_times(writing: Writing, past: Past) -> None:
    if not past.steps:
        raise _invalid(_("A record begins with a step."))
    times = [step.at for step in past.steps]
    if any(at.tzinfo is None for at in times):
        raise _invalid(_("The time of a step has an offset."))
    if any(later < earlier for earlier, later in pairwise(times)):
        raise _invalid(_("Steps stand in the order of their times."))
    if times[-1] > writing.now:
        raise _invalid(_("The past cannot be in the future."))


def _stage(writing: Writing, step: Step, source: StageDef | None) -> StageDef:
    pipelines = writing.definition.pipelines
    if source is not None:
        pipelines = (writing.definition.pipeline_by_id[source.pipeline_id],)
    for pipeline in pipelines:
        for stage in pipeline.stages:
            if step.stage in (stage.id, stage.key):
                return stage
    raise _invalid(_("There is no such stage in this pipeline."))


def _invalid(message: str) -> Invalid:
    return Invalid(message, {"steps": [message]})


def _actor(step: Step, people: Mapping[int, str]) -> Actor:
    if step.person_id is None:
        return Actor(kind=ActorKind.IMPORT, label=_("Unknown"), quiet=True)
    return Actor(kind=ActorKind.PERSON, label=people[step.person_id], user_id=step.person_id, quiet=True)


def _rank(writing: Writing, lives: Sequence[_Life]) -> None:
    """Give each moment the rank that a move at its time would have got: above all that stood in the column then.

    What enters a column comes to the top, so a column is a stack; who has left it is dropped when found there.
    """
    stages = {moment.target.id: moment.target for life in lives for moment in life.moments}
    tops = {stage_id: first_rank_in(writing, stage) for stage_id, stage in stages.items()}
    columns: dict[int, list[tuple[int, _Moment]]] = {stage_id: [] for stage_id in stages}
    latest: dict[int, _Moment] = {}
    for number, moment in _by_time(lives):
        column = columns[moment.target.id]
        latest[number] = moment
        while column and latest[column[-1][0]] is not column[-1][1]:
            column.pop()
        top = column[-1][1].rank if column else tops[moment.target.id]
        moment.rank = str(generate_key_between(None, top))
        column.append((number, moment))


def _by_time(lives: Sequence[_Life]) -> list[tuple[int, _Moment]]:
    """All moments with the number of their life, as they followed each other."""
    moments = [(number, moment) for number, life in enumerate(lives) for moment in life.moments]
    return sorted(moments, key=lambda pair: pair[1].at)


def _write(writing: Writing, lives: Sequence[_Life]) -> list[int]:
    entries = Record.objects.bulk_create([_entry(writing, life) for life in lives])
    _name_untitled(writing, entries, lives)
    rows = [_row(writing, entry, life) for entry, life in zip(entries, lives, strict=True)]
    number_records(writing.definition, rows)
    for row in rows:
        compute(writing.definition, row)
    writing.model.objects.bulk_create(rows)
    hold(writing, rows)
    if any(field.is_searchable for field in writing.definition.fields):
        write_words(writing.definition, rows)
    in_order = _by_time(lives)
    _write_visits(writing, entries, lives, in_order)
    snapshots = [snapshot(row) for row in rows]
    publish_many([_event(writing, rows[number], snapshots[number], moment) for number, moment in in_order])
    publish(
        "history.written",
        actor=writing.actor,
        process_id=writing.definition.id,
        data={"records": len(lives), "moments": len(in_order)},
    )
    return [entry.pk for entry in entries]


def _entry(writing: Writing, life: _Life) -> Record:
    last = life.moments[-1]
    return Record(
        process_id=writing.definition.id,
        pipeline_id=last.target.pipeline_id,
        stage_id=last.target.id,
        title=life.cleaned.base["title"],
        assignee_id=life.cleaned.base["assignee_id"],
        department_id=life.cleaned.base["department_id"],
        author_id=life.moments[0].actor.user_id,
        is_open=last.target.is_open,
        created_at=life.moments[0].at,
    )


def _name_untitled(writing: Writing, entries: Sequence[Record], lives: Sequence[_Life]) -> None:
    """A record without a title is called by its noun and number."""
    noun = writing.definition.noun
    untitled = [(entry, life) for entry, life in zip(entries, lives, strict=True) if not entry.title]
    for entry, life in untitled:
        entry.title = life.cleaned.base["title"] = f"{noun[:1].upper()}{noun[1:]} {entry.pk}"
    Record.objects.bulk_update([entry for entry, _life in untitled], ["title"])


def _row(writing: Writing, entry: Record, life: _Life) -> TypedRecord:
    last, entered = life.moments[-1], life.entries[-1]
    row = writing.model(
        record_id=entry.pk,
        pipeline_id=entry.pipeline_id,
        stage_id=entry.stage_id,
        position=last.rank,
        author_id=entry.author_id,
        editor_id=entered.actor.user_id,
        created_at=entry.created_at,
        updated_at=entered.at,
        stage_changed_at=entered.at,
        closed_at=None if entered.target.is_open else entered.at,
        version=last.version,
    )
    life.cleaned.put_on(row)
    return row


def _write_visits(
    writing: Writing, entries: Sequence[Record], lives: Sequence[_Life], in_order: Sequence[tuple[int, _Moment]]
) -> None:
    ends = {id(moment): end for life in lives for moment, end in _with_ends(life)}
    visits: list[StageVisit] = []
    for number, moment in in_order:
        if moment.enters:
            moment.visit = StageVisit(
                record_id=entries[number].pk,
                process_id=writing.definition.id,
                stage_id=moment.target.id,
                entered_at=moment.at,
                left_at=ends[id(moment)],
            )
            visits.append(moment.visit)
    StageVisit.objects.bulk_create(visits)


def _with_ends(life: _Life) -> Iterator[tuple[_Moment, datetime | None]]:
    """Each entry with the time of the next one."""
    entries = life.entries
    return zip(entries, [*(moment.at for moment in entries[1:]), None], strict=True)


def _event(writing: Writing, row: TypedRecord, shot: Mapping[str, Any], moment: _Moment) -> Event:
    stage = moment.target.id
    shot = {**shot, "stage": stage}
    data: dict[str, Any] = {"snapshot": shot, "department": row.department_id, "stage": stage}
    changes: dict[str, tuple[Any, Any]] = {}
    if moment.source is None:
        changes = {key: (None, value) for key, value in shot.items() if value is not None}
    elif moment.enters:
        changes = {"stage": (moment.source.id, stage)}
        data["from"] = moment.source.id
    if moment.visit is not None:
        data["visit"] = moment.visit.pk
    event = event_by(
        moment.actor,
        moment.kind,
        process_id=writing.definition.id,
        record_id=row.pk,
        record_version=moment.version,
        changes=changes,
        data=data,
    )
    event.at = moment.at
    return event
