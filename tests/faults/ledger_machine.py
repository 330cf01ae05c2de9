"""A machine that does to the real ledger what people, workers and accidents do, in any order.

Everything happens in one database session, one step after the other; workers that claim, sleep, die and come back late
are played by holding their claims. `ledger_watch` looks after each step whether every promise was kept.
"""

from collections import Counter
from contextlib import suppress

from django.db import connection
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from automation.drafts import RobotDraft
from automation.engine import ledger
from automation.engine.executor import execute, prepare
from automation.models import Lane, Robot, Run, State
from automation.operations import cancel_run, confirm_run, retry_run, run_again, switch_robot, update_robot
from core.actor import SYSTEM
from events.relay import relay_batch
from records.operations import create_record, delete_record, move_record
from records.operations.moves import MoveRefused
from tests.faults.ledger_watch import (
    CANCEL,
    CLAIM,
    CONFIRM,
    EXECUTE,
    FINISHED,
    HAND_BACK,
    REAP,
    RELAY,
    RETRY,
    SWITCH_OFF,
    Died,
    Violation,
    Watched,
)

STAGES = ("received", "in_work", "completed")
MOST_RECORDS = 4
LEASE_AND_MORE = 61
PLACES = ("before_effect", "after_effect", "before_commit", "after_commit", "before_send", "after_send")
indexes = st.integers(0, 11)
lanes = st.sampled_from([Lane.INTERNAL, Lane.INTERNAL, Lane.HTTP])


