"""What the machine remembers, and the promises it looks after: said a second time, in other words than in the engine.

Whoever breaks one raises a Violation, whose `kind` names it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db import connection, transaction
from hypothesis.stateful import RuleBasedStateMachine

from automation.effects import Result, Temporary
from automation.models import Attempt, Lane, Robot, RobotVersion, Run, State
from core.errors import Conflict
from events.models import Event
from processes.models import Process
from records.models import Comment, Record, StageVisit
from tests.automation.helpers import make_robot, relay
from tests.factories import make_process

Move = tuple[str, str]

CLAIM: frozenset[Move] = frozenset({("ready", "claimed")})
EXECUTE: frozenset[Move] = frozenset(
    ("claimed", end) for end in ("succeeded", "skipped", "failed", "cancelled", "uncertain", "ready")
)
HAND_BACK: frozenset[Move] = frozenset({("claimed", "ready")})
REAP: frozenset[Move] = frozenset(("claimed", end) for end in ("ready", "poisoned", "uncertain"))
RELAY: frozenset[Move] = frozenset({("ready", "cancelled")})
CANCEL: frozenset[Move] = frozenset({("ready", "cancelled"), ("held", "cancelled")})
SWITCH_OFF: frozenset[Move] = frozenset({("ready", "cancelled")})
RETRY: frozenset[Move] = frozenset((bad, "ready") for bad in ("failed", "poisoned", "uncertain", "held"))
CONFIRM: frozenset[Move] = frozenset({("uncertain", "succeeded")})
FINISHED = frozenset({"succeeded", "skipped", "failed", "poisoned", "uncertain", "cancelled", "held"})
FIXED = ("rule_id", "event_id", "occurrence", "rule_version", "record_id", "visit_id", "effect_key", "lane")
SEEN = (*FIXED, "id", "state", "attempt", "crashes", "reason", "result", "error", "started_at", "finished_at")


class Violation(AssertionError):
    """A promise was broken."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind


class Died(BaseException):
    """kill -9, as far as one process can play it: everything open is rolled back and nothing else is written."""


@dataclass
class Outside:
    """The other side of calls, and the place at which the next worker dies."""

    sent: list[tuple[UUID, Mapping[str, Any]]] = field(default_factory=list)
    mood: str = "good"
    dies_at: str = ""

    def hit(self, place: str, run_id: int) -> None:
        """Stands for `failpoints.hit`."""
        if place == self.dies_at:
            self.dies_at = ""
            raise Died

    def send(self, intent: Mapping[str, Any], *, settings: Mapping[str, Any], key: UUID) -> Result:
        """Stands for the sending of a call."""
        if self.mood == "busy":
            raise Temporary("busy", is_certain=True)
        self.sent.append((key, dict(intent)))
        if self.mood == "silent":
            raise Temporary("no answer", is_certain=False)
        if self.mood == "refusing":
            raise Conflict("refused")
        return Result("HTTP 200", http_status=200)


@dataclass
class World:
    """What stands before the first step, and what all examples together have done."""

    process: Process
    robots: list[Robot]
    outside: Outside
    counts: Counter[str]


def make_world(outside: Outside) -> World:
    """Comments one after the other, calls, a wait that goes on after leaving, and a robot that moves the record."""
    process = make_process()
    call = {"method": "POST", "url": "https://hooks.example.com/{{ record.id }}"}
    robots = [
        make_robot(process, settings={"text": "first"}),
        make_robot(process, settings={"text": "second"}, wait_for_previous=True),
        make_robot(process, "call_url", call),
        make_robot(process, settings={"text": "waits"}, delay_seconds=30, keep_running=True),
        make_robot(process, settings={"text": "third"}, stage="in_work"),
        make_robot(process, "call_url", {**call, "only_once": True}, stage="in_work"),
        make_robot(process, "change_stage", {"stage": "completed"}, stage="in_work", delay_seconds=30),
        make_robot(process, settings={"text": "fourth"}, stage="completed"),
    ]
    relay()
    return World(process, robots, outside, Counter())


