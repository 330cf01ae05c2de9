"""The moves of a run: the only module that changes `Run.state`.

Every move is one conditional statement; zero rows mean that somebody else has decided: stop and write nothing. What a
move may begin with and lead to stands in MOVES, which a test compares with the machine that the model describes.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

from automation.engine.endpoints import IN_FLIGHT, REACHABLE, one_claim_at_a_time
from automation.models import Lane, RuleKind, Run, State

CRASHES = 3
"""A run that loses its lease so often is poisoned."""
LOST = "lost"
RECORD_DELETED = "record_deleted"
"""The error code of a run that was cancelled because its record went into the bin; such a run comes back with it."""
REAPED_AT_ONCE = 200

MOVES: Mapping[str, tuple[tuple[State, ...], State]] = {
    "claim": ((State.READY,), State.CLAIMED),
    "succeed": ((State.CLAIMED,), State.SUCCEEDED),
    "skip": ((State.CLAIMED,), State.SKIPPED),
    "fail": ((State.CLAIMED,), State.FAILED),
    "block": ((State.CLAIMED,), State.BLOCKED),
    "postpone": ((State.CLAIMED,), State.READY),
    "release": ((State.CLAIMED,), State.READY),
    "retime": ((State.CLAIMED,), State.READY),
    "lose": ((State.CLAIMED,), State.READY),
    "poison": ((State.CLAIMED,), State.POISONED),
    "doubt": ((State.CLAIMED,), State.UNCERTAIN),
    "cancel": ((State.READY, State.CLAIMED, State.HELD), State.CANCELLED),
    "retry": ((State.FAILED, State.BLOCKED, State.POISONED, State.UNCERTAIN, State.HELD), State.READY),
    "confirm": ((State.UNCERTAIN,), State.SUCCEEDED),
    "revive": ((State.CANCELLED,), State.READY),
}


@dataclass(frozen=True, slots=True)
class End:
    """How an attempt ended: the move, and what the log keeps of it."""

    move: str
    reason: str = ""
    result: Mapping[str, Any] | None = None
    error_code: str = ""
    error: str = ""
    http_status: int | None = None
    is_attempt: bool = True
    pause: float = 0.0
    """Seconds until the next attempt, for `postpone`."""


def claim(lane: Lane, limit: int, worker: str) -> list[Run]:
    """Take due runs of a lane under one new lease: fair between processes, in order within a record.

    A run waits for earlier due runs of its record inside and to its own host; nobody inside waits for the outside, and
    nobody for a host that does not answer but its own calls.
    Runs that were lost before are left to `claim_suspect`.
    """
    return _claimed(_CLAIM, {"lane": lane, "limit": limit, "worker": worker})


def claim_suspect(lane: Lane, worker: str) -> list[Run]:
    """Take one run that has lost its worker before, alone, so that it takes no neighbour with it."""
    return _claimed(_CLAIM_SUSPECT, {"lane": lane, "worker": worker})


def renew(run_ids: Sequence[int], lease: uuid.UUID) -> None:
    """Prolong a lease that its holder is still working under."""
    _execute(
        "UPDATE automation_run SET lease_until = statement_timestamp() + %(lease_seconds)s * interval '1 second'"
        " WHERE id = ANY(%(ids)s) AND state = 'claimed' AND lease = %(lease)s",
        {"ids": list(run_ids), "lease": lease, **_lease()},
    )


def release(run_ids: Sequence[int], lease: uuid.UUID) -> int:
    """Hand back runs that were not begun; nothing is charged."""
    return _execute(
        "UPDATE automation_run SET state = %(to)s, lease = NULL, lease_until = NULL, worker = ''"
        " WHERE id = ANY(%(ids)s) AND state = ANY(%(from)s) AND lease = %(lease)s",
        {"ids": list(run_ids), "lease": lease, **_move("release")},
    )


def retime(run: Run, run_at: datetime | None) -> bool:
    """Hand a claimed run back until the date that it follows; nothing is charged. False when fenced."""
    return bool(
        _execute(
            "UPDATE automation_run SET state = %(to)s, run_at = %(run_at)s, lease = NULL, lease_until = NULL,"
            " worker = '' WHERE id = %(id)s AND state = ANY(%(from)s) AND lease = %(lease)s",
            {"id": run.pk, "lease": run.lease, "run_at": run_at, **_move("retime")},
        )
    )


def reschedule(times: Mapping[int, datetime | None]) -> int:
    """Give waiting runs another time; None waits for a date. Runs that were taken meanwhile look for themselves."""
    return _execute(
        "UPDATE automation_run r SET run_at = new.run_at"
        " FROM unnest(%(ids)s::bigint[], %(times)s::timestamptz[]) AS new(id, run_at)"
        " WHERE r.id = new.id AND r.state = 'ready' AND r.run_at IS DISTINCT FROM new.run_at",
        {"ids": list(times), "times": list(times.values())},
    )


def begin_sending(run: Run, intent: Mapping[str, Any], *, in_doubt: bool) -> datetime | None:
    """Store what is to go out, before it goes; the time of the attempt's beginning, or None when fenced."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE automation_run SET intent = %s::jsonb, in_doubt = %s, started_at = statement_timestamp(),"
            " lease_until = statement_timestamp() + %s * interval '1 second'"
            " WHERE id = %s AND state = 'claimed' AND lease = %s RETURNING started_at",
            [json.dumps(intent), in_doubt, settings.AUTOMATION_LEASE_SECONDS, run.pk, run.lease],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def finish(run: Run, end: End, *, started_at: datetime | None = None) -> bool:
    """End an attempt, log it, and let the runs go that waited for this one; False when fenced.

    Without `started_at` the attempt began with the transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _FINISH,
            {
                "id": run.pk,
                "lease": run.lease,
                "reason": end.reason[:300],
                "result": json.dumps(dict(end.result or {})),
                "error_code": end.error_code[:60],
                "error": end.error[:4000],
                "http_status": end.http_status,
                "is_attempt": end.is_attempt,
                "is_over": MOVES[end.move][1] != State.READY,
                "pause": end.pause,
                "started_at": started_at,
                **_move(end.move),
            },
        )
        return bool(cursor.fetchone()[0])


def reap_lost() -> int:
    """Take runs back whose lease has run out: for another try, or to poisoned or uncertain. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            _REAP,
            {
                "limit": REAPED_AT_ONCE,
                "crashes": CRASHES,
                "uncertain": MOVES["doubt"][1],
                "poisoned": MOVES["poison"][1],
                "ready": MOVES["lose"][1],
                "from": list(MOVES["lose"][0]),
                "lost": LOST,
            },
        )
        rows = cursor.fetchall()
    _let_go([run_id for run_id, state in rows if state != State.READY])
    return len(rows)


