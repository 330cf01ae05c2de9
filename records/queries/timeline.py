"""What happened to a record, told for people: comments, changes, moves, tasks, newest first."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from core.actor import ActorKind
from events.models import Event
from processes.conversion import past_text, read_past
from processes.definition_types import Definition, FieldDef
from processes.fieldtype import PERSON, DisplayContext, WrongValue
from processes.models import Operation
from processes.permissions import Access
from processes.queries import visible_pipelines
from records.models import Comment
from records.queries.card import row_for
from records.queries.names import Names, Wanted, names_for, want
from records.typed import TypedRecord

PAGE = 30


@dataclass(frozen=True, slots=True)
class Change:
    """One changed value, before and after, as people read them; empty text for nothing."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `key` is unique within the timeline."""

    key: str
    at: datetime
    icon: str
    title: str
    who: str
    by: str
    """The kind of actor: `person`, `token`, `run`, `import` or `system`."""
    color: str = ""
    changes: tuple[Change, ...] = ()
    text: str = ""
    """Words of a person or a robot: a comment, why a gate was overridden."""
    note: str = ""
    """A remark of ours: how long, with what result."""

    @property
    def day(self) -> date:
        """The day it belongs to, in the reader's time zone."""
        return timezone.localtime(self.at).date()


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """Some entries, newest first, and where the older ones begin (an event id; None at the end)."""

    entries: tuple[Entry, ...]
    next: int | None
    before: datetime | None = None
    """Everything here happened before this moment; None on the first page."""
    since: datetime | None = None
    """What happened earlier is on the next page; None on the last."""


@dataclass(frozen=True, slots=True)
class _Words:
    """What telling events needs: names, comments, the definition."""

    fields: Mapping[str, FieldDef]
    """What the record shows, by key."""
    definition: Definition
    open_pipelines: frozenset[int]
    """Ids of the pipelines that the reader may know."""
    names: Names
    comments: Mapping[int, Comment]

    def is_closed(self, stage_id: Any) -> bool:
        stage = self.definition.stage_by_id.get(stage_id)
        return stage is not None and stage.pipeline_id not in self.open_pipelines

    def stage(self, stage_id: Any) -> str:
        if self.is_closed(stage_id):
            return _("a pipeline that is closed to you")
        stage = self.definition.stage_by_id.get(stage_id)
        return stage.name if stage else _("a removed stage")

    def stage_from(self, event: Event, stage_id: Any) -> str:
        """A stage as a move tells of it: under its pipeline's name where the record went into another one."""
        stage = self.definition.stage_by_id.get(stage_id)
        if stage is None or "pipeline" not in event.changes or stage.pipeline_id not in self.open_pipelines:
            return self.stage(stage_id)
        return f"{self.definition.pipeline_by_id[stage.pipeline_id].name}: {stage.name}"

    def person(self, person_id: Any) -> str:
        return self.names.get(PERSON, {}).get(person_id, "") if person_id else ""


def timeline_page(access: Access, record_id: int, *, before: int | None = None) -> TimelinePage:
    """A page of the record's timeline. Raises NotFound where the actor may not see the record.

    Without the right to see history only comments and tasks are told. Five queries at most.
    """
    row = row_for(access, record_id)
    kinds = _TOLD if access.covers(Operation.HISTORY, row) else _TALK
    events = Event.objects.filter(record_id=record_id, process_id=access.definition.id, kind__in=kinds)
    edge = None
    if before is not None:
        events = events.filter(id__lt=before)
        edge = Event.objects.filter(pk=before, record_id=record_id).values_list("at", flat=True).first()
    found = list(events.order_by("-id")[: PAGE + 1])
    told = found[:PAGE]
    words = _words(access, row, told)
    entries = [entry for event in told if (entry := _TOLD[event.kind](event, words))]
    if len(found) <= PAGE:
        return TimelinePage(tuple(entries), None, before=edge)
    return TimelinePage(tuple(entries), told[-1].pk, before=edge, since=told[-1].at)


def _words(access: Access, row: TypedRecord, events: Sequence[Event]) -> _Words:
    fields = {field.key: field for field in access.fields_of(row)}
    ids = [event.data["comment"] for event in events if "comment" in event.data]
    comments = {comment.pk: comment for comment in Comment.objects.filter(pk__in=ids)} if ids else {}
    seen = visible_pipelines(access) if access.definition.has_stages else access.definition.pipelines
    return _Words(
        fields,
        access.definition,
        frozenset(pipeline.id for pipeline in seen),
        names_for(access.actor, _wanted_by(fields, events)),
        comments,
    )


def _wanted_by(fields: Mapping[str, FieldDef], events: Iterable[Event]) -> Wanted:
    wanted: Wanted = {PERSON: set()}
    for event in events:
        if task_assignee := event.data.get("task_assignee"):
            wanted[PERSON].add(task_assignee)
        for key, pair in event.changes.items():
            field = fields.get(key)
            for raw in pair:
                if key in ("assignee", "author"):
                    wanted[PERSON].update([raw] if raw else [])
                elif key == "observers":
                    wanted[PERSON].update(raw or ())
                elif field is not None:
                    with suppress(WrongValue):
                        want(wanted, field, read_past(field, raw))
    return wanted


