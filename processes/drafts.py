"""What one hands over to describe something that does not exist yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import Text
from processes.models import Stage


@dataclass(frozen=True, slots=True)
class StageDraft:
    """A stage to be; the key is made from the name unless given."""

    name: Text
    kind: str = Stage.Kind.OPEN
    color: str = ""
    key: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class FieldDraft:
    """A field to be; the key is made from the label unless given."""

    label: str
    type: str
    key: str = ""
    help: str = ""
    required: bool = False
    on_card: bool = False
    in_list: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProcessDraft:
    """A process to be. `moves` lists (source key, target key); None lets records move between any stages."""

    name: str
    noun: str
    noun_plural: str
    noun_many: str = ""
    key: str = ""
    description: str = ""
    icon: str = "layout-kanban"
    color: str = "blue"
    stages: Sequence[StageDraft] = ()
    fields: Sequence[FieldDraft] = ()
    moves: Sequence[tuple[str, str]] | None = None
    grants: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    """Role id → operation → scope."""


DEFAULT_STAGES = (
    StageDraft(_("New"), color="blue", key="new"),
    StageDraft(_("In work"), color="amber", key="in_work"),
    StageDraft(_("Completed"), Stage.Kind.WON, "green", "completed"),
    StageDraft(_("Rejected"), Stage.Kind.LOST, "red", "rejected"),
)
"""What a process begins with when nobody says otherwise."""