def cancel_of_closed_visits(record_ids: Iterable[int], reason: str) -> int:
    """Cancel waiting runs of stages that these records have left."""
    return _cancel(
        "r.record_id = ANY(%(ids)s) AND NOT r.keep_running AND NOT r.by_hand AND EXISTS ("
        "SELECT 1 FROM records_stagevisit v WHERE v.id = r.visit_id AND v.left_at IS NOT NULL)",
        {"ids": list(record_ids), "reason": reason},
    )


def cancel_of_records(record_ids: Iterable[int], reason: str) -> int:
    """Cancel whatever waits for these records, until they come back."""
    return _cancel("r.record_id = ANY(%(ids)s)", {"ids": list(record_ids), "reason": reason}, code=RECORD_DELETED)


def revive_of_records(record_ids: Iterable[int]) -> int:
    """Let wait again, for the time for which they waited, what was cancelled because these records were deleted.

    What belongs to a stage that was left meanwhile, or to a rule that is off or gone, stays cancelled.
    """
    with connection.cursor() as cursor:
        cursor.execute(_REVIVE, {"ids": list(record_ids), "code": RECORD_DELETED, **_move("revive")})
        ids = [row[0] for row in cursor.fetchall()]
    if ids:
        _let_go(_predecessors_over(ids))
    return len(ids)


def cancel_of_rule(rule_kind: RuleKind, rule_id: int, reason: str) -> int:
    """Cancel what waits for a robot or trigger that is off or gone; what a person asked for stays."""
    return _cancel(
        "r.rule_kind = %(kind)s AND r.rule_id = %(id)s AND NOT r.by_hand",
        {"kind": rule_kind, "id": rule_id, "reason": reason},
    )


def cancel(run_id: int, reason: str) -> bool:
    """Cancel one run that has not begun, or is held."""
    return bool(_cancel("r.id = %(id)s", {"id": run_id, "reason": reason}, sources=(State.READY, State.HELD)))


def retry(run_id: int) -> bool:
    """Make a run that ended badly due again, with its key and its intent; False when it is not such a run."""
    return bool(
        _execute(
            "UPDATE automation_run SET state = %(to)s, run_at = statement_timestamp(), attempt = 0, crashes = 0,"
            " in_doubt = false, by_hand = true, finished_at = NULL, reason = '', error_code = '', error = ''"
            " WHERE id = %(id)s AND state = ANY(%(from)s)",
            {"id": run_id, **_move("retry")},
        )
    )


