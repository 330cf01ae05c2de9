"""What conditions and formulas over the records of a process may speak of: base keys and fields by key."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from expressions.errors import BadValue, shown
from expressions.schema import FieldSpec, Schema
from expressions.values import DATETIME, INTEGER, KINDS, PERSON, TEXT, ReferenceKind
from processes.definition_types import Definition, FieldDef, PipelineDef, StageDef

BASE_LABELS = {
    "id": pgettext_lazy("which one of many", "Number"),
    "title": gettext_lazy("Title"),
    "pipeline": gettext_lazy("Pipeline"),
    "stage": gettext_lazy("Stage"),
    "assignee": gettext_lazy("Assignee"),
    "author": gettext_lazy("Author"),
    "created_at": gettext_lazy("Created"),
    "updated_at": gettext_lazy("Changed"),
    "stage_changed_at": gettext_lazy("In this stage since"),
    "closed_at": gettext_lazy("Closed"),
}
"""Base keys and what people call them, in the order of a list."""
OF_STAGES = frozenset({"pipeline", "stage", "stage_changed_at", "closed_at"})
"""Base keys that a process without stages does not have."""
BASE_COLUMNS = {
    "id": "record_id",
    "title": "title",
    "pipeline": "pipeline_id",
    "stage": "stage_id",
    "assignee": "assignee_id",
    "author": "author_id",
    "created_at": "created_at",
    "updated_at": "updated_at",
    "stage_changed_at": "stage_changed_at",
    "closed_at": "closed_at",
}
"""Base keys → attributes of the typed model."""


class _KeyedKind(ReferenceKind):
    """A stage or a pipeline: compared by id, written by id or by key."""

    def __init__(self, family: str, ids: Mapping[str, int]) -> None:
        self.family = family  # type: ignore[misc]
        self._ids = ids

    def constant(self, raw: object) -> int:
        if not isinstance(raw, str):
            return super().constant(raw)
        if raw not in self._ids:
            raise BadValue(_("There is no “%(name)s” in this process.") % {"name": shown(raw)})
        return self._ids[raw]


@lru_cache(maxsize=512)
def schema_of(definition: Definition) -> Schema:
    """Everything that a condition over records of the process may speak of."""
    moments = ("created_at", "updated_at", "stage_changed_at", "closed_at")
    found = {
        "id": FieldSpec(INTEGER, BASE_LABELS["id"]),
        "title": FieldSpec(TEXT, BASE_LABELS["title"]),
        **place_specs(definition.pipelines),
        "assignee": FieldSpec(PERSON, BASE_LABELS["assignee"]),
        "author": FieldSpec(PERSON, BASE_LABELS["author"]),
        "observers": FieldSpec(KINDS["people"], gettext_lazy("Observers")),
        **{key: FieldSpec(DATETIME, BASE_LABELS[key]) for key in moments},
        **{field.key: _spec(field) for field in definition.fields},
    }
    return found if definition.has_stages else {key: spec for key, spec in found.items() if key not in OF_STAGES}


def place_specs(pipelines: Sequence[PipelineDef]) -> dict[str, FieldSpec]:
    """The specs of “pipeline” and “stage”, where these pipelines are all that there is to speak of."""
    names = {pipeline.id: pipeline.name for pipeline in pipelines}
    stages = {stage.id: stage.name for pipeline in pipelines for stage in pipeline.stages}
    return {
        "pipeline": FieldSpec(_KeyedKind("pipeline", _keys(pipelines)), BASE_LABELS["pipeline"], names),
        "stage": FieldSpec(_KeyedKind("stage", _stage_keys(pipelines)), BASE_LABELS["stage"], stages),
    }


@lru_cache(maxsize=512)
def columns_of(definition: Definition) -> dict[str, str]:
    """Key → attribute of the typed model, for everything in the schema."""
    return BASE_COLUMNS | {"observers": "observer_ids"} | {field.key: field.attname for field in definition.fields}


def _spec(field: FieldDef) -> FieldSpec:
    options = field.settings.get("options")
    labels = {option["key"]: option["label"] for option in options} if options else None
    return FieldSpec(KINDS[field.type.kind], field.lazy_label, labels)


def _keys(items: Iterable[StageDef | PipelineDef]) -> dict[str, int]:
    return {item.key: item.id for item in items}


def _stage_keys(pipelines: Sequence[PipelineDef]) -> dict[str, int]:
    """Keys alone mean the first pipeline that has them; “pipeline.stage” is exact."""
    keys: dict[str, int] = {}
    for pipeline in reversed(pipelines):
        keys |= _keys(pipeline.stages)
    exact = {f"{p.key}.{stage.key}": stage.id for p in pipelines for stage in p.stages}
    return exact | keys


def keys_in(condition: Any) -> set[str]:
    """The field keys in a condition written as a JSON tree."""
    if isinstance(condition, Mapping):
        own = {condition["field"]} if isinstance(condition.get("field"), str) else set()
        return own.union(*(keys_in(value) for value in condition.values()))
    if isinstance(condition, list):
        return set().union(*(keys_in(item) for item in condition))
    return set()
