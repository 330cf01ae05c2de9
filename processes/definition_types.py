"""A process compiled for use: the immutable objects that the code works with."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar

from django.utils.functional import lazy
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.errors import NotFound
from processes.fieldtype import RECORD, FieldType
from processes.models import Field, Stage

T = TypeVar("T")
Differing = Mapping[int, Mapping[str, Mapping[int, int]]]
"""Role id → operation → id of a pipeline or of a stage → scope."""


@dataclass(frozen=True, eq=False)
class StageDef:
    """One step, as the code uses it."""

    id: int
    key: str
    name: str
    kind: str
    color: str
    hint: str
    position: int
    pipeline_id: int
    limit: int | None = None
    """How many records may stand here at once."""
    is_limit_hard: bool = False
    time_limit: timedelta | None = None
    """How long a record should stay here at most."""
    locked_fields: tuple[str, ...] = ()
    """Keys of the fields whose answers people do not change while a record stands here."""

    @property
    def is_open(self) -> bool:
        """Whether work goes on here."""
        return self.kind == Stage.Kind.OPEN

    def is_after(self, other: "StageDef") -> bool:
        """Whether it comes later in the pipeline than another of its stages."""
        return self.position > other.position


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One line that people confirm at a gate."""

    key: str
    text: str


@dataclass(frozen=True, eq=False)
class GateDef:
    """What must hold on the way into a stage, as the code uses it."""

    id: int
    source_id: int | None
    """None: from anywhere, a new record included."""
    target_id: int
    field_ids: tuple[int, ...]
    role_ids: frozenset[int]
    condition: Mapping[str, Any] | None
    refusal: str
    checklist: tuple[CheckItem, ...]
    is_comment_required: bool


@dataclass(frozen=True, slots=True)
class ReasonDef:
    """Why a record may end in failure."""

    id: int
    name: str
    is_retired: bool


@dataclass(frozen=True, eq=False)
class PipelineDef:
    """An ordered path of stages, as the code uses it."""

    id: int
    key: str
    name: str
    moves: str
    stages: tuple[StageDef, ...]
    targets: Mapping[int, frozenset[int]]
    """Stage id → ids of the stages that may follow it."""
    gates: tuple[GateDef, ...] = ()
    reasons: tuple[ReasonDef, ...] = ()
    is_reason_required: bool = False
    is_open: bool = True
    """Whether what roles may do in the process holds here too; otherwise only what they are given here."""

    def gates_between(self, source_id: int | None, target_id: int) -> tuple[GateDef, ...]:
        """The gates on the way from a stage (None: for a new record) into another."""
        return tuple(gate for gate in self.gates if gate.target_id == target_id and gate.source_id in (None, source_id))

    @property
    def first_stage(self) -> StageDef:
        """Where a new record begins."""
        return self.stages[0]


@dataclass(frozen=True, slots=True)
class Words:
    """A text that an administrator wrote, with its forms in other languages by language code."""

    text: str
    translations: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.translations.get((get_language() or "").partition("-")[0]) or self.text


@dataclass(frozen=True, eq=False)
class SectionDef:
    """A part of the card and the form, as the code uses it."""

    id: int
    name: Words
    position: int

    @property
    def label(self) -> str:
        """What it is called, in the active language."""
        return str(self.name)


@dataclass(frozen=True, eq=False)
class FieldDef:
    """A question with its type at hand, as the code uses it."""

    id: int
    key: str
    name: Words
    type: FieldType
    hint: Words = Words("")
    required: str = Field.Required.NEVER
    required_from: int | None = None
    """Id of the stage from which on an answer is required."""
    on_card: bool = False
    in_list: bool = True
    is_unique: bool = False
    is_searchable: bool = False
    default: Mapping[str, Any] | None = None
    visible_if: Mapping[str, Any] | None = None
    """A condition over the record; where it does not hold the question is not asked."""
    section_id: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    position: int = 0
    state: str = Field.State.READY
    shadow: "FieldDef | None" = None
    """The other form of a field whose type changes or has changed: what is written here is written there as well."""

    @property
    def label(self) -> str:
        """What it is called, in the active language."""
        return str(self.name)

    @property
    def help(self) -> str:
        """What explains it, in the active language."""
        return str(self.hint)

    @property
    def lazy_label(self) -> Any:
        """The label in the language that is active when it is shown: for what is kept."""
        return _lazily(self.name)

    @property
    def is_link(self) -> bool:
        """Whether people choose records as its value."""
        return self.type.refers == RECORD and not self.type.is_computed

    @property
    def column(self) -> str:
        """The physical name of the value's (first) column."""
        return f"f{self.id}"

    @cached_property
    def attname(self) -> str:
        """The attribute of the typed model that holds the plain value (an id for a person), or its first part."""
        return self.type.attname(self)

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """All attributes that hold the value's parts."""
        return self.type.attributes(self)

    def value(self, get: Callable[[str], Any]) -> Any:
        """The value, of its parts by attribute."""
        attributes = self.attributes
        if len(attributes) == 1:
            return get(attributes[0])
        return self.type.join([get(name) for name in attributes])

    def stored(self, value: Any) -> dict[str, Any]:
        """The parts of a value, by attribute."""
        return dict(zip(self.attributes, self.type.split(value), strict=True))

    def is_required_in(self, stage: StageDef, first: StageDef | None) -> bool:
        """Whether an answer is required in a stage; `first` is the stage of `required_from`.

        A rule that begins at a stage holds in the later ones of its pipeline but for those of failure.
        """
        if self.required != Field.Required.STAGE:
            return self.required == Field.Required.ALWAYS
        if first is None or first.pipeline_id != stage.pipeline_id:
            return False
        return stage.id == first.id or (stage.is_after(first) and stage.kind != Stage.Kind.LOST)


