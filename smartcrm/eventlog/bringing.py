"""A log becomes a living process: definition, people, departments, rights and the past of every case."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.models import Role, User
from accounts.operations import PastPerson, add_past_people, create_role
from core.actor import Actor
from core.errors import Conflict
from core.text import key_from
from processes.models import Operation, Process, Scope
from processes.operations import create_process, set_grants
from records.operations import Past, Step, write_history
from smartcrm.eventlog.reading import Log, LogCase, LogError
from smartcrm.eventlog.shaping import Shape, shape_of

EMPLOYEE = "employee"
"""Key of the role that may look at the process."""
MAY_LOOK: Mapping[str, int] = {Operation.VIEW: Scope.ALL, Operation.HISTORY: Scope.ALL}


@dataclass(frozen=True, slots=True)
class Brought:
    """What a log has become."""

    process: Process
    shape: Shape
    cases: int
    events: int
    people: int
    departments: int


@transaction.atomic
def bring_log(
    log: Log, *, name: str, actor: Actor, key: str = "", noun: str = "case", plural: str = "cases"
) -> Brought:
    """Make a process of a log and write its cases with their past, all or nothing.

    Raises LogError for a log without a case, Conflict where the process stands already, and what the operations raise.
    """
    if not log.cases:
        raise LogError("There is no event in the file that can be taken.")
    key = key or key_from(name, fallback="process")
    if Process.objects.filter(key=key).exists():
        raise Conflict(f"There is a process “{key}” already. Give another --key.")
    shape = shape_of(log)
    draft = shape.draft(name=name, key=key, noun=noun, noun_plural=plural)
    process = create_process(draft, actor=actor)
    set_grants(process, {_employees(actor).pk: MAY_LOOK}, actor=actor)
    people = _people(log, key, actor)
    write_history(process, [_past(case, shape, people) for case in log.cases], actor=actor)
    return Brought(
        process=process,
        shape=shape,
        cases=len(log.cases),
        events=log.events,
        people=len(people),
        departments=len({user.department_id for user in people.values()} - {None}),
    )


def _employees(actor: Actor) -> Role:
    return Role.objects.filter(key=EMPLOYEE).first() or create_role(name="Employee", key=EMPLOYEE, actor=actor)


def _people(log: Log, key: str, actor: Actor) -> dict[str, User]:
    """Everybody in the log, by the name it has for them; whom it calls by an e-mail address that is known is known."""
    groups: dict[str, Counter[str]] = {}
    for case in log.cases:
        groups.setdefault(case.assignee, Counter())
        for event in case.events:
            groups.setdefault(event.person, Counter()).update([event.group] if event.group else [])
    groups.pop("", None)
    people: dict[str, PastPerson] = {}
    taken: set[str] = set()
    for name, counts in sorted(groups.items()):
        local = key_from(name, taken=taken, fallback="person")
        taken.add(local)
        email = name if "@" in name else f"{local}@{key.replace('_', '-')}.invalid"
        people[name] = PastPerson(email, name, counts.most_common(1)[0][0] if counts else "")
    users = add_past_people(list(people.values()), actor=actor)
    return {name: users[person.email] for name, person in people.items()}


def _past(case: LogCase, shape: Shape, people: Mapping[str, User]) -> Past:
    def id_of(name: str) -> int | None:
        return people[name].pk if name else None

    values: dict[str, Any] = {}
    for question in shape.questions:
        if cell := case.attributes[question.column]:
            values[question.draft.key] = question.value(cell)
    steps = [Step(shape.stage_keys[event.activity], event.at, id_of(event.person)) for event in case.events]
    return Past(steps=steps, title=case.name, values=values, assignee_id=id_of(case.assignee))
