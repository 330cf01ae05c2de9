"""What one hands over to describe something that does not exist yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import Text
from processes.models import Field, Section, Stage


@dataclass(frozen=True, slots=True)
class StageDraft:
    """A stage to be; the key is made from the name unless given."""

    name: Text
    kind: str = Stage.Kind.OPEN
    color: str = ""
    key: str = ""
    hint: str = ""
    limit: int | None = None
    is_limit_hard: bool = False
    time_limit: timedelta | None = None
    locked_fields: Sequence[str] = ()
    """Keys of the fields that people do not change here."""


@dataclass(frozen=True, slots=True)
class LineDraft:
    """A line of a checklist to be; one without a key is new."""

    text: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class GateDraft:
    """A gate to be: keys of fields, ids of roles, a condition as a JSON tree."""

    fields: Sequence[str] = ()
    roles: Sequence[int] = ()
    condition: Mapping[str, Any] | None = None
    refusal: str = ""
    checklist: Sequence[LineDraft] = ()
    is_comment_required: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing."""
        return not (self.fields or self.roles or self.condition or self.checklist or self.is_comment_required)


@dataclass(frozen=True, slots=True)
class ReasonDraft:
    """A reason for a failure; one without an id is new."""

    name: str
    id: int | None = None


@dataclass(frozen=True, slots=True)
class FieldDraft:
    """A field to be; the key is made from the label unless given.

    `labels` and `helps` hold the words in other languages by language code, `required_from` is a stage of the process,
    `section` one of its sections.
    """

    label: str
    type: str
    key: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    help: str = ""
    helps: Mapping[str, str] = field(default_factory=dict)
    required: str = Field.Required.NEVER
    required_from: Stage | None = None
    on_card: bool = False
    in_list: bool = True
    is_unique: bool = False
    is_searchable: bool = False
    default: Mapping[str, Any] | None = None
    visible_if: Mapping[str, Any] | None = None
    section: Section | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProcessDraft:
    """A process to be. `moves` lists (source key, target key); None lets records move between any stages.

    `reasons` say why records fail; where there are some, one is asked for.
    """

    name: str
    noun: str
    noun_plural: str
    noun_many: str = ""
    key: str = ""
    description: str = ""
    icon: str = "layout-kanban"
    color: str = "blue"
    has_stages: bool = True
    stages: Sequence[StageDraft] = ()
    fields: Sequence[FieldDraft] = ()
    moves: Sequence[tuple[str, str]] | None = None
    reasons: Sequence[str] = ()
    grants: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    """Role id → operation → scope."""


ONLY_STAGE = StageDraft(_("All records"), color="slate", key="only")
"""Where the records of a process without stages stand; nobody is shown it."""
DEFAULT_STAGES = (
    StageDraft(_("New"), color="blue", key="new"),
    StageDraft(_("In work"), color="amber", key="in_work"),
    StageDraft(_("Completed"), Stage.Kind.WON, "green", "completed"),
    StageDraft(_("Rejected"), Stage.Kind.LOST, "red", "rejected"),
)
"""What a process begins with when nobody says otherwise."""
