"""What some events amount to: new runs, and reasons why rules did not act."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from automation.engine.limits import Counts
from automation.models import NotFired, Robot, RuleKind, Run, State, Trigger
from automation.scope import asks_of_tasks, event_scope, tasks_of, with_tasks, zone
from automation.verifier import RuleKey
from events.models import Event
from expressions.conditions import Condition
from expressions.schema import Scope
from processes.definition_types import Definition

KEPT_REASONS = 1000


@dataclass(slots=True)
class Expansion:
    """Collects runs and refusals; `write` stores them."""

    ids: Iterator[int]
    """Ids for new runs, ascending: the order of ids is the order of a record's runs."""
    counts: Counts
    runs: list[Run] = field(default_factory=list)
    refusals: list[NotFired] = field(default_factory=list)
    held: list[tuple[Run, Event]] = field(default_factory=list)
    """Those of the runs that are held, with what set them off."""
    revived: int = 0
    """How many runs wait again because their records are back."""

    def add(self, rule: Robot | Trigger, event: Event, **columns: Any) -> Run:
        """A new run of a rule for an event: ready, or held when there have been too many."""
        kind = kind_of(rule)
        held = self.counts.why_held((kind, rule.pk), event)
        run = Run(
            pk=next(self.ids),
            rule_kind=kind,
            rule_id=rule.pk,
            rule_version=rule.version,
            name=rule.name,
            event_id=event.pk,
            process_id=event.process_id or 0,
            record_id=event.record_id or 0,
            state=State.HELD if held else State.READY,
            reason=held[:300],
            root_id=event.root,
            cause_run_id=event.run_id,
            depth=event.depth,
            **columns,
        )
        self.runs.append(run)
        if held:
            self.held.append((run, event))
        return run

    def refuse(self, rule: Robot | Trigger, event: Event, reason: str) -> None:
        """Remember why a rule did not act on an event."""
        self.refusals.append(
            NotFired(
                rule_kind=kind_of(rule),
                rule_id=rule.pk,
                event_id=event.pk,
                record_id=event.record_id or 0,
                reason=reason[:300],
            )
        )

    def write(self) -> None:
        """Store what was collected; whoever stores it twice has it once."""
        if self.runs:
            Run.objects.bulk_create(self.runs, ignore_conflicts=True)
        if self.refusals:
            NotFired.objects.bulk_create(self.refusals)
            _trim({(refusal.rule_kind, refusal.rule_id) for refusal in self.refusals})


@dataclass
class Occurrence:
    """One event as conditions see it."""

    event: Event
    definition: Definition
    own_rule: RuleKey | None
    """The rule whose run wrote the event."""
    now: datetime | None = None
    """For conditions that are asked later than the event: when; then there is no “me” in them."""
    _scope: Scope | None = None
    _tasks: dict[str, int] | None = None

    @property
    def scope(self) -> Scope:
        """The record right after the event."""
        if self._scope is None:
            event = self.event
            self._scope = event_scope(
                self.definition,
                event.data["snapshot"],
                event.changes,
                now=self.now or event.at,
                zone=zone(),
                me=None if self.now else event.actor_user_id,
            )
        return self._scope

    def scope_for(self, condition: Condition) -> Scope:
        """The scope with what this condition asks besides."""
        if not asks_of_tasks(condition):
            return self.scope
        if self._tasks is None:
            self._tasks = tasks_of(self.event.record_id or 0)
        return with_tasks(self.scope, self._tasks)

    @property
    def stage_id(self) -> int:
        """The stage in which the record stood right after the event."""
        stage_id: int = self.event.data["snapshot"]["stage"]
        return stage_id

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.event.at


def kind_of(rule: Robot | Trigger) -> RuleKind:
    """Whether a rule is a robot or a trigger, for the ledger."""
    return RuleKind.ROBOT if isinstance(rule, Robot) else RuleKind.TRIGGER


def new_ids(count: int) -> Iterator[int]:
    """Ids for so many runs, ascending."""
    if not count:
        return iter(())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('automation_run', 'id')) FROM generate_series(1, %s)", [count]
        )
        return iter(sorted(row[0] for row in cursor.fetchall()))


def _trim(rules: Iterable[RuleKey]) -> None:
    kinds, ids = zip(*sorted(rules), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM automation_notfired n USING unnest(%s::text[], %s::bigint[]) AS rule(kind, id)"
            " CROSS JOIN LATERAL (SELECT k.id FROM automation_notfired k"
            "  WHERE k.rule_kind = rule.kind AND k.rule_id = rule.id ORDER BY k.id DESC OFFSET %s LIMIT 1) edge"
            " WHERE n.rule_kind = rule.kind AND n.rule_id = rule.id AND n.id < edge.id",
            [list(kinds), list(ids), KEPT_REASONS - 1],
        )