class LedgerMachine(Watched):
    """One example: begins with one record, ends with everything rolled back."""

    # People

    @initialize()
    def begin(self) -> None:
        self.create("received", relayed=True)

    @precondition(lambda self: len(self.records) < MOST_RECORDS)
    @rule(stage=st.sampled_from(STAGES[:2]), relayed=st.booleans())
    def create(self, stage: str, relayed: bool) -> None:
        values = {"title": f"R{len(self.records)}"}
        self.records.append(create_record(self.world.process, values=values, stage=stage, actor=SYSTEM).pk)
        self._look("created")
        if relayed:
            self.let_relay()

    @precondition(lambda self: self.records)
    @rule(which=indexes, to=st.sampled_from(STAGES), relayed=st.booleans())
    def move(self, which: int, to: str, relayed: bool) -> None:
        with suppress(MoveRefused):
            move_record(self.world.process, self._one(self.records, which), to=to, actor=SYSTEM)
        self._look("moved")
        if relayed:
            self.let_relay()

    @precondition(lambda self: len(self.records) > 2)
    @rule(which=indexes)
    def delete(self, which: int) -> None:
        record_id = self._one(self.records, which)
        self.records.remove(record_id)
        delete_record(self.world.process, record_id, actor=SYSTEM)
        self._look("deleted")

    @rule(which=indexes, is_on=st.sampled_from([True, True, False]))
    def switch(self, which: int, is_on: bool) -> None:
        """Off, what the robot has waiting is cancelled, and nothing else."""
        robot = self._one(self.world.robots, which)
        waiting = Run.objects.filter(rule_id=robot.pk, state="ready", by_hand=False).values_list("pk", flat=True)
        ended = set() if is_on else set(waiting)
        switch_robot(robot, is_on=is_on, actor=SYSTEM)
        self._look("switched", SWITCH_OFF, ended)

    @rule(which=indexes)
    def edit(self, which: int) -> None:
        """A comment that is not yet written keeps the words of its version."""
        robot = Robot.objects.get(pk=self._one(self.world.robots, which).pk)
        if robot.kind != "add_comment":
            return
        draft = RobotDraft(
            kind=robot.kind,
            settings={"text": f"version {robot.version + 1}"},
            delay_seconds=robot.delay_seconds,
            wait_for_previous=robot.wait_for_previous,
            keep_running=robot.keep_running,
            is_on=robot.is_on,
        )
        update_robot(robot, draft, actor=SYSTEM)
        self._look("edited")

    @precondition(lambda self: self._in("failed", "poisoned", "uncertain", "held"))
    @rule(which=indexes)
    def retry(self, which: int) -> None:
        run = self._run(self._one(self._in("failed", "poisoned", "uncertain", "held"), which))
        retry_run(run, actor=SYSTEM)
        self.asked[run.effect_key] += 1
        self._look("retried", RETRY, {run.pk})

    @precondition(lambda self: self._in(*FINISHED))
    @rule(which=indexes)
    def repeat(self, which: int) -> None:
        before = self._run(self._one(self._in(*FINISHED), which))
        again = run_again(before, actor=SYSTEM)
        if again.effect_key == before.effect_key or again.occurrence == before.occurrence:
            raise Violation("key", f"run {again.pk} repeats run {before.pk} under its key")
        self._look("run again")

    @precondition(lambda self: self._in("ready", "held"))
    @rule(which=indexes)
    def cancel(self, which: int) -> None:
        run_id = self._one(self._in("ready", "held"), which)
        cancel_run(self._run(run_id), actor=SYSTEM)
        self._look("cancelled", CANCEL, {run_id})

    @precondition(lambda self: self._in("uncertain"))
    @rule(which=indexes)
    def confirm(self, which: int) -> None:
        run_id = self._one(self._in("uncertain"), which)
        confirm_run(self._run(run_id), actor=SYSTEM)
        self._look("confirmed", CONFIRM, {run_id})

    # The world

    @rule(seconds=st.sampled_from([1, 29, LEASE_AND_MORE, 4000]))
    def tick(self, seconds: int) -> None:
        """The database's clock cannot be set; everything that is compared with it goes back instead."""
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE automation_run SET run_at = run_at - %(s)s * interval '1 second',"
                " lease_until = lease_until - %(s)s * interval '1 second',"
                " created_at = created_at - %(s)s * interval '1 second'",
                {"s": seconds},
            )
            cursor.execute("UPDATE events_event SET at = at - %s * interval '1 second' WHERE seq IS NULL", [seconds])
        self._look("ticked")

    @rule(mood=st.sampled_from(["good", "busy", "silent", "refusing"]))
    def change_mood(self, mood: str) -> None:
        self.outside.mood = mood

    # The engine

    @rule()
    def let_relay(self) -> None:
        """Every robot that is on in the stage of an event gets one run for it, and no other does."""
        expected = self._expected()
        known = set(self.rows)
        while relay_batch().events:
            pass
        self._look("relayed", RELAY)
        self._check_effects()
        made = Counter((row["rule_id"], row["event_id"]) for pk, row in self.rows.items() if pk not in known)
        if made != expected:
            raise Violation("lost", f"runs {dict(made)}, not {dict(expected)}")
        self.world.counts["runs"] += len(self.rows) - len(known)

    @rule(lane=lanes, limit=st.integers(1, 3))
    def claim(self, lane: Lane, limit: int) -> None:
        """What a worker does first; it may go to sleep then, for as long as it likes."""
        self._claim(lane, limit)

    def _claim(self, lane: Lane, limit: int) -> int:
        open_before = self._open()
        taken = ledger.claim_suspect(lane, "worker") or ledger.claim(lane, limit, "worker")
        self._look("claimed", CLAIM, {run.pk for run in taken})
        self._check_order(taken, open_before)
        self.held += taken
        self.world.counts["claims"] += len(taken)
        return len(taken)

    @rule(which=indexes, lane=lanes, dies_at=st.sampled_from(["", "", "", *PLACES]), more=st.integers(0, 2))
    def work(self, which: int, lane: Lane, dies_at: str, more: int) -> None:
        """Workers come to what they have claimed, late perhaps; and perhaps one dies on the way."""
        if not self.held:
            self._claim(lane, 2)
        for number in range(min(1 + more, len(self.held))):
            self._work(which, "" if number else dies_at)

    def _work(self, which: int, dies_at: str) -> None:
        run = self.held.pop(which % len(self.held))
        present = self._run(run.pk)
        is_stale = (present.state, present.lease) != (State.CLAIMED, run.lease)
        wanted = self._is_wanted(present)
        before = (self._effects(run.pk), len(self.outside.sent))
        self.outside.dies_at = dies_at
        try:
            execute(run, prepare([run]))
        except Died:
            self.world.counts["deaths"] += 1
        self.outside.dies_at = ""
        self.world.counts["late" if is_stale else "executed"] += 1
        acted = (self._effects(run.pk), len(self.outside.sent)) != before
        if acted and not wanted:
            raise Violation("left", f"run {run.pk} acted though it was not wanted any more")
        if acted and is_stale:
            raise Violation("fence", f"run {run.pk} acted under a lease that was lost")
        self._look("executed", frozenset() if is_stale else EXECUTE, {run.pk})
        self._check_effects()

    @precondition(lambda self: self.held)
    @rule(which=indexes)
    def hand_back(self, which: int) -> None:
        run = self.held.pop(which % len(self.held))
        assert run.lease is not None
        ledger.release([run.pk], run.lease)
        self._look("handed back", HAND_BACK, {run.pk})

    @rule(lane=lanes, again=st.booleans())
    def oversleep(self, lane: Lane, again: bool) -> None:
        """Whoever works now does not come to it before the lease is over; others find that and may claim it."""
        if not self.held:
            self._claim(lane, 2)
        self.tick(LEASE_AND_MORE)
        self.reap()
        if again:
            self._claim(lane, 2)

    @rule(lane=lanes, to=st.sampled_from(STAGES), begins=st.booleans())
    def leave(self, lane: Lane, to: str, begins: bool) -> None:
        """Somebody moves a record which a worker has claimed and not yet begun with."""
        if not self.held:
            self._claim(lane, 1)
        if self.held and self.held[-1].record_id in self.records:
            self.move(self.records.index(self.held[-1].record_id), to, relayed=False)
            if begins:
                self._work(len(self.held) - 1, "")

    @rule()
    def reap(self) -> None:
        self.world.counts["lost"] += ledger.reap_lost()
        self._look("reaped", REAP)

    @precondition(lambda self: not self.has_settled and self._in("ready", "claimed"))
    @rule()
    def settle(self) -> None:
        """With time and a friendly world everything comes to an end; late workers are still late afterwards."""
        self.has_settled = True
        self.outside.mood = "good"
        for _round in range(20):
            self.tick(90_000)
            self.reap()
            self.let_relay()
            busy = False
            for lane in Lane:
                while self._claim(lane, 3):
                    busy = True
                    for _run in range(3):
                        if self.held and self.held[-1].lane == lane:
                            self._work(len(self.held) - 1, "")
            if not busy and not self._in("ready", "claimed"):
                self.world.counts["settled"] += 1
                return
        raise Violation("stuck", f"{self._in('ready', 'claimed')} never end")
