"""A process that asks a question of every type there is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from api.throttling import buckets
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.definition_types import Definition
from processes.drafts import FieldDraft
from processes.field_types.rollup import ROLLUP
from processes.fieldtype import field_types
from processes.models import Operation, Process
from processes.operations import add_field, set_grants
from processes.relations import LINKED
from records.operations import create_record
from records.recalculation.renewing import Cause, renew_records
from records.typed import TypedRecord, model_for
from tests.api.conftest import ApiClient, client_of
from tests.contracts.samples import Sample, World, make_departments, make_people, samples
from tests.factories import make_process, make_role, make_user, signed_in

EVERYTHING = dict.fromkeys(Operation.values, 5)


@dataclass(frozen=True)
class House:
    """The process, whom it serves, and values of every type."""

    process: Process
    person: User
    samples: Mapping[str, Sample]

    @property
    def definition(self) -> Definition:
        """As it is now."""
        return definition_of(self.process)

    @property
    def writable(self) -> list[str]:
        """Keys of the fields (which are called like their types) that people write, values of which may be shared."""
        fields = [field for field in self.definition.fields if not field.type.is_computed]
        return [field.key for field in fields if self.samples[field.key].is_shared]

    def api(self) -> ApiClient:
        """A program with the person's rights."""
        return client_of(self.person)

    def browser(self) -> Client:
        """The person's pages."""
        return signed_in(self.person)

    def make(self, values: Mapping[str, Any], title: str = "Record") -> TypedRecord:
        """A record with these values by field key."""
        row = create_record(self.process.pk, values={"title": title, **values}, actor=SYSTEM)
        renew_records(self.process.pk, [row.pk], Cause(root_id=None, depth=0, is_quiet=True))
        return model_for(self.definition).objects.get(pk=row.pk)


@pytest.fixture
def house(db: None) -> House:
    """One field of each type, its key `q_` and the type's key; somebody who may do everything with records."""
    buckets.clear()
    other = make_process()
    linked = [
        create_record(other.pk, values={"title": title, "amount": 12.5}, actor=SYSTEM).pk
        for title in ("Первая", "O'Two; <b>")
    ]
    found = samples(World(make_people(), make_departments(), other.pk, linked))
    assert found.keys() == set(field_types.keys()), "every field type has samples, and nothing else has"
    fields = [
        FieldDraft(f"Field {key}", key, key=f"q_{key}", on_card=True, settings=sample.settings)
        for key, sample in found.items()
    ]
    process = make_process(fields=[field for field in fields if field.type not in LINKED])
    ids = {field.key: field.id for one in (other, process) for field in definition_of(one).fields}
    for field in fields:
        if field.type in LINKED:
            settings = {name: ids.get(said, said) for name, said in field.settings.items()}
            if field.type == ROLLUP:
                settings["relation"] = f"to:{settings['relation']}"
            add_field(process, replace(field, settings=settings), actor=SYSTEM)
    person = make_user("Vera")
    role = make_role(people=(person,)).pk
    set_grants(process, {role: EVERYTHING}, actor=SYSTEM)
    set_grants(other, {role: EVERYTHING}, actor=SYSTEM)
    return House(process, person, {f"q_{key}": sample for key, sample in found.items()})
