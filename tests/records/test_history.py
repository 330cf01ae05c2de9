"""The past written in bulk is the same as the past lived through the ordinary operations."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import User
from core.actor import SYSTEM, Actor
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from events.models import Event
from processes.definition import definition_of
from processes.models import Process
from processes.operations import archive_process, set_grants
from processes.operations.changing import lock_for_writing
from processes.permissions import access_for
from records.models import Record, StageVisit
from records.operations import Past, Step, create_record, history, move_record, write_history, writing
from records.queries.card import card_for
from records.queries.timeline import timeline_page
from records.typed import model_for
from tests.factories import EMPLOYEE, actor_of, make_admin, make_process, make_role, make_user

pytestmark = pytest.mark.django_db

DAWN = datetime(2011, 3, 1, 8, 0, tzinfo=UTC)
WALKS = (
    ("received", "in_work", "completed"),
    ("received", "in_work", "received", "in_work", "rejected"),
    ("received",),
    ("received", "in_work", "in_work"),
    ("received", "rejected"),
    ("received", "in_work", "completed", "in_work", "completed"),
    ("received", "in_work"),
)
"""Closed and reopened, entered again, put on top of its own column, left where it began."""


def at(hours: float) -> datetime:
    return DAWN + timedelta(hours=hours)


def pasts(people: list[User]) -> list[Past]:
    """Seven lives that overlap: each begins three hours after the one before and takes five a step."""
    return [
        Past(
            steps=[
                Step(stage, at(3 * number + 5 * place), people[(number + place) % len(people)].pk)
                for place, stage in enumerate(walk)
            ],
            title=f"Case {number}" if number else "",
            values={"amount": number * 10, "source": "site", "request_date": "2011-03-01"} if number % 2 else {},
            assignee_id=people[number % len(people)].pk if number != 4 else None,
        )
        for number, walk in enumerate(WALKS)
    ]


@pytest.fixture
def people() -> list[User]:
    return [make_user(name) for name in ("Anna", "Boris", "Clara")]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[datetime]]:
    """The time that writers take for now; they lock and read the version as ever."""
    hands = [DAWN]

    def lock(process_id: int) -> tuple[int | None, datetime]:
        return lock_for_writing(process_id)[0], hands[0]

    monkeypatch.setattr(writing, "lock_for_writing", lock)
    yield hands
    monkeypatch.undo()


def live(process: Process, lives: list[Past], clock: list[datetime]) -> list[int]:
    """The same lives through create_record and move_record, in the order of time; the ids of the records."""
    ids: dict[int, int] = {}
    steps = sorted(
        ((step, number) for number, past in enumerate(lives) for step in past.steps), key=lambda pair: pair[0].at
    )
    for step, number in steps:
        clock[0] = step.at
        actor = person(step.person_id)
        if number in ids:
            move_record(process, ids[number], to=step.stage, actor=actor)
        else:
            past = lives[number]
            values = {**past.values, "title": past.title, "assignee": past.assignee_id}
            ids[number] = create_record(process, values=values, actor=actor, stage=step.stage).pk
    return [ids[number] for number in range(len(lives))]


def person(user_id: int | None) -> Actor:
    """Somebody with every right, so that the map alone decides."""
    user = User.objects.get(pk=user_id)
    return Actor(kind=actor_of(user).kind, label=user.name, user_id=user.pk, is_admin=True)


def rows_of(process: Process, ids: list[int]) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that speaks of the records, ids of rows told by their number."""
    number = {record_id: place for place, record_id in enumerate(ids)}
    visits = list(StageVisit.objects.filter(process_id=process.pk).order_by("entered_at", "id"))
    place_of_visit = {visit.pk: place for place, visit in enumerate(visits)}
    names = {stage.id: stage.key for stage in definition_of(process).stage_by_id.values()}
    columns = {field.attname: field.key for field in definition_of(process).fields}

    def told(row: dict[str, Any]) -> dict[str, Any]:
        """One row with stages by key, records and visits by number, titles without the id."""
        plain: dict[str, Any] = {}
        for key, value in row.items():
            if key in ("id", "process_id", "pipeline_id", "pipeline", "seq", "search", "quiet"):
                continue
            if key == "record_id":
                value = number[value]
            elif key in ("stage_id", "stage", "from") and isinstance(value, int):
                value = names[value]
            elif key == "visit":
                value = place_of_visit[value]
            elif key == "changes" and "pipeline" in value:
                value = told({name: after for name, (_before, after) in value.items()})
            elif key == "changes":
                value = {name: [names[stage] for stage in pair] for name, pair in value.items()}
            elif isinstance(value, dict):
                value = told(value)
            elif key == "title" and value.startswith("Request "):
                value = "Request #"
            plain[columns.get(key, key)] = value
        return plain

    typed = model_for(definition_of(process)).objects.order_by("created_at")
    events = Event.objects.filter(process_id=process.pk, record_id__in=ids)
    return {
        "catalogue": [told(row) for row in Record.objects.filter(process=process).order_by("created_at").values()],
        "typed": [told(row) for row in typed.values()],
        "visits": [told(row) for row in StageVisit.objects.filter(process_id=process.pk).order_by("id").values()],
        "events": [told({k: v for k, v in row.items() if k != "at"}) for row in events.order_by("id").values()],
    }


