"""Leaks that no other test of this folder shows: see the index in `tests/security/__init__.py`."""

import re

import pytest
from django.urls import reverse

from core.actor import SYSTEM
from processes.drafts import FieldDraft
from processes.models import Field, Operation, Scope
from processes.operations import set_grants, update_field
from records.exchange.worker import work_through
from records.operations import create_record
from records.operations.imports import begin_import, check_import, plan_import
from records.queries.imports import problems_of, rejected_csv
from tests.factories import actor_of, make_admin, make_process, make_role, make_user, signed_in

pytestmark = pytest.mark.django_db


def test_verdicts_of_an_import_speak_of_no_record_that_one_does_not_see() -> None:
    """A value that is taken is told as taken; whether a number is of somebody else's record or of none is not told."""
    process, person = make_process(fields=(FieldDraft("Code", "text", key="code"),)), make_user("Importer")
    update_field(Field.objects.get(process=process), changes={"is_unique": True}, actor=SYSTEM)
    own = dict.fromkeys((Operation.VIEW, Operation.UPDATE), Scope.OWN)
    wide = dict.fromkeys((Operation.CREATE, Operation.IMPORT), Scope.ALL)
    set_grants(process, {make_role(people=(person,)).pk: {**own, **wide}}, actor=SYSTEM)
    foreign = create_record(process, values={"title": "Foreign words", "code": "A7"}, actor=SYSTEM)
    me = actor_of(person)

    def verdicts(content: str, targets: list[str], key: str = "") -> list[str]:
        job = begin_import(process, name="f.csv", content=content.encode(), actor=me)
        plan_import(job, targets=targets, key=key, actor=me)
        check_import(job, actor=me)
        work_through(job.pk)
        job.refresh_from_db()
        said = [str(reason["message"]) for row in problems_of(job).items for reason in row.reasons]
        assert not re.search(rf"Foreign words|\b{foreign.pk}\b", " ".join(said))
        assert "Foreign words" not in "".join(rejected_csv(job))
        return said

    assert verdicts("Title,Code\nNew,A7\n", ["title", "code"]) == ["Another record has this value."]
    [there] = verdicts(f"id,Title\n{foreign.pk},New\n", ["id", "title"], "id")
    [absent] = verdicts(f"id,Title\n{10**9},New\n", ["id", "title"], "id")
    assert there == absent


def test_openapi_knows_only_the_processes_that_one_sees() -> None:
    closed, seen = make_process(name="Closed affairs"), make_process(name="Open affairs")
    person = make_user()
    set_grants(seen, {make_role(people=(person,)).pk: {Operation.VIEW: Scope.ALL}}, actor=SYSTEM)
    for reader, is_told in ((person, False), (make_admin(), True)):
        text = signed_in(reader).get(reverse("api-openapi")).content.decode()
        assert seen.key in text
        assert (closed.key in text, "Closed affairs" in text) == (is_told, is_told and "Open affairs" in text)
