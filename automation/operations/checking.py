"""What robots and triggers have in common when they are saved."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from automation.choices import keep_secrets
from automation.effects import RobotType
from automation.occasions import TriggerType
from automation.scope import condition_for
from core.actor import Actor
from core.errors import Invalid, NotFound, Text
from core.locks import present
from core.registry import Extension
from core.text import clean_line
from processes.definition import definition_at
from processes.definition_types import Definition
from processes.models import Operation, Stage
from processes.operations.changing import lock_for_writing
from processes.permissions import Access, access_for


def access_to_automate(stage: Stage, actor: Actor) -> Access:
    """The access to the process of a stage of somebody who may change its automation. Raises NotFound, NotAllowed.

    Neither changes before the transaction ends, as under a write of records: nothing that a rule names goes meanwhile.
    Raises NotFound where the stage has gone.
    """
    process_id = stage.pipeline.process_id
    access_for(actor, process_id).require(Operation.AUTOMATE)
    version, _now = lock_for_writing(process_id)
    if version is None:
        raise NotFound(_("There is no such process."))
    present(stage)
    access = access_for(actor, definition_at(process_id, version))
    access.require(Operation.AUTOMATE)
    return access


def definition_to_automate(stage: Stage, actor: Actor) -> Definition:
    """The process alone, on the same terms."""
    return access_to_automate(stage, actor).definition


def require_suited(kind: RobotType | TriggerType, definition: Definition) -> None:
    """Raise Invalid for a kind that moves records where they go through no stages."""
    if not kind.suits(definition):
        raise wrong("kind", _("This process has no stages."))


def checked_settings(
    kind: Extension, settings: Mapping[str, Any], definition: Definition, before: Mapping[str, Any]
) -> dict[str, Any]:
    """Settings as they are stored; secrets that were left empty are as they were `before`. Raises Invalid."""
    cleaned = kind.clean_settings(settings, context=definition)
    return keep_secrets(kind.Settings(context=definition).fields, cleaned, before)


def checked_name(name: str, kind: Extension) -> str:
    """A name of one line; that of the kind where none was given. Raises Invalid."""
    return clean_line(name, field="name", limit=150, required=False) or str(kind.label)


def checked_condition(tree: Mapping[str, Any] | None, definition: Definition) -> dict[str, Any] | None:
    """A condition as it is stored; None where it asks for nothing. Raises Invalid."""
    condition = condition_for(definition, tree)
    return None if condition.is_always else condition.to_json()


def wrong(field: str, message: Text) -> Invalid:
    """The error about one part of a draft."""
    return Invalid(message, {field: [message]})