def test_history_gives_the_rows_that_the_same_moves_give_when_they_are_made(
    people: list[User], clock: list[datetime]
) -> None:
    lived, written = make_process(), make_process()
    lives = pasts(people)
    lived_ids = live(lived, lives, clock)
    clock[0] = datetime(2026, 1, 1, tzinfo=UTC)
    written_ids = write_history(written, lives, actor=SYSTEM)
    expected, found = rows_of(lived, lived_ids), rows_of(written, written_ids)
    assert len(expected["events"]) == sum(len(walk) for walk in WALKS)
    for table in ("catalogue", "typed", "visits", "events"):
        assert found[table] == expected[table], table


def test_history_gives_the_same_rows_when_it_takes_several_chunks(
    people: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, in_parts = make_process(), make_process()
    ids = write_history(whole, pasts(people), actor=SYSTEM)
    monkeypatch.setattr(history, "CHUNK", 2)
    ids_in_parts = write_history(in_parts, pasts(people), actor=SYSTEM)
    expected, found = rows_of(whole, ids), rows_of(in_parts, ids_in_parts)
    assert found["typed"] == expected["typed"]
    assert found["catalogue"] == expected["catalogue"]
    assert Event.objects.filter(kind="history.written", process_id=in_parts.pk).count() == 4


def test_events_of_the_past_have_their_own_times_people_and_are_quiet(people: list[User]) -> None:
    process = make_process()
    past = pasts(people)[1]
    (record_id,) = write_history(process, [past], actor=SYSTEM)
    told = Event.objects.filter(record_id=record_id).order_by("id")
    assert [(event.at, event.actor_user_id) for event in told] == [(step.at, step.person_id) for step in past.steps]
    assert [event.actor_label for event in told] == ["Boris", "Clara", "Anna", "Boris", "Clara"]
    assert {event.data["quiet"] for event in told} == {True}


def test_timeline_tells_who_moved_what_when(people: list[User]) -> None:
    process = make_process()
    (record_id,) = write_history(process, [pasts(people)[0]], actor=SYSTEM)
    page = timeline_page(access_for(SYSTEM, definition_of(process)), record_id)
    told = [(entry.who, entry.at, [change.after for change in entry.changes]) for entry in page.entries]
    assert told == [("Clara", at(10), ["Completed"]), ("Boris", at(5), ["In work"]), ("Anna", at(0), [])]


def test_card_knows_how_long_the_record_stood_in_each_stage(people: list[User]) -> None:
    process = make_process()
    again, closed = pasts(people)[1], pasts(people)[0]
    open_again = Past([*again.steps[:3]], title="Open")
    ids = write_history(process, [again, closed, open_again], actor=SYSTEM)
    access = access_for(SYSTEM, definition_of(process))
    spent = [{step.stage.key: step.time_spent for step in card_for(access, record_id).steps} for record_id in ids]
    hours = timedelta(hours=5)
    assert spent[0] == {"received": 2 * hours, "in_work": 2 * hours, "rejected": timedelta(), "completed": None}
    assert spent[1] == {"received": hours, "in_work": hours, "completed": timedelta(), "rejected": None}
    assert spent[2]["in_work"] == hours
    assert spent[2]["received"] > timedelta(days=365 * 15)


def test_deactivated_people_keep_their_past(people: list[User]) -> None:
    User.objects.update(is_active=False)
    process = make_process()
    (record_id,) = write_history(process, [pasts(people)[0]], actor=SYSTEM)
    assert Record.objects.get(pk=record_id).assignee == people[0]


def test_a_step_of_nobody_known_is_told_as_such(people: list[User]) -> None:
    process = make_process()
    (record_id,) = write_history(process, [Past([Step("received", at(0))], title="Case")], actor=SYSTEM)
    event = Event.objects.get(record_id=record_id)
    assert (event.actor_kind, event.actor_label, event.actor_user_id) == ("import", "Unknown", None)
    assert Record.objects.get(pk=record_id).author is None


def test_todays_moves_and_required_fields_do_not_bind_the_past(people: list[User]) -> None:
    process = make_process()
    steps = [Step("received", at(0)), Step("completed", at(1)), Step("rejected", at(2))]
    (record_id,) = write_history(process, [Past(steps, title="Case")], actor=SYSTEM)
    assert model_for(definition_of(process)).objects.get(pk=record_id).closed_at == at(2)


@pytest.mark.parametrize(
    ("past", "words"),
    [
        (Past([], title="Case"), "begins with a step"),
        (Past([Step("received", at(1)), Step("in_work", at(0))]), "order of their times"),
        (Past([Step("received", datetime(2011, 1, 1))]), "offset"),
        (Past([Step("received", datetime(2999, 1, 1, tzinfo=UTC))]), "in the future"),
        (Past([Step("nowhere", at(0))]), "no such stage"),
        (Past([Step("received", at(0), 10**9)]), "no such person"),
        (Past([Step("received", at(0))], assignee_id=10**9), "no such person"),
        (Past([Step("received", at(0))], values={"title": "Twice"}), "beside the values"),
        (Past([Step("received", at(0))], values={"amount": "much"}), "number"),
    ],
)
def test_write_history_refuses_a_wrong_past_by_its_number_and_writes_nothing(past: Past, words: str) -> None:
    process = make_process()
    with pytest.raises(Invalid) as caught:
        write_history(process, [Past([Step("received", at(0))], title="Good"), past], actor=SYSTEM)
    ((place, messages),) = caught.value.fields.items()
    assert place.startswith("1.")
    assert words in str(messages[0])
    assert not Record.objects.exists()
    assert not Event.objects.filter(kind__startswith="record.").exists()


def test_only_administrators_write_history() -> None:
    process = make_process()
    person = make_user()
    set_grants(process, {make_role(people=(person,)).pk: EMPLOYEE | {"import": 5}}, actor=SYSTEM)
    with pytest.raises(NotAllowed):
        write_history(process, [Past([Step("received", at(0))])], actor=actor_of(person))
    assert len(write_history(process, [Past([Step("received", at(0))])], actor=actor_of(make_admin()))) == 1


def test_history_needs_a_process_in_use() -> None:
    process = make_process()
    with pytest.raises(NotFound):
        write_history(10**9, [], actor=SYSTEM)
    archive_process(process, actor=SYSTEM)
    with pytest.raises(Conflict):
        write_history(process, [], actor=SYSTEM)


def test_history_stops_when_the_process_changes_between_chunks(
    people: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    process = make_process()
    monkeypatch.setattr(history, "CHUNK", 2)
    write = history._write

    def write_and_change(*args: Any) -> list[int]:
        done = write(*args)
        set_grants(process, {make_role().pk: EMPLOYEE}, actor=SYSTEM)
        return done

    monkeypatch.setattr(history, "_write", write_and_change)
    with pytest.raises(Conflict) as caught:
        write_history(process, pasts(people), actor=SYSTEM)
    assert (caught.value.details["written"], Record.objects.count()) == (2, 2)


@pytest.mark.parametrize("count", [1, 60])
def test_history_costs_the_same_statements_for_any_number_of_records_in_a_chunk(
    count: int, people: list[User], django_assert_num_queries: Any
) -> None:
    process = make_process()
    definition_of(process)
    past = Past([Step("received", at(0), people[0].pk), Step("in_work", at(1), people[1].pk)], title="Case")
    # savepoints ×4, lock ×2, people, first rank ×2, catalogue, typed rows, visits, events, history.written;
    # bulk_create opens a savepoint of its own where a table has several kinds of keys
    with django_assert_num_queries(14):
        write_history(process, [past] * count, actor=SYSTEM)