def _entry(event: Event, icon: str, title: str, **more: Any) -> Entry:
    return Entry(
        key=f"e{event.pk}",
        at=event.at,
        icon="robot" if event.actor_kind == ActorKind.RUN and icon != "message" else icon,
        title=title,
        who=event.actor_label,
        by=event.actor_kind,
        **more,
    )


def _created(event: Event, words: _Words) -> Entry:
    return _entry(event, "plus", _("Created"), **_passed(event, words, event.data.get("stage")))


def _updated(event: Event, words: _Words) -> Entry | None:
    changes = _changes(event, words)
    return _entry(event, "pencil", _("Changed"), changes=changes) if changes else None


def _moved(event: Event, words: _Words) -> Entry:
    before, after = event.changes.get("stage", (event.data.get("from"), event.data.get("stage")))
    stage = words.definition.stage_by_id.get(after)
    change = Change(_("Stage"), words.stage_from(event, before), words.stage_from(event, after))
    color = stage.color if stage and not words.is_closed(after) else ""
    return _entry(event, "arrow-right", _("Moved"), color=color, changes=(change,), **_passed(event, words, after))


def _passed(event: Event, words: _Words, stage_id: Any) -> dict[str, str]:
    """What was said and confirmed at the gates of a stage: the reason of a failure, the checklist, why a gate was
    overridden. Nothing where the stage stands in a pipeline that is closed to the reader.
    """
    if words.is_closed(stage_id):
        return {}
    told: list[str] = []
    if reason := event.data.get("reason"):
        told.append(_("Reason: %s") % reason["name"])
    if checked := event.data.get("checked"):
        told.append(_("Confirmed: %s") % ", ".join(item["text"] for item in checked))
    override = event.data.get("override")
    if override:
        told.append(_("A gate was overridden"))
    return {"note": " · ".join(told), "text": override["reason"] if override else ""}


def _deleted(event: Event, words: _Words) -> Entry:
    return _entry(event, "trash", _("Moved to the bin"))


def _restored(event: Event, words: _Words) -> Entry:
    return _entry(event, "arrow-back-up", _("Restored from the bin"))


def _commented(event: Event, words: _Words) -> Entry | None:
    comment = words.comments.get(event.data["comment"])
    return _entry(event, "message", _("Comment"), text=comment.text) if comment else None


def _task_created(event: Event, words: _Words) -> Entry:
    who = words.person(event.data.get("task_assignee"))
    note = _("for %(who)s") % {"who": who} if who and who != event.actor_label else ""
    return _entry(event, "checkbox", _("Task: %(title)s") % {"title": event.data.get("title", "")}, note=note)


def _task_completed(event: Event, words: _Words) -> Entry:
    title = _("Task done: %(title)s") % {"title": event.data.get("title", "")}
    return _entry(event, "circle-check", title, color="green")


def _task_reopened(event: Event, words: _Words) -> Entry:
    return _entry(event, "refresh", _("Task opened again: %(title)s") % {"title": event.data.get("title", "")})


def _pressed(event: Event, words: _Words) -> Entry:
    return _entry(event, "square-check", _("Pressed “%s”") % event.data["text"])


def _called(event: Event, words: _Words) -> Entry:
    return _entry(event, "webhook", _("Another program called"))


def _changes(event: Event, words: _Words) -> tuple[Change, ...]:
    """Readable changes; a field that does not exist any more, or that the record does not show, is not told."""
    told = (_change(key, pair, words) for key, pair in event.changes.items())
    return tuple(change for change in told if change)


def _change(key: str, pair: Sequence[Any], words: _Words) -> Change | None:
    before, after = pair
    if key == "title":
        return Change(_("Title"), before or "", after or "")
    if key == "assignee":
        return Change(_("Assignee"), words.person(before), words.person(after))
    if key == "observers":
        return Change(_("Observers"), *(", ".join(map(words.person, raw or ())) for raw in pair))
    field = words.fields.get(key)
    if field is None:
        return None
    return Change(field.label, *(_shown(field, raw, words) for raw in pair))


def _shown(field: FieldDef, raw: Any, words: _Words) -> str:
    """A value as the field shows it; as plain text where the field was of another type then."""
    try:
        return field.type.display(read_past(field, raw), field, DisplayContext(words.names))
    except WrongValue:
        return past_text(raw)


_TALK: Mapping[str, Callable[[Event, _Words], Entry | None]] = {
    "comment.added": _commented,
    "task.created": _task_created,
    "task.completed": _task_completed,
    "task.reopened": _task_reopened,
}
_TOLD: Mapping[str, Callable[[Event, _Words], Entry | None]] = {
    "record.created": _created,
    "record.updated": _updated,
    "record.moved": _moved,
    "record.deleted": _deleted,
    "record.restored": _restored,
    "hook.received": _called,
    "button.pressed": _pressed,
    **_TALK,
}