_lazily = lazy(str, str)


@dataclass(frozen=True, eq=False)
class Definition:
    """Everything about a process that reading and writing its records needs."""

    id: int
    version: int
    key: str
    name: str
    noun: str
    noun_plural: str
    noun_many: str
    description: str
    icon: str
    color: str
    status: str
    author_id: int | None
    has_stages: bool
    """Whether records go through stages; without, all of them stand in the one stage there is."""
    sections: tuple[SectionDef, ...]
    fields: tuple[FieldDef, ...]
    pipelines: tuple[PipelineDef, ...]
    grants: Mapping[int, Mapping[str, int]]
    """Role id → operation → scope."""
    stage_grants: Mapping[int, Mapping[str, Mapping[int, int]]]
    """Role id → operation → stage id → scope, where a stage (or the whole pipeline) differs."""
    said_of_pipelines: Differing = field(default_factory=dict)
    """Where whole pipelines differ, as it was said; with `said_of_stages` and closed pipelines it makes
    `stage_grants`."""
    said_of_stages: Differing = field(default_factory=dict)
    built_in_roles: frozenset[int] = frozenset()
    """Ids of the roles that no person has: those under which automation works."""
    field_grants: Mapping[int, Mapping[int, Mapping[int | None, int]]] = field(default_factory=dict)
    """Role id → field id → stage id (None: where no stage differs) → level, where something is said."""

    @cached_property
    def field_by_key(self) -> dict[str, FieldDef]:
        """The fields by key."""
        return {field.key: field for field in self.fields}

    @cached_property
    def field_by_id(self) -> dict[int, FieldDef]:
        """The fields by id."""
        return {field.id: field for field in self.fields}

    def by_section(
        self, items: Iterable[T], section_id_of: Callable[[T], int | None]
    ) -> list[tuple[SectionDef | None, list[T]]]:
        """Things that stand in sections, in the order of the sections; first what stands in none (None). Sections
        that hold nothing are left out."""
        found: dict[int | None, list[T]] = {}
        for item in items:
            found.setdefault(section_id_of(item), []).append(item)
        parts: list[tuple[SectionDef | None, list[T]]] = [(None, found.pop(None, []))]
        parts += [(section, found.get(section.id, [])) for section in self.sections]
        return [(section, its) for section, its in parts if its]

    def required_in(self, stage: StageDef) -> tuple[FieldDef, ...]:
        """The fields whose answer is required in a stage, as far as they are asked at all."""
        stages = self.stage_by_id
        return tuple(f for f in self.fields if f.is_required_in(stage, stages.get(f.required_from or 0)))

    @property
    def shown_pipelines(self) -> tuple[PipelineDef, ...]:
        """The pipelines that people hear of: none where records go through no stages."""
        return self.pipelines if self.has_stages else ()

    @cached_property
    def stage_by_id(self) -> dict[int, StageDef]:
        """All stages of all pipelines by id."""
        return {stage.id: stage for pipeline in self.pipelines for stage in pipeline.stages}

    @cached_property
    def pipeline_by_id(self) -> dict[int, PipelineDef]:
        """The pipelines by id."""
        return {pipeline.id: pipeline for pipeline in self.pipelines}

    @property
    def default_pipeline(self) -> PipelineDef:
        """Where a new record goes unless somebody says otherwise."""
        return self.pipelines[0]

    def pipeline(self, key: str | None) -> PipelineDef:
        """A pipeline by key, the default one without. Raises NotFound."""
        if not key:
            return self.default_pipeline
        for pipeline in self.shown_pipelines:
            if pipeline.key == key:
                return pipeline
        raise NotFound(_("There is no such pipeline."), pipeline=key)

    def stage(self, key_or_id: str | int) -> StageDef:
        """A stage by id, by key, or by “pipeline.stage” where a key alone is not enough. Raises NotFound, also for the
        key of the one stage inside a process without stages."""
        if isinstance(key_or_id, int):
            stage = self.stage_by_id.get(key_or_id)
            if stage:
                return stage
            raise NotFound(_("There is no such stage."), stage=key_or_id)
        pipeline_key, _dot, key = key_or_id.rpartition(".")
        for pipeline in self.shown_pipelines:
            if pipeline_key and pipeline.key != pipeline_key:
                continue
            for stage in pipeline.stages:
                if stage.key == key:
                    return stage
        raise NotFound(_("There is no such stage."), stage=key_or_id)
