"""Making and changing triggers and automatic transitions."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from automation.drafts import TriggerDraft
from automation.engine import ledger
from automation.models import RuleKind, Trigger
from automation.occasions import TriggerType, trigger_types
from automation.operations.checking import (
    access_to_automate,
    checked_condition,
    checked_name,
    checked_settings,
    definition_to_automate,
    require_suited,
    wrong,
)
from automation.verifier import Finding, findings_of
from core.actor import Actor
from core.errors import Conflict, Invalid, LimitReached
from core.locks import present
from core.sealing import seal
from events.publish import publish
from processes.definition_types import Definition
from processes.models import Stage
from processes.permissions import Access
from processes.publishing import as_said, publishable

MOST_TRIGGERS = 50
"""That lead to one stage."""
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class SavedTrigger:
    """A trigger as it was saved, what the verifier has to say about it, and a secret that was just made."""

    trigger: Trigger
    findings: tuple[Finding, ...]
    secret: str = ""
    """Shown now and never again."""


@transaction.atomic
def create_trigger(stage: Stage, draft: TriggerDraft, *, actor: Actor) -> SavedTrigger:
    """Add a trigger that moves records to a stage. Writes `trigger.created`.

    Raises NotAllowed, NotFound, Invalid, LimitReached.
    """
    access = access_to_automate(stage, actor)
    definition = access.definition
    live = Trigger.objects.filter(process_id=definition.id, removed_at=None)
    if live.filter(stage=stage).count() >= MOST_TRIGGERS:
        raise LimitReached(_("A stage has at most %d triggers.") % MOST_TRIGGERS)
    last = Trigger.objects.filter(process_id=definition.id).aggregate(last=Max("position"))["last"]
    position = 0 if last is None else last + 1
    trigger = Trigger(process_id=definition.id, stage=stage, position=position, author_id=actor.user_id)
    secret = _fill(trigger, draft, access)
    trigger.save()
    publish("trigger.created", actor=actor, process_id=definition.id, data=_told(trigger))
    return _saved(trigger, definition, secret)


@transaction.atomic
def update_trigger(trigger: Trigger, draft: TriggerDraft, *, actor: Actor) -> SavedTrigger:
    """Make the trigger what the draft says; secrets left empty stay. Waiting runs go where they were to go.

    Writes `trigger.updated`. Raises NotAllowed, NotFound, Conflict (removed), Invalid.
    """
    access = access_to_automate(trigger.stage, actor)
    definition = access.definition
    locked = _locked(trigger)
    before = _told(locked)
    said = (locked.settings, locked.condition) if draft.kind == locked.kind else None
    secret = _fill(locked, draft, access, before=said)
    locked.version += 1
    locked.updated_at = Now()
    locked.save()
    locked.refresh_from_db(fields=["updated_at"])
    changes = {key: (before[key], value) for key, value in _told(locked).items() if before[key] != value}
    publish("trigger.updated", actor=actor, process_id=definition.id, changes=changes, data={"trigger": trigger.pk})
    return _saved(locked, definition, secret)


@transaction.atomic
def renew_secret(trigger: Trigger, *, actor: Actor) -> SavedTrigger:
    """Give a called trigger another secret; calls signed by the old one are refused from now on.

    Writes `trigger.secret_renewed`. Raises NotAllowed, NotFound, Conflict (removed, or of a kind that is not called).
    """
    definition = definition_to_automate(trigger.stage, actor)
    locked = _locked(trigger)
    if not trigger_types[locked.kind].is_called:
        raise Conflict(_("This trigger is not called from outside."))
    secret = new_secret()
    locked.settings = {**locked.settings, "secret": {"sealed": seal(secret)}}
    locked.save(update_fields=["settings"])
    data = {"trigger": trigger.pk, "name": trigger.name}
    publish("trigger.secret_renewed", actor=actor, process_id=definition.id, data=data)
    return _saved(locked, definition, secret)


@transaction.atomic
def switch_trigger(trigger: Trigger, *, is_on: bool, actor: Actor) -> SavedTrigger:
    """Switch a trigger on or off. Off, its waiting runs are cancelled. Writes `trigger.switched`."""
    definition = definition_to_automate(trigger.stage, actor)
    locked = _locked(trigger)
    if locked.is_on != is_on:
        locked.is_on = is_on
        locked.save(update_fields=["is_on"])
        if not is_on:
            ledger.cancel_of_rule(RuleKind.TRIGGER, trigger.pk, _("It was switched off."))
        changes = {"is_on": (not is_on, is_on)}
        data = {"trigger": trigger.pk, "name": trigger.name}
        publish("trigger.switched", actor=actor, process_id=definition.id, changes=changes, data=data)
    return _saved(locked, definition)


@transaction.atomic
def delete_trigger(trigger: Trigger, *, actor: Actor) -> None:
    """Remove a trigger; its runs stay in the log, waiting ones are cancelled.

    Writes `trigger.removed`.
    """
    definition = definition_to_automate(trigger.stage, actor)
    locked = _locked(trigger)
    locked.removed_at = Now()
    locked.save(update_fields=["removed_at"])
    ledger.cancel_of_rule(RuleKind.TRIGGER, trigger.pk, _("It was removed."))
    publish("trigger.removed", actor=actor, process_id=definition.id, data=_told(locked))


@transaction.atomic
def reorder_triggers(stage: Stage, trigger_ids: Sequence[int], *, actor: Actor) -> None:
    """Put the triggers of a stage in this order (all of them, each once), on the places that they have among all.

    Writes `trigger.reordered`. Raises NotAllowed, Invalid.
    """
    definition = definition_to_automate(stage, actor)
    rows = Trigger.objects.select_for_update().filter(stage=stage, removed_at=None).order_by("pk")
    triggers = {trigger.pk: trigger for trigger in rows}
    if sorted(trigger_ids) != sorted(triggers):
        raise Invalid(_("Name every trigger once."), {"triggers": [_("Name every trigger once.")]})
    places = sorted(trigger.position for trigger in triggers.values())
    for position, trigger_id in zip(places, trigger_ids, strict=True):
        triggers[trigger_id].position = position
    Trigger.objects.bulk_update(triggers.values(), ["position"])
    data = {"stage": stage.pk, "triggers": list(trigger_ids)}
    publish("trigger.reordered", actor=actor, process_id=definition.id, data=data)


def new_secret() -> str:
    """A signing secret as Standard Webhooks writes them."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def _locked(trigger: Trigger) -> Trigger:
    found = present(trigger, "stage__pipeline", held=True)
    if found.removed_at is not None:
        raise Conflict(_("This trigger has been removed."))
    return found


