"""Rights against a slow and obvious oracle: random roles, stages, departments and records; every door's rows alike."""

import json
import random
from dataclasses import dataclass, field

import pytest

from accounts.models import Department, Role, User
from accounts.operations import assign_role, create_role, create_service_token
from accounts.queries import actor_for, actor_of_token
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.models import FieldLevel, Operation, Process, Scope
from processes.models.access import PROCESS_WIDE
from processes.operations import add_pipeline, set_field_grants, set_grants
from processes.permissions import access_for
from records.models import Record
from records.operations import create_record
from records.queries.why import why_for
from records.typed import model_for
from tests.factories import make_process, make_user

CASES = 2_000
OF_RECORDS = sorted(set(Operation.values) - PROCESS_WIDE)


@dataclass
class World:
    """What the oracle knows, in plain Python."""

    parents: dict[int, int | None] = field(default_factory=dict)
    home: dict[int, int | None] = field(default_factory=dict)
    """Person → department."""
    roles: dict[int, set[int]] = field(default_factory=dict)
    """Person → roles."""
    general: dict[int, dict[str, int]] = field(default_factory=dict)
    differing: dict[int, dict[str, dict[int, int]]] = field(default_factory=dict)
    """Role → operation → stage → scope."""
    by_pipeline: dict[int, dict[str, dict[int, int]]] = field(default_factory=dict)
    """Role → operation → pipeline → scope."""
    closed: set[int] = field(default_factory=set)
    """Pipelines in which a role has what it is given there alone."""
    levels: dict[int, dict[int, dict[int | None, int]]] = field(default_factory=dict)
    """Role → field → stage (None: where none differs) → level."""

    def may(self, person: int, operation: str, record: Record) -> bool:
        """Whether any of the person's roles allows it, said as access.md says it."""
        return any(self._role_allows(person, role, operation, record) for role in self.roles[person])

    def reads(self, person: int, its_field: int, record: Record) -> bool:
        """Whether any one role shows the person this record, and this field of it."""
        return any(
            self._role_allows(person, role, Operation.VIEW, record)
            and self._level(role, its_field, record.stage_id) >= FieldLevel.READ
            for role in self.roles[person]
        )

    def edits(self, person: int, its_field: int, record: Record) -> bool:
        """Whether the person reads it, and any one role lets them change this record, and this field of it."""
        return self.reads(person, its_field, record) and any(
            self._role_allows(person, role, Operation.UPDATE, record)
            and self._level(role, its_field, record.stage_id) == FieldLevel.EDIT
            for role in self.roles[person]
        )

    def _level(self, role: int, its_field: int, stage: int) -> int:
        said = self.levels.get(role, {}).get(its_field, {})
        return said[stage] if stage in said else said.get(None, FieldLevel.EDIT)

    def _role_allows(self, person: int, role: int, operation: str, record: Record) -> bool:
        scope = self.differing.get(role, {}).get(operation, {}).get(record.stage_id)
        if scope is None:
            scope = self.by_pipeline.get(role, {}).get(operation, {}).get(record.pipeline_id)
        if scope is None and record.pipeline_id in self.closed:
            scope = Scope.NONE
        if scope is None:
            scope = self.general.get(role, {}).get(operation, Scope.NONE)
        if scope >= 8:
            if record.assignee_id is None:
                return True
            scope -= 8
        if scope == Scope.ALL:
            return True
        if scope == Scope.NONE:
            return False
        if person in (record.assignee_id, record.author_id):
            return True
        if scope >= Scope.OBSERVED and person in (record.observer_ids or []):
            return True
        if record.department_id is None or self.home[person] is None:
            return False
        if scope == Scope.DEPARTMENT:
            return record.department_id == self.home[person]
        return scope == Scope.BELOW and self._is_below(record.department_id, self.home[person])

    def _is_below(self, department: int | None, top: int | None) -> bool:
        while department is not None:
            if department == top:
                return True
            department = self.parents[department]
        return False


def make_world(dice: random.Random) -> tuple[World, list[User]]:
    world = World()
    departments: list[Department] = []
    for number in range(dice.randint(1, 6)):
        parent = dice.choice([None, *departments])
        departments.append(Department.objects.create(name=f"D{number}", parent=parent))
        world.parents[departments[-1].pk] = parent.pk if parent else None
    people = [make_user(department=dice.choice([None, *departments])) for _ in range(4)]
    for person in people:
        world.home[person.pk] = person.department_id
        world.roles[person.pk] = set()
    return world, people


def give_roles(dice: random.Random, world: World, people: list[User]) -> list[Role]:
    roles = [create_role(name=f"Role {dice.random()}", actor=SYSTEM) for _ in range(3)]
    for person in people:
        for role in dice.sample(roles, dice.randint(0, 2)):
            assign_role(role, to=person, actor=SYSTEM)
            world.roles[person.pk].add(role.pk)
    return roles


