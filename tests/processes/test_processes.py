"""Making and changing processes: all or nothing, and bad input answered by name."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from core.actor import SYSTEM
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from processes.definition import definition_of
from processes.drafts import FieldDraft, StageDraft
from processes.models import Operation, Process, Scope, Stage
from processes.operations import (
    add_field,
    add_stage,
    archive_process,
    remove_stage,
    reorder_fields,
    reorder_stages,
    set_grants,
    set_moves,
    update_stage,
)
from processes.permissions import access_for, accesses_for
from records.models import Record
from records.operations import create_record, move_record
from tests.factories import actor_of, make_admin, make_process, make_role, make_user

pytestmark = pytest.mark.django_db


def relations() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relname ~ '^(records_p[0-9]+|requests_[0-9]+)$'")
        return {row[0] for row in cursor.fetchall()}


def test_rolled_back_creation_leaves_nothing() -> None:
    before = relations()
    with pytest.raises(ZeroDivisionError), transaction.atomic():  # noqa: PT012
        process = make_process()
        assert relations() > before
        create_record(process, values={"title": "x"}, actor=SYSTEM)
        raise ZeroDivisionError
    assert relations() == before
    assert not Process.objects.filter(pk=process.pk).exists()
    with pytest.raises(NotFound):
        definition_of(process.pk)


def test_failure_half_way_leaves_nothing() -> None:
    before = relations()
    fields = (FieldDraft("Good", "text"), FieldDraft("Bad", "choice"))
    with pytest.raises(Invalid) as caught:
        make_process(fields=fields)
    assert list(caught.value.fields) == ["fields.1.options"]
    assert relations() == before
    assert not Process.objects.exists()


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"name": "x" * 10_000}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": " "}, "name"),
        ({"key": "Capital"}, "key"),
        ({"key": "select"}, None),
        ({"key": "record"}, "key"),
        ({"key": "drop table"}, "key"),
        ({"color": "mauve"}, "color"),
        ({"stages": (StageDraft("Done", Stage.Kind.WON),), "moves": None}, "stages"),
        ({"stages": (StageDraft("A", key="a"), StageDraft("B", key="a")), "moves": None}, "stages.1.key"),
        ({"fields": (FieldDraft("A", "text", key="a"), FieldDraft("B", "text", key="a"))}, "fields.1.key"),
        ({"fields": (FieldDraft("A", "text", key="stage"),)}, "fields.0.key"),
        ({"fields": (FieldDraft("A", "poem"),)}, "fields.0.type"),
        ({"fields": (FieldDraft("L" * 101, "text"),)}, "fields.0.label"),
        ({"moves": (("received", "nowhere"),)}, "moves"),
        ({"grants": {10**9: {"view": 5}}}, "roles"),
    ],
)
def test_bad_draft_is_refused_by_name(changes: dict[str, Any], place: str | None) -> None:
    if place is None:
        assert make_process(**changes).key == changes["key"]  # an SQL word is no danger and no reserved key
        return
    with pytest.raises(Invalid) as caught:
        make_process(**changes)
    assert list(caught.value.fields) == [place]
    assert not Process.objects.exists()


def test_key_is_made_from_a_russian_name() -> None:
    process = make_process(name="Заявки на закупку", fields=(FieldDraft("Дата заявки", "date"),))
    assert process.key == "zayavki_na_zakupku"
    assert definition_of(process).fields[0].key == "data_zayavki"


def test_duplicate_key_is_refused() -> None:
    make_process(key="requests")
    with pytest.raises(Invalid):
        make_process(key="requests")


def test_only_administrators_create_processes() -> None:
    with pytest.raises(NotAllowed):
        make_process(actor_of(make_user()))


def test_new_process_is_closed_to_everybody_but_its_author_and_administrators() -> None:
    admin = make_admin()
    process = make_process(actor_of(admin))
    assert access_for(actor_of(admin), process).can(Operation.DESIGN)
    stranger = make_user()
    make_role(people=(stranger,))
    assert not accesses_for(actor_of(stranger))


def test_grant_and_its_revocation_work_at_once() -> None:
    process, person = make_process(), make_user()
    role = make_role(people=(person,))
    set_grants(process, {role.pk: {Operation.VIEW: Scope.ALL}}, actor=SYSTEM)
    assert access_for(actor_of(person), process.pk).can(Operation.VIEW)
    set_grants(process, {role.pk: {}}, actor=SYSTEM)
    assert not access_for(actor_of(person), process.pk).can(Operation.VIEW)


def test_process_wide_right_takes_no_scope() -> None:
    process, role = make_process(), make_role()
    with pytest.raises(Invalid):
        set_grants(process, {role.pk: {Operation.DESIGN: Scope.OWN}}, actor=SYSTEM)


def test_designer_needs_the_right() -> None:
    process, person = make_process(), make_user()
    role = make_role(people=(person,))
    set_grants(process, {role.pk: {Operation.VIEW: Scope.ALL}}, actor=SYSTEM)
    actor = actor_of(person)
    attempts: list[Callable[[], object]] = [
        lambda: add_field(process, FieldDraft("A", "text"), actor=actor),
        lambda: add_stage(process.pipelines.get(), StageDraft("A"), actor=actor),
        lambda: set_grants(process, {role.pk: {Operation.VIEW: Scope.ALL}}, actor=actor),
        lambda: archive_process(process, actor=actor),
    ]
    for attempt in attempts:
        with pytest.raises(NotAllowed):
            attempt()


def test_stage_with_records_is_not_removed() -> None:
    process = make_process()
    row = create_record(process, values={}, actor=SYSTEM)
    received = Stage.objects.get(pk=row.stage_id)
    with pytest.raises(Conflict):
        remove_stage(received, actor=SYSTEM)
    with pytest.raises(Conflict):
        update_stage(received, actor=SYSTEM, name="Received", kind=Stage.Kind.LOST, color="red")


def test_new_stage_can_be_reached_at_once_where_any_move_is_allowed() -> None:
    process = make_process(moves=None)
    row = create_record(process, values={}, actor=SYSTEM)
    stage = add_stage(process.pipelines.get(), StageDraft("Paused"), actor=SYSTEM)
    assert move_record(process, row.pk, to="paused", actor=SYSTEM).stage_id == stage.pk == Record.objects.get().stage_id


def test_listed_moves_replace_the_old_map() -> None:
    process = make_process(moves=None)
    set_moves(process.pipelines.get(), [("received", "rejected")], actor=SYSTEM)
    pipeline = definition_of(process).default_pipeline
    received, rejected = pipeline.stages[0].id, pipeline.stages[3].id
    assert pipeline.targets[received] == {rejected}
    assert pipeline.targets[rejected] == frozenset()


def test_reordering_names_everything_once() -> None:
    process = make_process()
    keys = list(definition_of(process).field_by_key)
    reorder_fields(process, keys[::-1], actor=SYSTEM)
    assert list(definition_of(process).field_by_key) == keys[::-1]
    with pytest.raises(Invalid):
        reorder_fields(process, keys[:-1], actor=SYSTEM)
    with pytest.raises(Invalid):  # a closed stage cannot come first
        reorder_stages(process.pipelines.get(), ["completed", "received", "in_work", "rejected"], actor=SYSTEM)


def test_archived_process_keeps_its_records_but_takes_no_changes() -> None:
    process = make_process()
    row = create_record(process, values={}, actor=SYSTEM)
    archive_process(process, actor=SYSTEM)
    with pytest.raises(Conflict):
        move_record(process, row.pk, to="in_work", actor=SYSTEM)
    assert Record.objects.filter(pk=row.pk).exists()


def test_definition_is_read_with_one_query_when_cached(django_assert_num_queries: Any) -> None:
    process = make_process()
    definition_of(process.pk)
    with django_assert_num_queries(1):
        definition_of(process.pk)
