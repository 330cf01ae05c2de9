"""Every field type out into a file and back in: what was exported is what an import brings."""

from typing import Any

import pytest

from core.actor import Actor
from processes.models import Process
from records.exchange.worker import work_through
from records.files import open_content
from records.models import ExportJob, ImportJob
from records.operations.exports import begin_export
from records.operations.imports import begin_import, check_import, plan_import, run_import
from records.typed import model_for
from tests.contracts.conftest import House
from tests.factories import actor_of

pytestmark = pytest.mark.django_db
FORMATS = pytest.mark.parametrize("file_format", ["csv", "xlsx"])
LANGUAGES = pytest.mark.parametrize("language", ["en", "ru"])
HOSTILE = [
    "=1+1",
    "+7 495",
    "-2+3",
    "@SUM(A1)",
    "'=x",
    "'",
    "''-5",
    "-5",
    "＝1",
    "=cmd|' /C calc'!A0",
    "1e5",
    "007",
    "TRUE",
]


def exported(house: House, file_format: str, columns: list[str], actor: Actor) -> tuple[ExportJob, bytes]:
    job = begin_export(house.process, file_format=file_format, columns=columns, sort="id", actor=actor)
    assert job.state == "done", job.error
    with open_content(job.path) as file:
        return job, file.read()


def imported(process: Process, name: str, content: bytes, actor: Actor) -> ImportJob:
    job = begin_import(process, name=name, content=content, actor=actor)
    assert None not in job.targets, "an import knows every column by its header"
    plan_import(job, targets=job.targets, actor=actor)
    for step in (check_import, run_import):
        job.refresh_from_db()
        step(job, actor=actor)
        work_through(job.pk)
    job.refresh_from_db()
    return job


def spoken(house: House, language: str) -> Actor:
    house.person.language = language
    house.person.save()
    return actor_of(house.person)


def values_of(house: House, keys: list[str]) -> list[dict[str, Any]]:
    rows = model_for(house.definition).objects.order_by("pk")
    fields = [house.definition.field_by_key[key] for key in keys]
    return [
        {"title": row.title, **{field.key: field.type.to_json(row.value(field)) for field in fields}} for row in rows
    ]


@FORMATS
@LANGUAGES
def test_import_of_an_export_brings_every_value_of_every_type(house: House, file_format: str, language: str) -> None:
    keys = house.writable
    for number in range(max(len(house.samples[key].values) for key in keys)):
        values = {key: house.samples[key].values[number] for key in keys if number < len(house.samples[key].values)}
        house.make(values, f"Record {number}")
    house.make({}, "Empty")
    before, actor = values_of(house, keys), spoken(house, language)
    job, content = exported(house, file_format, ["title", *keys], actor)
    done = imported(house.process, job.name, content, actor)
    problems = [problem.reasons for problem in done.problems.all()]
    assert (done.state, done.created, problems) == ("done", len(before), [])
    assert values_of(house, keys)[len(before) :] == before


@FORMATS
def test_hostile_texts_come_back_as_they_were(house: House, file_format: str) -> None:
    for text in HOSTILE:
        house.make({"q_text": text, "q_long_text": f"{text}\nsecond"}, text)
    keys = ["q_text", "q_long_text"]
    before, actor = values_of(house, keys), spoken(house, "en")
    job, content = exported(house, file_format, ["title", *keys], actor)
    assert imported(house.process, job.name, content, actor).rejected == 0
    assert values_of(house, keys)[len(before) :] == before


@FORMATS
def test_everything_that_one_may_read_goes_out_and_what_people_write_comes_in(house: House, file_format: str) -> None:
    """Formulas and numbers that give themselves go out only; files stay with their record, their names go out."""
    house.make({key: house.samples[key].values[0] for key in house.writable}, "Record")
    actor = spoken(house, "en")
    job, content = exported(house, file_format, [], actor)
    assert set(house.samples) <= set(job.columns)
    taken = begin_import(house.process, name=job.name, content=content, actor=actor)
    known = {target for target in taken.targets if target}
    assert set(house.writable) | {"title", "stage", "assignee"} == known