def compare_service(dice: random.Random, world: World, process: Process, records: list[Record]) -> None:
    """A program that works for itself, which the oracle knows under a number that is no person's."""
    roles = dice.sample(list(Role.objects.filter(pk__in=world.general)), 2)
    token, _secret = create_service_token(name="Program", scopes=["read", "write"], roles=roles, actor=SYSTEM)
    world.home[-token.pk], world.roles[-token.pk] = None, {role.pk for role in roles}
    access = access_for(actor_of_token(token.pk), process)
    typed = model_for(access.definition)
    sees = {record.pk for record in records if world.may(-token.pk, Operation.VIEW, record)}
    assert set(Record.objects.filter(process=process).visible_to([access]).values_list("pk", flat=True)) == sees
    for operation in OF_RECORDS:
        expected = {record.pk for record in records if world.may(-token.pk, operation, record)}
        assert set(typed.objects.visible_to(access, operation).values_list("pk", flat=True)) == expected & sees
        assert {row.pk for row in typed.objects.all() if access.covers(operation, row)} == expected


def grant(dice: random.Random, world: World, process: Process, roles: list[Role]) -> None:
    stages, pipelines = list(definition_of(process).stage_by_id), list(definition_of(process).pipeline_by_id)
    for role in roles:
        world.general[role.pk] = {operation: dice.choice(Scope.values) for operation in OF_RECORDS}
        world.differing[role.pk] = {
            operation: {stage: dice.choice(Scope.values) for stage in dice.sample(stages, dice.randint(0, 3))}
            for operation in OF_RECORDS
        }
        world.by_pipeline[role.pk] = {
            operation: {pipeline: dice.choice(Scope.values) for pipeline in pipelines[1:] if dice.random() < 0.5}
            for operation in OF_RECORDS
        }
    set_grants(process, world.general, actor=SYSTEM, differing=world.differing, pipelines=world.by_pipeline)


def add_pipelines(dice: random.Random, world: World, process: Process) -> None:
    """A second and a third pipeline, closed or open."""
    for name in ("Second", "Third"):
        pipeline = add_pipeline(process, name=name, is_open=dice.random() < 0.5, actor=SYSTEM)
        if not pipeline.is_open:
            world.closed.add(pipeline.pk)


def limit(dice: random.Random, world: World, process: Process, roles: list[Role]) -> None:
    """Some roles get less than the record's rights on some fields."""
    definition = definition_of(process)
    for role in roles:
        world.levels[role.pk] = {
            its_field.id: {
                stage: dice.choice(FieldLevel.values)
                for stage in dice.sample([None, *definition.stage_by_id], dice.randint(0, 2))
            }
            for its_field in dice.sample(definition.fields, dice.randint(0, len(definition.fields)))
        }
    set_field_grants(process, world.levels, actor=SYSTEM)


def make_records(dice: random.Random, process: Process, people: list[User]) -> list[Record]:
    stages = list(definition_of(process).stage_by_id)
    author = [SYSTEM, *(actor_for(person) for person in people)]
    for number in range(12):
        assignee = dice.choice([None, *people])
        values = {
            "title": f"R{number}",
            "assignee": assignee.pk if assignee else None,
            "observers": [person.pk for person in dice.sample(people, dice.randint(0, 2))],
            "amount": dice.choice([None, *range(5)]),
            "source": dice.choice([None, "site", "phone"]),
            "responsible": dice.choice([None, *(person.pk for person in people)]),
            "comment": dice.choice([None, "soon", "later"]),
        }
        row = create_record(process.pk, values=values, stage=dice.choice(stages), actor=SYSTEM)
        made_by = dice.choice(author).user_id
        for table in (model_for(definition_of(process)), Record):
            table.objects.filter(pk=row.pk).update(author_id=made_by)
    return list(Record.objects.filter(process=process))


@pytest.mark.django_db
def test_rights_equal_the_oracle_in_typed_table_catalogue_and_row_by_row() -> None:
    seed = random.randrange(10**6)
    dice = random.Random(seed)
    cases = allowed = 0
    while cases < CASES:
        process = make_process()
        world, people = make_world(dice)
        add_pipelines(dice, world, process)
        grant(dice, world, process, give_roles(dice, world, people))
        records = make_records(dice, process, people)
        for person in people:
            access = access_for(actor_for(person), process)
            typed = model_for(access.definition)
            sees = {record.pk for record in records if world.may(person.pk, Operation.VIEW, record)}
            in_catalogue = Record.objects.filter(process=process).visible_to([access]).values_list("pk", flat=True)
            assert set(in_catalogue) == sees, (seed, person.pk)
            for operation in OF_RECORDS:
                expected = {r.pk for r in records if world.may(person.pk, operation, r)}
                rows = typed.objects.visible_to(access, operation).values_list("pk", flat=True)
                assert set(rows) == expected & sees, (seed, person.pk, operation)
                covered = {row.pk for row in typed.objects.all() if access.covers(operation, row)}
                assert covered == expected, (seed, person.pk, operation)
                assert access.can(operation) or not expected, (seed, person.pk, operation)
                cases, allowed = cases + 1, allowed + bool(expected)
            operation, asked = dice.choice(OF_RECORDS), dice.choice(records)
            why = why_for(access_for(SYSTEM, process), person, operation, record_id=asked.pk)
            wanted = asked.pk in sees and world.may(person.pk, operation, asked)
            assert why.is_allowed == wanted, (seed, person.pk, operation, asked.pk)
        compare_service(dice, world, process, records)
    print(json.dumps({"test": "F21", "seed": seed, "cases": cases, "with_records": allowed, "differences": 0}))
    assert allowed > cases // 3