def confirm(run_id: int, reason: str) -> bool:
    """Record that an uncertain run's effect did happen; False when it is not uncertain."""
    return bool(
        _execute(
            "UPDATE automation_run SET state = %(to)s, in_doubt = false, reason = %(reason)s"
            " WHERE id = %(id)s AND state = ANY(%(from)s)",
            {"id": run_id, "reason": reason[:300], **_move("confirm")},
        )
    )


def _predecessors_over(run_ids: Sequence[int]) -> list[int]:
    """Those runs that these wait for and that have ended."""
    waited_for = Run.objects.filter(pk__in=run_ids, run_at=None).exclude(after_id=None).values("after_id")
    over = Run.objects.filter(pk__in=waited_for).exclude(state__in=(State.READY, State.CLAIMED, State.HELD))
    return list(over.values_list("pk", flat=True))


def _cancel(condition: str, values: dict[str, Any], sources: Sequence[State] = (State.READY,), code: str = "") -> int:
    assert set(sources) <= set(MOVES["cancel"][0])
    with connection.cursor() as cursor:
        cursor.execute(
            _CANCEL + condition + " RETURNING r.id",
            {**values, "from": list(sources), "to": MOVES["cancel"][1], "code": code},
        )
        ids = [row[0] for row in cursor.fetchall()]
    _let_go(ids)
    return len(ids)


def _let_go(ended: Sequence[int]) -> None:
    """Make the runs due that waited for ended ones. A statement of its own: it may touch what the first one did."""
    if ended:
        _execute(
            "UPDATE automation_run SET run_at = statement_timestamp() + delay_seconds * interval '1 second'"
            " WHERE after_id = ANY(%(ids)s) AND state = 'ready' AND run_at IS NULL",
            {"ids": list(ended)},
        )


def _claimed(statement: str, values: dict[str, Any]) -> list[Run]:
    values |= {"lease": uuid.uuid4(), "in_flight": IN_FLIGHT, **_lease(), **_move("claim")}
    with one_claim_at_a_time(values["lane"]):
        runs = list(Run.objects.raw(statement, values))
    return sorted(runs, key=lambda run: (run.run_at, run.pk))


def _lease() -> dict[str, Any]:
    return {"lease_seconds": settings.AUTOMATION_LEASE_SECONDS}


def _move(name: str) -> dict[str, Any]:
    sources, target = MOVES[name]
    return {"from": list(sources), "to": target}


