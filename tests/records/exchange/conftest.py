"""A process, somebody who may import into it, and hands that take a file through."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts.models import User
from core.actor import SYSTEM, Actor
from processes.definition import definition_of
from processes.models import Operation, Process, Scope
from processes.operations import set_grants
from records.exchange.worker import work_through
from records.models import ImportJob
from records.operations.imports import begin_import, check_import, plan_import, run_import
from records.typed import model_for
from tests.factories import EMPLOYEE, actor_of, make_process, make_role, make_user

IMPORTER = {**EMPLOYEE, Operation.IMPORT: Scope.ALL, Operation.UPDATE: Scope.ALL, Operation.MOVE: Scope.ALL}


@pytest.fixture
def process(db: None) -> Process:
    return make_process()


@pytest.fixture
def anna(process: Process) -> User:
    """May import, sees and changes all."""
    return importer(process, "Anna Petrova", IMPORTER)


def importer(process: Process, name: str, grants: dict[Any, int]) -> User:
    person = make_user(name)
    set_grants(process, {make_role(people=(person,)).pk: grants}, actor=SYSTEM)
    return person


@pytest.fixture
def actor(anna: User) -> Actor:
    return actor_of(anna)


Begin = Callable[..., ImportJob]


@pytest.fixture
def begin(process: Process, actor: Actor) -> Begin:
    """`begin("Title,Amount\\nA,1\\n")`: a file taken in, its columns guessed."""

    def take(content: str | bytes, **options: Any) -> ImportJob:
        raw = content.encode() if isinstance(content, str) else content
        return begin_import(process, name="file.csv", content=raw, actor=options.get("actor", actor))

    return take


def checked(job: ImportJob, actor: Actor, **plan: Any) -> ImportJob:
    """The job after its check, its columns as guessed unless `targets` says otherwise."""
    job = plan_import(job, actor=actor, **{"targets": job.targets, **plan})
    check_import(job, actor=actor)
    work_through(job.pk)
    job.refresh_from_db()
    return job


def imported(job: ImportJob, actor: Actor, **plan: Any) -> ImportJob:
    """The job after its run."""
    job = checked(job, actor, **plan)
    assert job.state == ImportJob.State.CHECKED, job.error
    run_import(job, actor=actor)
    work_through(job.pk)
    job.refresh_from_db()
    return job


def counts(job: ImportJob) -> tuple[int, int, int]:
    """New, updated, rejected; which are all that was read."""
    assert job.position == job.created + job.updated + job.rejected
    return job.created, job.updated, job.rejected


def rows_in(process: Process) -> list[Any]:
    """The records of the process in order of their ids."""
    return list(model_for(definition_of(process)).objects.order_by("pk"))


def reasons(job: ImportJob) -> Iterator[tuple[int, str | None, str]]:
    """Row, header and words of everything that was rejected."""
    for problem in job.problems.order_by("row"):
        for reason in problem.reasons:
            column = reason["column"]
            yield problem.row, None if column is None else job.headers[column], reason["message"]
