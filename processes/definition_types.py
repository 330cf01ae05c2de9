"""A process compiled for use: the immutable objects that the code works with."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from core.errors import NotFound
from processes.fieldtype import FieldType
from processes.models import Stage


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

    @property
    def is_open(self) -> bool:
        """Whether work goes on here."""
        return self.kind == Stage.Kind.OPEN

    def is_after(self, other: "StageDef") -> bool:
        """Whether it comes later in the pipeline than another of its stages."""
        return self.position > other.position


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

    @property
    def first_stage(self) -> StageDef:
        """Where a new record begins."""
        return self.stages[0]


@dataclass(frozen=True, eq=False)
class FieldDef:
    """A question with its type at hand, as the code uses it."""

    id: int
    key: str
    label: str
    type: FieldType
    help: str
    required: bool
    on_card: bool
    in_list: bool
    settings: Mapping[str, Any]
    position: int

    @property
    def column(self) -> str:
        """The physical name of the value's column."""
        return f"f{self.id}"

    @property
    def attname(self) -> str:
        """The attribute of the typed model that holds the plain value (an id for a person)."""
        return self.type.attname(self)


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
    fields: tuple[FieldDef, ...]
    pipelines: tuple[PipelineDef, ...]
    grants: Mapping[int, Mapping[str, int]]
    """Role id → operation → scope."""

    @cached_property
    def field_by_key(self) -> dict[str, FieldDef]:
        """The fields by key."""
        return {field.key: field for field in self.fields}

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
        for pipeline in self.pipelines:
            if pipeline.key == key:
                return pipeline
        raise NotFound(_("There is no such pipeline."), pipeline=key)

    def stage(self, key_or_id: str | int) -> StageDef:
        """A stage by id, by key, or by “pipeline.stage” where a key alone is not enough. Raises NotFound."""
        if isinstance(key_or_id, int):
            stage = self.stage_by_id.get(key_or_id)
            if stage:
                return stage
            raise NotFound(_("There is no such stage."), stage=key_or_id)
        pipeline_key, _dot, key = key_or_id.rpartition(".")
        for pipeline in self.pipelines:
            if pipeline_key and pipeline.key != pipeline_key:
                continue
            for stage in pipeline.stages:
                if stage.key == key:
                    return stage
        raise NotFound(_("There is no such stage."), stage=key_or_id)