def _execute(statement: str, values: Mapping[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        count: int = cursor.rowcount
    return count


_CANCEL = """
    UPDATE automation_run r
    SET state = %(to)s, reason = %(reason)s, finished_at = statement_timestamp(),
        error_code = coalesce(nullif(%(code)s, ''), r.error_code)
    WHERE r.state = ANY(%(from)s) AND
"""
_REVIVE = """
    UPDATE automation_run r SET state = %(to)s, reason = '', error_code = '', finished_at = NULL
    WHERE r.record_id = ANY(%(ids)s) AND r.state = ANY(%(from)s) AND r.error_code = %(code)s
      AND (r.by_hand OR CASE r.rule_kind
           WHEN 'robot' THEN EXISTS (
               SELECT 1 FROM automation_robot o WHERE o.id = r.rule_id AND o.is_on AND o.removed_at IS NULL)
           ELSE EXISTS (
               SELECT 1 FROM automation_trigger o WHERE o.id = r.rule_id AND o.is_on AND o.removed_at IS NULL)
           END)
      AND (r.by_hand OR r.keep_running OR r.visit_id IS NULL OR EXISTS (
          SELECT 1 FROM records_stagevisit v WHERE v.id = r.visit_id AND v.left_at IS NULL))
    RETURNING r.id
"""
# Nobody before it: no claimed run of its record and no earlier due one, inside or on its own way out.
_FREE = """
    NOT EXISTS (
        SELECT 1 FROM automation_run o
        WHERE o.record_id = r.record_id AND o.id <> r.id
          AND (o.lane = 'internal' OR (o.lane = r.lane AND o.host = r.host))
          AND (o.state = 'claimed' OR (o.state = 'ready' AND o.run_at <= statement_timestamp() AND o.id < r.id))
    )
"""
_TAKE = """
    UPDATE automation_run r
    SET state = %(to)s, lease = %(lease)s, worker = %(worker)s,
        lease_until = statement_timestamp() + %(lease_seconds)s * interval '1 second'
    FROM picked WHERE r.id = picked.id AND r.state = ANY(%(from)s)
    RETURNING r.*
"""
_CLAIM = f"""
    WITH RECURSIVE walk(process_id) AS (
        (SELECT process_id FROM automation_run
         WHERE state = 'ready' AND run_at IS NOT NULL AND lane = %(lane)s ORDER BY process_id LIMIT 1)
        UNION ALL
        SELECT (SELECT r.process_id FROM automation_run r
                WHERE r.state = 'ready' AND r.run_at IS NOT NULL AND r.lane = %(lane)s
                  AND r.process_id > walk.process_id ORDER BY r.process_id LIMIT 1)
        FROM walk WHERE walk.process_id IS NOT NULL
    ), fair AS (
        SELECT process_id FROM walk
        WHERE process_id IS NOT NULL AND EXISTS (
            SELECT 1 FROM automation_run r
            WHERE r.state = 'ready' AND r.lane = %(lane)s AND r.process_id = walk.process_id
              AND r.run_at <= statement_timestamp())
        ORDER BY random() LIMIT %(limit)s
    ), share AS (
        SELECT ceil(%(limit)s::numeric / greatest(count(*), 1))::int AS size FROM fair
    ), picked AS MATERIALIZED (
        SELECT top.id FROM fair CROSS JOIN share CROSS JOIN LATERAL (
            SELECT r.id FROM automation_run r
            WHERE r.state = 'ready' AND r.lane = %(lane)s AND r.process_id = fair.process_id
              AND r.run_at <= statement_timestamp() AND r.crashes = 0 AND {_FREE}
              AND {REACHABLE}
            ORDER BY r.run_at, r.id LIMIT share.size FOR UPDATE OF r SKIP LOCKED
        ) top
    )
    {_TAKE}
"""  # noqa: S608 - our own text
_CLAIM_SUSPECT = f"""
    WITH picked AS MATERIALIZED (
        SELECT r.id FROM automation_run r
        WHERE r.state = 'ready' AND r.lane = %(lane)s AND r.run_at <= statement_timestamp()
          AND r.crashes > 0 AND {_FREE} AND {REACHABLE}
        ORDER BY r.id LIMIT 1 FOR UPDATE OF r SKIP LOCKED
    )
    {_TAKE}
"""  # noqa: S608 - our own text
_FINISH = """
    WITH done AS (
        UPDATE automation_run
        SET state = %(to)s, attempt = attempt + %(is_attempt)s::int, lease = NULL, lease_until = NULL,
            in_doubt = %(to)s = 'uncertain', reason = %(reason)s, result = %(result)s::jsonb,
            error_code = %(error_code)s, error = %(error)s,
            started_at = coalesce(%(started_at)s::timestamptz, now()),
            finished_at = CASE WHEN %(is_over)s THEN clock_timestamp() END,
            run_at = CASE WHEN %(is_over)s THEN run_at ELSE statement_timestamp() + %(pause)s * interval '1 second' END
        WHERE id = %(id)s AND state = ANY(%(from)s) AND lease = %(lease)s
        RETURNING id, attempt, worker, started_at
    ), logged AS (
        INSERT INTO automation_attempt
            (run_id, n, worker, started_at, finished_at, outcome, http_status, error_code, error)
        SELECT id, attempt, worker, started_at, clock_timestamp(),
               CASE WHEN %(is_over)s THEN %(to)s ELSE 'again' END, %(http_status)s, %(error_code)s, %(error)s
        FROM done WHERE %(is_attempt)s
    ), let_go AS (
        UPDATE automation_run SET run_at = statement_timestamp() + delay_seconds * interval '1 second'
        WHERE %(is_over)s AND after_id IN (SELECT id FROM done) AND state = 'ready' AND run_at IS NULL
    )
    SELECT count(*) FROM done
"""
_REAP = """
    WITH lost AS (
        SELECT id FROM automation_run WHERE state = ANY(%(from)s) AND lease_until < statement_timestamp()
        ORDER BY lease_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ), moved AS (
        UPDATE automation_run r
        SET state = CASE WHEN r.in_doubt THEN %(uncertain)s WHEN r.crashes + 1 >= %(crashes)s THEN %(poisoned)s
                         ELSE %(ready)s END,
            finished_at = CASE WHEN r.in_doubt OR r.crashes + 1 >= %(crashes)s THEN statement_timestamp() END,
            crashes = r.crashes + 1, lease = NULL, lease_until = NULL, run_at = statement_timestamp(),
            error_code = 'crashed'
        FROM lost WHERE r.id = lost.id
        RETURNING r.id, r.state, r.attempt, r.crashes, r.worker, r.started_at
    ), logged AS (
        INSERT INTO automation_attempt
            (run_id, n, worker, started_at, finished_at, outcome, error_code, error)
        SELECT id, attempt + crashes, worker, coalesce(started_at, statement_timestamp()), statement_timestamp(),
               %(lost)s, 'crashed', ''
        FROM moved
    )
    SELECT id, state FROM moved
"""
