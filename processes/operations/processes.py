"""Making and changing a process."""

from collections.abc import Sequence
from typing import TypedDict, Unpack, cast

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Role
from accounts.models.role import ROBOTS_ROLE_KEY
from accounts.permissions import require_admin
from core.actor import Actor
from core.errors import Conflict, Invalid
from core.locks import in_turn, present
from core.problems import Problems
from core.seen import require_as_seen
from core.text import check_key, clean_line, key_from
from events.publish import publish
from processes.drafts import DEFAULT_STAGES, ONLY_STAGE, ProcessDraft, ReasonDraft, StageDraft
from processes.models import Grant, Operation, Pipeline, Process, Scope
from processes.models.pipeline import COLORS
from processes.operations.access import put_grants
from processes.operations.changing import change_lock
from processes.operations.fields import put_field
from processes.operations.gates import put_lost_reasons
from processes.operations.pipelines import put_moves
from processes.operations.stages import put_stages
from processes.permissions import access_for
from processes.seen import PROCESS_WORDS, words_of
from processes.storage import storage

ROBOT_OPERATIONS = (
    Operation.VIEW,
    Operation.CREATE,
    Operation.UPDATE,
    Operation.MOVE,
    Operation.ASSIGN,
    Operation.COMMENT,
)
"""What the role of robots may do in a new process, until somebody changes it in the matrix."""
KEYS_LOCK = 7_301_102
"""Key of the advisory lock under which keys of processes are chosen."""


class ProcessChanges(TypedDict, total=False):
    """What of a process's words and looks shall be different; `has_stages` may be named, but not changed."""

    name: str
    noun: str
    noun_plural: str
    noun_many: str
    description: str
    icon: str
    color: str
    has_stages: bool


@transaction.atomic
def create_process(draft: ProcessDraft, *, actor: Actor) -> Process:
    """Create a process with its pipeline, stages, fields, rights and table, all or nothing.

    Closed to everybody but its author and administrators until grants are set. Writes `process.created`.
    Raises NotAllowed, Invalid (with the place in `fields`), Conflict (the key is taken).
    """
    require_admin(actor)
    process = _new_process(draft, actor)
    process.has_stages = draft.has_stages
    process.save(update_fields=["has_stages"])
    with change_lock(process):
        pipeline = Pipeline.objects.create(process=process, key="main", name=_("Main"))
        problems = Problems()
        for position, field in enumerate(draft.fields):
            with problems.at(f"fields.{position}"):
                added = put_field(process, field, position=position, actor=actor)
                added.make_ready()
                added.save(update_fields=["state"])
        with problems.at():
            put_stages(pipeline, _stages(draft))
            if draft.reasons:
                put_lost_reasons(pipeline, [ReasonDraft(name) for name in draft.reasons], is_required=True)
        problems.raise_any()
        if draft.moves is not None:
            put_moves(pipeline, draft.moves)
        storage().create(process)
        put_grants(process, draft.grants)
        _let_robots_work(process, draft)
    publish("process.created", actor=actor, process_id=process.pk, data={"key": process.key, "name": process.name})
    return process


@transaction.atomic
def update_process(process: Process, *, actor: Actor, seen: str = "", **changes: Unpack[ProcessChanges]) -> Process:
    """Change how a process is called and looks; what is not named stays. Writes `process.updated`.

    `seen` is the mark of the words that a page showed. Whether its records go through stages stays as it is: who says
    otherwise is refused. Raises NotAllowed, NotFound, Invalid, Conflict.
    """
    access_for(actor, process).require(Operation.DESIGN)
    if changes.pop("has_stages", process.has_stages) != process.has_stages:
        message = _("Whether records go through stages is said once, when the process is made. Make another process.")
        raise Invalid(message, {"has_stages": [message]})
    with change_lock(process):
        process = present(process)
        before = words_of(process)
        require_as_seen(seen, before)
        _describe(process, **before | cast("dict[str, str]", changes))
        process.save(update_fields=PROCESS_WORDS)
    told = {key: (old, getattr(process, key)) for key, old in before.items() if old != getattr(process, key)}
    publish("process.updated", actor=actor, process_id=process.pk, changes=told)
    return process


@transaction.atomic
def archive_process(process: Process, *, actor: Actor) -> Process:
    """Put a process away: it leaves menus, its records stay. Writes `process.archived`. Raises Conflict twice."""
    access_for(actor, process).require(Operation.DESIGN)
    with change_lock(process):
        process = present(process)
        if process.status == Process.Status.ARCHIVED:
            raise Conflict(_("The process is archived already."))
        process.archive()
        process.save(update_fields=["status"])
    publish("process.archived", actor=actor, process_id=process.pk)
    return process


@transaction.atomic
def publish_process(process: Process, *, actor: Actor) -> Process:
    """Switch a draft or archived process on. Writes `process.published`. Raises Conflict when it is on."""
    access_for(actor, process).require(Operation.DESIGN)
    with change_lock(process):
        process = present(process)
        if process.status == Process.Status.PUBLISHED:
            raise Conflict(_("The process is in use already."))
        process.publish()
        process.save(update_fields=["status"])
    publish("process.published", actor=actor, process_id=process.pk)
    return process


def _stages(draft: ProcessDraft) -> Sequence[StageDraft]:
    """The stages of a draft, or what it begins with. Raises Invalid for what a process without stages does not have."""
    if draft.has_stages:
        return draft.stages or DEFAULT_STAGES
    if draft.stages or draft.moves is not None or draft.reasons:
        message = _("A process without stages has none.")
        raise Invalid(message, {"stages": [message]})
    return (ONLY_STAGE,)


def _new_process(draft: ProcessDraft, actor: Actor) -> Process:
    in_turn(KEYS_LOCK)
    taken = set(Process.objects.values_list("key", flat=True))
    process = Process(author_id=actor.user_id, position=len(taken))
    _describe(
        process,
        draft.name,
        draft.noun,
        draft.noun_plural,
        draft.noun_many,
        draft.description,
        draft.icon,
        draft.color,
    )
    if draft.key:
        process.key = check_key(draft.key, taken=taken)
    else:
        process.key = key_from(process.name, taken=taken, fallback="process")
    process.save()
    return process


def _describe(
    process: Process,
    name: str,
    noun: str,
    noun_plural: str,
    noun_many: str,
    description: str,
    icon: str,
    color: str,
) -> None:
    problems = Problems()
    with problems.at():
        process.name = clean_line(name, field="name", limit=100)
    with problems.at():
        process.noun = clean_line(noun, field="noun", limit=60)
    with problems.at():
        process.noun_plural = clean_line(noun_plural, field="noun_plural", limit=60)
    with problems.at():
        process.noun_many = clean_line(noun_many, field="noun_many", limit=60, required=False)
    problems.raise_any()
    if len(description) > 2000 or "\x00" in description:
        raise Invalid(_("The description is too long."), {"description": [_("At most %d characters.") % 2000]})
    process.description = description.strip()
    if color not in COLORS:
        raise Invalid(_("There is no such colour."), {"color": [_("There is no such colour.")]})
    process.color = color
    process.icon = clean_line(icon, field="icon", limit=40)


def _let_robots_work(process: Process, draft: ProcessDraft) -> None:
    """Grant the role of robots the ordinary operations, unless the draft says what it may do."""
    role = Role.objects.get(key=ROBOTS_ROLE_KEY)
    if role.pk not in draft.grants:
        Grant.objects.bulk_create(
            Grant(process=process, role=role, operation=operation, scope=Scope.ALL) for operation in ROBOT_OPERATIONS
        )
