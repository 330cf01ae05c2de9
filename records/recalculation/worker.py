"""Doing what is due, in steps: a killed worker leaves nothing half done, and nothing is lost.

Claiming, doing and ending are transactions of their own, so the relay never waits behind a step. Whoever ends a row
ends only the generation it has seen.
"""

import logging
import time
import uuid
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from core.errors import NotFound
from processes.definition import definition_of
from records.models import Link, Recalculation
from records.recalculation.renewing import Cause, renew_records
from records.typed import model_for

logger = logging.getLogger(__name__)

SECONDS = 15.0
"""How long one call works before it lets itself be called again."""
BATCH = 200
"""Records of one transaction."""
MOST_CRASHES = 5
"""Workers that one row may cost; then it rests until it is asked for anew."""


def has_work() -> bool:
    """Whether something is due, or was lost by its worker."""
    return _claimable().exists()


def work(seconds: float = SECONDS) -> bool:
    """Do what is due until nothing is or the time is over; whether something is left."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        claimed = _claim()
        if not claimed:
            return False
        try:
            _do(claimed)
        except NotFound:
            _end(claimed)
    return has_work()


def _claimable() -> QuerySet[Recalculation]:
    return Recalculation.objects.filter(Q(lease=None) | Q(lease_until__lt=Now()), crashes__lt=MOST_CRASHES)


@transaction.atomic
def _claim() -> list[Recalculation]:
    """The row that has waited longest, and others like it: records of one process, or one link. A row that has cost a
    worker is taken alone."""
    due = _claimable().order_by("asked_at", "pk").select_for_update(skip_locked=True)
    first = due.first()
    if first is None:
        return []
    rows = [first]
    if first.link_id is None and first.lease is None:
        alike = due.filter(process_id=first.process_id, link_id=None, lease=None)
        rows += list(alike.exclude(pk=first.pk)[: BATCH - 1])
    lease, until = uuid.uuid4(), timezone.now() + timedelta(seconds=settings.IMPORT_LEASE_SECONDS)
    for row in rows:
        row.crashes += row.lease is not None
        row.lease, row.lease_until = lease, until
    Recalculation.objects.bulk_update(rows, ["crashes", "lease", "lease_until"])
    if first.crashes >= MOST_CRASHES:
        logger.error("The values of record %d broke off %d workers and rest.", first.record_id, first.crashes)
        return []
    return rows


def _do(rows: Sequence[Recalculation]) -> None:
    """One step for rows claimed together."""
    first = rows[0]
    if first.link_id is None:
        ids = sorted(row.record_id for row in rows)
        renew_records(first.process_id, ids, _cause(rows))
        return _end(rows)
    ids = _next_readers(first)
    if ids:
        renew_records(first.process_id, ids, _cause(rows))
    if len(ids) < BATCH:
        return _end(rows)
    held = Recalculation.objects.filter(pk=first.pk, lease=first.lease)
    if not held.filter(generation=first.generation).update(position=ids[-1], lease=None, lease_until=None):
        held.update(lease=None, lease_until=None)
    return None


def _cause(rows: Sequence[Recalculation]) -> Cause:
    """Of rows done together: the first's chain, as far as the farthest, quiet if all are."""
    return Cause(rows[0].root_id, max(row.depth for row in rows), all(row.is_quiet for row in rows))


def _next_readers(row: Recalculation) -> list[int]:
    """The next records that name one by a link, in the order of their numbers; none where the link is gone."""
    definition = definition_of(row.process_id)
    field = definition.field_by_id.get(row.link_id or 0)
    if field is None:
        return []
    if field.type.kind == "references":
        found = Link.objects.filter(field=field.id, target=row.record_id, source__gt=row.position)
        return list(found.order_by("source_id").values_list("source_id", flat=True)[:BATCH])
    rows = model_for(definition).objects.filter(**{field.attname: row.record_id}, pk__gt=row.position)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])


def _end(rows: Sequence[Recalculation]) -> None:
    """Forget what is done; what was asked for again meanwhile is free for the next step."""
    done = Q()
    for row in rows:
        done |= Q(pk=row.pk, generation=row.generation)
    held = Recalculation.objects.filter(lease=rows[0].lease)
    held.filter(done).delete()
    held.update(lease=None, lease_until=None)