class Watched(RuleBasedStateMachine):
    """One example, without its steps: what is remembered from step to step, and what must hold."""

    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        self._transaction = transaction.atomic()
        self._transaction.__enter__()
        self.outside = self.world.outside
        self.outside.sent.clear()
        self.outside.mood, self.outside.dies_at = "good", ""
        self.records: list[int] = []
        self.held: list[Run] = []
        """Claims whose workers have not come to them yet; some have lost their lease meanwhile."""
        self.asked: Counter[UUID] = Counter()
        """How often a person asked to send something once more, by key."""
        self.rows: dict[int, dict[str, Any]] = {}
        self.has_settled = False
        self.world.counts["examples"] += 1

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._transaction.__exit__(None, None, None)

    # What must hold

    def _look(self, step: str, moves: frozenset[Move] = frozenset(), runs: set[int] | None = None) -> None:
        """Compare the ledger with what it was before the step."""
        self.world.counts["steps"] += 1
        before, self.rows = self.rows, {row["id"]: row for row in Run.objects.values(*SEEN)}
        if lost := before.keys() - self.rows.keys():
            raise Violation("lost", f"runs {sorted(lost)} are gone after: {step}")
        for pk, old in before.items():
            new = self.rows[pk]
            move = (old["state"], new["state"])
            if move[0] != move[1] and (move not in moves or (runs is not None and pk not in runs)):
                raise Violation("moves", f"run {pk} went {move} when a step {step}")
            if move[0] == move[1] and old["state"] in FINISHED and old != new:
                raise Violation("finished", f"run {pk} changed by itself: {old} to {new}")
            if any(old[name] != new[name] for name in FIXED):
                raise Violation("finished", f"run {pk} became another: {old} to {new}")

    def _check_effects(self) -> None:
        """Inside: one effect of a run that succeeded, none of any other. Outside: one key, one content."""
        comments: dict[int, list[str]] = {}
        for run_id, text in Comment.objects.exclude(run_id=None).values_list("run_id", "text"):
            comments.setdefault(run_id, []).append(text)
        moved = Counter(Event.objects.filter(kind="record.moved", run_id__gt=0).values_list("run_id", flat=True))
        texts = {(v.robot_id, v.version): v for v in RobotVersion.objects.filter(robot__in=self.world.robots)}
        contents: dict[UUID, Any] = {}
        sent = Counter(key for key, _content in self.outside.sent)
        for key, content in self.outside.sent:
            if contents.setdefault(key, content) != content:
                raise Violation("key", f"two contents under the key {key}")
        for pk, row in self.rows.items():
            version = texts[row["rule_id"], row["rule_version"]]
            done = row["state"] == State.SUCCEEDED
            if version.kind == "add_comment" and comments.get(pk, []) != [version.settings["text"]] * done:
                raise Violation("effects", f"run {pk} ({row['state']}) wrote {comments.get(pk)}")
            if version.kind == "change_stage" and moved[pk] != done:
                raise Violation("effects", f"run {pk} ({row['state']}) moved {moved[pk]} times")
            once = version.kind == "call_url" and version.settings["only_once"]
            if once and sent[row["effect_key"]] > 1 + self.asked[row["effect_key"]]:
                raise Violation("effects", f"run {pk} was sent {sent[row['effect_key']]} times")
        attempts = Attempt.objects.filter(outcome=State.SUCCEEDED).values_list("run_id", flat=True)
        if twice := [pk for pk, count in Counter(attempts).items() if count > 1]:
            raise Violation("effects", f"runs {twice} succeeded twice")

    def _check_order(self, taken: list[Run], before: list[tuple[int, int, str, str, bool]]) -> None:
        """Whoever was taken had nobody of its record before it, inside or in its lane, and its time had come."""
        for run in taken:
            if not (run.run_at and run.run_at <= self._now()):
                raise Violation("early", f"run {run.pk} was claimed before its time")
            if run.after_id and self.rows.get(run.after_id, {}).get("state") not in FINISHED | {None}:
                raise Violation("order", f"run {run.pk} did not wait for {run.after_id}")
            together = [other.pk for other in taken if other.record_id == run.record_id and other.pk != run.pk]
            ahead = [
                pk
                for pk, record_id, lane, state, is_due in before
                if record_id == run.record_id
                and pk != run.pk
                and lane in (Lane.INTERNAL, run.lane)
                and (state == State.CLAIMED or (is_due and pk < run.pk))
            ]
            if together or ahead:
                raise Violation("order", f"run {run.pk} was claimed with {together}, before {ahead}")

    def _is_wanted(self, run: Run) -> bool:
        """Whether a run may act now."""
        if Record.objects.filter(pk=run.record_id, deleted_at=None).count() == 0:
            return False
        is_on = Robot.objects.filter(pk=run.rule_id, is_on=True, removed_at=None).exists()
        stays = run.keep_running or StageVisit.objects.filter(pk=run.visit_id, left_at=None).exists()
        return run.by_hand or (is_on and stays)

    def _expected(self) -> Counter[tuple[int, int]]:
        """(robot, event) of what the outbox will set off."""
        live = list(Robot.objects.filter(process=self.world.process, is_on=True, removed_at=None))
        events = Event.objects.filter(seq=None, kind__in=["record.created", "record.moved"])
        return Counter(
            (robot.pk, event.pk)
            for event in events
            for robot in live
            if robot.stage_id == event.data["stage"]
            and (event.run_id is None or self.rows[event.run_id]["rule_id"] != robot.pk)
        )

    # Hands

    def _one(self, things: Sequence[Any], which: int) -> Any:
        return things[which % len(things)]

    def _in(self, *states: str) -> list[int]:
        return sorted(pk for pk, row in self.rows.items() if row["state"] in states)

    def _run(self, run_id: int) -> Run:
        return Run.objects.get(pk=run_id)

    def _effects(self, run_id: int) -> tuple[int, int]:
        moved = Event.objects.filter(kind="record.moved", run_id=run_id).count()
        return Comment.objects.filter(run_id=run_id).count(), moved

    def _open(self) -> list[tuple[int, int, str, str, bool]]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, record_id, lane, state, run_at IS NOT NULL AND run_at <= statement_timestamp()"
                " FROM automation_run WHERE state IN ('ready', 'claimed')"
            )
            return list(cursor.fetchall())

    def _now(self) -> datetime:
        with connection.cursor() as cursor:
            cursor.execute("SELECT statement_timestamp()")
            now: datetime = cursor.fetchone()[0]
        return now