Said = tuple[dict[str, Any], dict[str, Any] | None]
"""The parts of a trigger that speak of fields: settings and condition. They stay as they are together."""


def _fill(trigger: Trigger, draft: TriggerDraft, access: Access, *, before: Said | None = None) -> str:
    """Make the trigger what the draft says; the secret that was made for it, if one was."""
    definition = access.definition
    if draft.kind not in trigger_types:
        raise wrong("kind", _("There is no such kind of trigger."))
    kind = trigger_types[draft.kind]
    require_suited(kind, definition)

    def said(author: Access) -> Said:
        known = publishable(author)
        settings = checked_settings(kind, draft.settings, known, before[0] if before else {})
        return settings, checked_condition(draft.condition, known)

    trigger.kind = draft.kind
    trigger.settings, trigger.condition = as_said(access, said, before)
    trigger.name = checked_name(draft.name or kind.title(trigger.settings), kind)
    if kind.needs_condition and trigger.condition is None:
        raise wrong("condition", _("Say what must hold."))
    trigger.stage_id = _target(trigger, draft, definition)
    trigger.source_id = _source(trigger, draft, kind, definition)
    trigger.allow_backward = draft.allow_backward
    trigger.is_on = draft.is_on
    if not kind.is_called:
        trigger.hook_key = None
        return ""
    trigger.hook_key = trigger.hook_key or secrets.token_urlsafe(24)
    if trigger.settings.get("secret"):
        return ""
    secret = new_secret()
    trigger.settings["secret"] = {"sealed": seal(secret)}
    return secret


def _target(trigger: Trigger, draft: TriggerDraft, definition: Definition) -> int:
    if draft.stage is None:
        return trigger.stage_id
    now, wanted = definition.stage_by_id[trigger.stage_id], definition.stage_by_id.get(draft.stage)
    if wanted is None or wanted.pipeline_id != now.pipeline_id:
        raise wrong("stage", _("There is no such stage in this pipeline."))
    return wanted.id


def _source(trigger: Trigger, draft: TriggerDraft, kind: TriggerType, definition: Definition) -> int | None:
    if draft.source is None:
        if kind.needs_source:
            raise wrong("source", _("Choose the stage that records leave."))
        return None
    source, target = definition.stage_by_id.get(draft.source), definition.stage_by_id[trigger.stage_id]
    if source is None or source.pipeline_id != target.pipeline_id:
        raise wrong("source", _("There is no such stage in this pipeline."))
    if source.id == target.id:
        raise wrong("source", _("A record cannot move to the stage where it stands."))
    return source.id


def _told(trigger: Trigger) -> dict[str, Any]:
    """What an event tells of a trigger; its settings may hold secrets and stay out of it."""
    return {
        "trigger": trigger.pk,
        "kind": trigger.kind,
        "name": trigger.name,
        "stage": trigger.stage_id,
        "source": trigger.source_id,
        "version": trigger.version,
        "condition": trigger.condition,
        "allow_backward": trigger.allow_backward,
        "is_on": trigger.is_on,
    }


def _saved(trigger: Trigger, definition: Definition, secret: str = "") -> SavedTrigger:
    return SavedTrigger(trigger, findings_of(definition)[(RuleKind.TRIGGER, trigger.pk)], secret)
