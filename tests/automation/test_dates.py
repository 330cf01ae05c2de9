"""Robots that follow a date of their record: when they are due, and what becomes of them when the date changes."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from automation.drafts import RobotDraft
from automation.engine import ledger
from automation.engine.worker import work
from automation.models import Lane, NotFired, Run, State
from automation.moments import DAY, due_at
from automation.operations import delete_robot, switch_robot, update_robot
from core.actor import SYSTEM
from core.errors import Invalid
from events.models import ConsumerFailure
from processes.drafts import FieldDraft
from processes.models import Field, Process
from processes.operations import add_field, remove_field
from records.models import Comment
from records.operations import create_record, move_record, update_record
from tests.automation.helpers import make_robot, only_run, relay, settle
from tests.factories import make_process

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]).map(
    ZoneInfo
)


@pytest.fixture
def process(db: None) -> Process:
    return make_process()


def follow(process: Process, **more: Any) -> Any:
    return make_robot(process, delay_field="request_date", **more)


def create(process: Process, day: date | None) -> Any:
    values = {"title": "Printer", "request_date": day.isoformat() if day else None}
    return create_record(process, values=values, actor=SYSTEM)


def today() -> date:
    return timezone.localdate(timezone=ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("moment", "seconds", "at", "expected"),
    [
        (date(2026, 6, 1), 0, None, "2026-05-31T22:00"),
        (date(2026, 6, 1), -DAY, time(9), "2026-05-31T07:00"),
        (date(2026, 6, 1), 3600, None, "2026-05-31T23:00"),
        (datetime(2026, 6, 1, 12, tzinfo=UTC), -7200, None, "2026-06-01T10:00"),
        (datetime(2026, 6, 1, 23, tzinfo=UTC), 0, time(8), "2026-06-02T06:00"),
    ],
)
def test_due_counts_from_the_date_by_the_clock_on_the_wall(
    moment: date, seconds: int, at: time | None, expected: str
) -> None:
    due = due_at(moment, seconds=seconds, at=at, zone=BERLIN)
    assert due == datetime.fromisoformat(f"{expected}+00:00")


def test_night_of_the_skipped_hour_is_due_once_and_later() -> None:
    """Berlin, 29 March 2026: 02:00 becomes 03:00."""
    due = due_at(date(2026, 3, 29), seconds=0, at=time(2, 30), zone=BERLIN)
    assert due is not None
    assert due.astimezone(BERLIN).isoformat() == "2026-03-29T03:30:00+02:00"


def test_night_of_the_doubled_hour_is_due_at_the_first_of_the_two() -> None:
    """Berlin, 25 October 2026: 03:00 becomes 02:00 again."""
    due = due_at(date(2026, 10, 25), seconds=0, at=time(2, 30), zone=BERLIN)
    assert due is not None
    assert due.astimezone(BERLIN).isoformat() == "2026-10-25T02:30:00+02:00"


def test_a_day_before_is_the_same_time_of_day_across_a_clock_change() -> None:
    meeting = datetime(2026, 3, 29, 12, 0, tzinfo=BERLIN)
    due = due_at(meeting, seconds=-DAY, at=None, zone=BERLIN)
    assert due is not None
    assert due.astimezone(BERLIN).isoformat() == "2026-03-28T12:00:00+01:00"


@given(
    day=st.dates(date(1990, 1, 1), date(2090, 1, 1)), days=st.integers(-366, 366), at=st.none() | st.times(), zone=ZONES
)
def test_later_dates_are_never_due_earlier(day: date, days: int, at: time | None, zone: ZoneInfo) -> None:
    this = due_at(day, seconds=days * DAY, at=at, zone=zone)
    following = due_at(day + timedelta(days=1), seconds=days * DAY, at=at, zone=zone)
    assert this is not None
    assert following is not None
    assert timedelta(hours=22) <= following - this <= timedelta(hours=26)


@given(seconds=st.integers(-(10**9), 10**9), at=st.none() | st.times(), zone=ZONES)
def test_ends_of_the_calendar_are_due_never(seconds: int, at: time | None, zone: ZoneInfo) -> None:
    for edge in (date.min, date.max, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
        due = due_at(edge, seconds=seconds, at=at, zone=zone)
        assert due is None or due.tzinfo is not None


def test_robot_waits_for_the_day_and_acts_when_it_has_come(process: Process) -> None:
    follow(process, delay_seconds=-DAY, delay_time=time(9))
    create(process, today() + timedelta(days=10))
    settle()
    run = only_run()
    assert (run.state, run.run_at) == (
        State.READY,
        datetime.combine(today() + timedelta(days=9), time(9), tzinfo=UTC),
    )
    create(process, today() - timedelta(days=3))
    settle()
    assert sorted(Run.objects.values_list("state", flat=True)) == [State.READY, State.SUCCEEDED]


def test_changed_date_gives_the_run_another_time_and_it_acts_once(process: Process) -> None:
    follow(process)
    row = create(process, today() + timedelta(days=10))
    settle()
    update_record(process, row.pk, values={"request_date": (today() + timedelta(days=20)).isoformat()}, actor=SYSTEM)
    settle()
    assert only_run().run_at == datetime.combine(today() + timedelta(days=20), time(), tzinfo=UTC)
    update_record(process, row.pk, values={"request_date": today().isoformat()}, actor=SYSTEM)
    settle()
    update_record(process, row.pk, values={"request_date": (today() - timedelta(days=1)).isoformat()}, actor=SYSTEM)
    settle()
    assert (only_run().state, Comment.objects.count()) == (State.SUCCEEDED, 1)


def test_empty_date_is_waited_for(process: Process) -> None:
    follow(process)
    row = create(process, None)
    settle()
    assert (only_run().state, only_run().run_at) == (State.READY, None)
    update_record(process, row.pk, values={"request_date": (today() + timedelta(days=5)).isoformat()}, actor=SYSTEM)
    relay()
    assert only_run().run_at is not None
    update_record(process, row.pk, values={"request_date": None}, actor=SYSTEM)
    relay()
    assert only_run().run_at is None
    update_record(process, row.pk, values={"request_date": today().isoformat()}, actor=SYSTEM)
    settle()
    assert only_run().state == State.SUCCEEDED


def test_date_that_changed_unheard_is_asked_again_before_acting(process: Process) -> None:
    """The relay is behind; the worker looks at the record itself."""
    follow(process)
    row = create(process, today())
    relay()
    update_record(process, row.pk, values={"request_date": (today() + timedelta(days=5)).isoformat()}, actor=SYSTEM)
    work(Lane.INTERNAL)
    run = only_run()
    assert (run.state, run.attempt, Comment.objects.count()) == (State.READY, 0, 0)
    assert run.run_at == datetime.combine(today() + timedelta(days=5), time(), tzinfo=UTC)


def test_leaving_the_stage_cancels_what_follows_a_date(process: Process) -> None:
    follow(process)
    row, undated = create(process, today() + timedelta(days=5)), create(process, None)
    settle()
    for record in (row, undated):
        move_record(process, record.pk, to="in_work", actor=SYSTEM)
    settle()
    assert set(Run.objects.values_list("state", flat=True)) == {State.CANCELLED}


def test_field_that_is_gone_fails_the_run_in_words(process: Process) -> None:
    follow(process)
    create(process, today())
    relay()
    remove_field(Field.objects.get(process=process, key="request_date"), actor=SYSTEM, confirmed=True)
    settle()
    run = only_run()
    assert (run.state, run.error) == (State.FAILED, "The field whose date it follows is gone.")


def test_waiting_run_keeps_the_delay_of_its_version(process: Process) -> None:
    robot = follow(process, delay_seconds=DAY)
    row = create(process, today() + timedelta(days=5))
    settle()
    draft = RobotDraft(kind="add_comment", settings=robot.settings, delay_field="request_date", delay_seconds=0)
    update_robot(robot, draft, actor=SYSTEM)
    update_record(process, row.pk, values={"request_date": (today() + timedelta(days=7)).isoformat()}, actor=SYSTEM)
    settle()
    assert only_run().run_at == datetime.combine(today() + timedelta(days=8), time(), tzinfo=UTC)


def test_moment_with_a_time_is_followed_to_the_second(process: Process) -> None:
    add_field(process, FieldDraft("Meeting", "datetime", key="meeting"), actor=SYSTEM)
    make_robot(process, delay_field="meeting", delay_seconds=-7200)
    meeting = datetime(2030, 6, 1, 12, 30, tzinfo=UTC)
    values = {"title": "Printer", "meeting": meeting.isoformat()}
    create_record(process, values=values, actor=SYSTEM)
    settle()
    assert only_run().run_at == meeting - timedelta(hours=2)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"delay_seconds": -5}, "delay_field"),
        ({"delay_time": time(9)}, "delay_field"),
        ({"delay_field": "amount"}, "delay_field"),
        ({"delay_field": "nothing"}, "delay_field"),
        ({"delay_field": "request_date", "delay_seconds": 400 * DAY}, "delay_seconds"),
        ({"delay_field": "request_date", "delay_seconds": 5, "delay_time": time(9)}, "delay_time"),
        ({"delay_field": "request_date", "wait_for_previous": True}, "wait_for_previous"),
    ],
)
def test_delays_that_make_no_sense_are_refused(process: Process, more: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        make_robot(process, **more)
    assert field in caught.value.fields


def test_other_time_zone_moves_the_moment_and_the_run_still_acts_once(process: Process, settings: Any) -> None:
    """F15: what was planned by one clock on the wall is looked at again by the other one."""
    settings.TIME_ZONE = "Asia/Tokyo"
    follow(process, delay_time=time(9))
    create(process, today() + timedelta(days=1))
    relay()
    assert only_run().run_at == datetime.combine(today() + timedelta(days=1), time(0), tzinfo=UTC)
    settings.TIME_ZONE = "America/New_York"
    Run.objects.update(run_at=timezone.now() - timedelta(seconds=1))
    settle()
    expected = due_at(today() + timedelta(days=1), seconds=0, at=time(9), zone=ZoneInfo("America/New_York"))
    assert (only_run().state, only_run().run_at, Comment.objects.count()) == (State.READY, expected, 0)
    settings.TIME_ZONE = "UTC"
    update_record(process, only_run().record_id, values={"request_date": today().isoformat()}, actor=SYSTEM)
    relay()
    Run.objects.filter(run_at__gt=timezone.now()).update(run_at=timezone.now() - timedelta(seconds=1))
    settings.TIME_ZONE = "Pacific/Kiritimati"
    settle()
    settle()
    assert (only_run().state, Comment.objects.count()) == (State.SUCCEEDED, 1)


@pytest.mark.parametrize("night", ["2026-03-28", "2026-10-24"])
def test_every_half_hour_of_a_changing_night_is_due_once(night: str) -> None:
    """F15: of 96 moments of two days in Berlin none is lost; only the skipped hour comes later."""
    day = date.fromisoformat(night)
    slots = [(day + timedelta(days=slot // 48), time(slot % 48 // 2, slot % 2 * 30)) for slot in range(96)]
    due = [due_at(day_, seconds=0, at=at, zone=BERLIN) for day_, at in slots]
    assert None not in due
    shown = [moment.astimezone(BERLIN) for moment in due if moment is not None]
    late = [slot for slot, moment in zip(slots, shown, strict=True) if (moment.date(), moment.time()) != slot]
    assert late == ([(date(2026, 3, 29), time(2)), (date(2026, 3, 29), time(2, 30))] if night == "2026-03-28" else [])


def test_key_that_means_another_field_by_now_stops_only_its_robot(process: Process) -> None:
    """The date is removed and a text takes its key: the robot says so, its neighbours go on."""
    robot = follow(process)
    make_robot(process, name="Neighbour")
    remove_field(Field.objects.get(process=process, key="request_date"), actor=SYSTEM, confirmed=True)
    add_field(process, FieldDraft("Request date", "text", key="request_date"), actor=SYSTEM)
    create_record(process, values={"title": "Printer", "request_date": "soon"}, actor=SYSTEM)
    settle()
    assert only_run().name == "Neighbour"
    assert NotFired.objects.get(rule_id=robot.pk).reason == "The field whose date it follows is gone."
    assert [finding.code for finding in switch_robot(robot, is_on=True, actor=SYSTEM).findings] == ["no_date"]
    assert not ConsumerFailure.objects.exists()


def test_switched_off_and_removed_robots_leave_nothing_waiting_and_let_others_go(process: Process) -> None:
    robot, other = follow(process), follow(process)
    make_robot(process, wait_for_previous=True)
    create(process, None)
    settle()
    switch_robot(robot, is_on=False, actor=SYSTEM)
    delete_robot(other, actor=SYSTEM)
    settle()
    states = Run.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == [State.CANCELLED, State.CANCELLED, State.SUCCEEDED]


def test_date_that_is_set_while_a_run_looks_is_not_missed(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run gives itself back while it holds the record: nobody can set the date in between."""
    follow(process)
    create(process, today())
    relay()
    held: list[bool] = []
    retime = ledger.retime

    def watched(run: Run, run_at: datetime | None) -> bool:
        held.append(connection.in_atomic_block and len(connection.savepoint_ids) >= 1)
        return retime(run, run_at)

    monkeypatch.setattr(ledger, "retime", watched)
    update_record(process, only_run().record_id, values={"request_date": None}, actor=SYSTEM)
    work(Lane.INTERNAL)
    assert (held, only_run().state, only_run().run_at) == ([True], State.READY, None)
