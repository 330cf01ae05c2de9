"""A process whose fields change their type."""

from typing import Any

from core.actor import SYSTEM
from processes.definition import definition_of
from processes.models import FieldJob, Process
from processes.queries import field_of
from records.jobs.worker import work_through
from records.operations import (
    convert_field,
    create_record,
)
from records.typed import model_for

OPTIONS = {"options": [{"key": "a", "label": "Site"}, {"key": "b", "label": "By phone; or mail"}]}


def make(process: Process, **values: Any) -> int:
    return create_record(process.pk, values={"title": "A", **values}, actor=SYSTEM).pk


def value(process: Process, pk: int, key: str = "sum") -> Any:
    return model_for(definition_of(process)).objects.get(pk=pk).values()[key]


def convert(process: Process, type: str, settings: dict[str, Any] | None = None, key: str = "sum") -> FieldJob:
    job = convert_field(field_of(process, key), type=type, settings=settings or {}, actor=SYSTEM)
    work_through()
    job.refresh_from_db()
    return job
