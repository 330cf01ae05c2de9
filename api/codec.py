"""Records in and out of JSON, compiled once per version of a process: no serializer walks fields by row.

The shape is the same in both directions: base keys beside a nested `fields`, so a field can never collide with a
key of ours.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Invalid, NotFound, Text
from processes.definition_types import Definition, FieldDef
from processes.fieldtype import FieldType
from processes.permissions import Access
from processes.queries import visible_stage
from records.queries.rows import Row
from records.typed import TypedRecord

AnyRow = Row | TypedRecord
Reader = Callable[[Any], Any]

BASE_KEYS = (
    *("id", "title", "stage", "pipeline", "assignee", "author", "observers", "version"),
    *("created_at", "updated_at", "stage_changed_at", "closed_at"),
)
WRITTEN = ("title", "assignee", "observers")
"""Base keys of values."""
ALWAYS_SHOWN = ("id", "version")
CREATABLE = frozenset({"title", "stage", "pipeline", "assignee", "observers", "fields", "passing"})
UPDATABLE = frozenset({"title", "assignee", "observers", "fields"})


@dataclass(frozen=True, slots=True)
class Incoming:
    """The body of a write: values as the operations take them, and where a new record begins."""

    values: dict[str, Any]
    stage: int | None = None


@dataclass(frozen=True, slots=True)
class Codec:
    """Reads rows of one version of a process, with some of its fields, as JSON objects."""

    base: tuple[tuple[str, Callable[[AnyRow], Any]], ...]
    fields: tuple[tuple[str, Reader, Reader | None], ...]
    """Key, how a row gives the value, and how it becomes JSON where it is not JSON already."""
    has_fields: bool

    def read(self, row: AnyRow) -> dict[str, Any]:
        """The record as a JSON object. Days and moments stay Python's: orjson writes them as the types would."""
        found = {key: get(row) for key, get in self.base}
        if self.has_fields:
            found["fields"] = {
                key: value if as_json is None or value is None else as_json(value)
                for key, value, as_json in ((key, get(row), how) for key, get, how in self.fields)
            }
        return found


def codec_for(definition: Definition, fields: tuple[FieldDef, ...], keys: frozenset[str] | None = None) -> Codec:
    """The codec for these fields and, unless `keys` names fewer, all base keys."""
    return _compiled(definition, fields, keys)


@lru_cache(maxsize=1024)
def _compiled(definition: Definition, fields: tuple[FieldDef, ...], keys: frozenset[str] | None) -> Codec:
    base = tuple((key, get) for key, get in _base(definition) if keys is None or key in keys or key in ALWAYS_SHOWN)
    own = tuple((field.key, _getter(field), _reader(field.type)) for field in fields)
    return Codec(base, own, has_fields=keys is None or bool(own))


def _nothing(row: AnyRow) -> None:
    """What a record of a process without stages has for its stage."""


def _getter(field: FieldDef) -> Reader:
    return attrgetter(field.attname) if len(field.attributes) == 1 else lambda row: row.value(field)


def _base(definition: Definition) -> Iterable[tuple[str, Callable[[AnyRow], Any]]]:
    stages = {stage.id: stage.key for stage in definition.stage_by_id.values()}
    pipelines = {pipeline.id: pipeline.key for pipeline in definition.pipelines}
    return (
        ("id", lambda row: row.pk),
        ("title", lambda row: row.title),
        ("stage", (lambda row: stages[row.stage_id]) if definition.has_stages else _nothing),
        ("pipeline", (lambda row: pipelines[row.pipeline_id]) if definition.has_stages else _nothing),
        ("assignee", lambda row: row.assignee_id),
        ("author", lambda row: row.author_id),
        ("observers", lambda row: row.observer_ids or []),
        ("version", lambda row: row.version),
        ("created_at", lambda row: row.created_at),
        ("updated_at", lambda row: row.updated_at),
        ("stage_changed_at", lambda row: row.stage_changed_at),
        ("closed_at", lambda row: row.closed_at),
    )


_BY_ORJSON = frozenset({"date", "datetime"})
"""Kinds whose values orjson writes exactly as `to_json` does; a test compares."""


def _reader(kind: FieldType) -> Reader | None:
    is_plain = type(kind).to_json is FieldType.to_json or kind.kind in _BY_ORJSON
    return None if is_plain else kind.to_json


def incoming(data: Mapping[str, Any], access: Access, *, keys: frozenset[str]) -> Incoming:
    """The body of a write in the shape of a read, of which only `keys` may be written.

    Raises Invalid naming every other key. Values and field keys are checked by the operation.
    """
    problems: dict[str, list[Text]] = {key: [_why_not(key)] for key in data if key not in keys}
    fields = data.get("fields", {})
    if not isinstance(fields, dict):
        problems["fields"], fields = [_("An object of values by field key is expected.")], {}
    if data.get("assignee") is not None and type(data["assignee"]) is not int:
        problems["assignee"] = [_("The id of a person is expected.")]
    observers = data.get("observers")
    if observers is not None and not (isinstance(observers, list) and all(type(item) is int for item in observers)):
        problems["observers"] = [_("A list of ids of people is expected.")]
    problems |= {f"fields.{key}": [_("There is no such field.")] for key in fields if key in WRITTEN}
    if not access.definition.has_stages:
        problems |= {key: [_("This process has no stages.")] for key in ("stage", "pipeline") if data.get(key)}
    stage = None if problems else _start(data, access, problems)
    if problems:
        raise Invalid(_("Some values are wrong."), problems)
    base = {key: data[key] for key in WRITTEN if key in data}
    return Incoming({**base, **fields}, stage)


def _start(data: Mapping[str, Any], access: Access, problems: dict[str, list[Text]]) -> int | None:
    """The id of the stage that `pipeline` and `stage` mean together; None where neither says anything."""
    stage, pipeline = data.get("stage"), data.get("pipeline")
    if stage is None and pipeline is None:
        return None
    for key, value in (("stage", stage), ("pipeline", pipeline)):
        if value is not None and (not isinstance(value, str) or not value):
            problems[key] = [_("A key is expected.")]
            return None
    try:
        begun = visible_stage(access, "", pipeline=pipeline) if pipeline else None
        if stage is None and begun is not None:
            return begun.id
        return visible_stage(access, str(stage), pipeline=pipeline).id
    except NotFound as error:
        problems.setdefault("stage" if stage else "pipeline", [error.message])
        return None


def _why_not(key: str) -> str:
    if key in ("stage", "pipeline"):
        return _("A record changes its stage by a move.")
    if key in BASE_KEYS:
        return _("This cannot be written.")
    return _("There is no such field.")
