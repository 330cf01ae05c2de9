"""Long jobs take turns: a worker claims one under a lease, brings it forward, lets the next one have its turn."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone, translation

from accounts.models import User
from accounts.queries import actor_for, actor_of_token
from core.actor import Actor, ActorKind
from records.models import BulkJob, ExportJob, ImportJob

SECONDS = 15.0
"""How long one call works before it lets itself be called again."""
TURN = 5.0
"""Seconds after which a job lets another one have its turn."""
MOST_CRASHES = 3
"""Workers that one place of a job may cost."""

Goes = Callable[[], bool]
J = TypeVar("J", ImportJob, ExportJob, BulkJob)


@dataclass(frozen=True, slots=True)
class Turns(Generic[J]):
    """The turns of one kind of job. `work_on` brings a claimed one forward as long as its second argument says so."""

    model: type[J]
    work_on: Callable[[J, Goes], None]

    def has_work(self) -> bool:
        """Whether a job waits for a worker, or was lost by its own; one query on an index."""
        return self._claimable().exists()

    def work(self, seconds: float = SECONDS) -> bool:
        """Work on jobs in turns until none waits or the time is over; whether something is left to do."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            job = self.claim()
            if job is None:
                return False
            self.work_on(job, _until(min(deadline, time.monotonic() + TURN)))
        return self.has_work()

    def work_through(self, job_id: int) -> None:
        """Work on one job, in this process, until it waits for a person again or has ended."""
        while (job := self.claim(job_id)) is not None:
            self.work_on(job, lambda: True)

    def let_go(self, job: J) -> None:
        """Give a claimed job back; it is the last one in the row now."""
        self.model.objects.filter(pk=job.pk, lease=job.lease).update(lease=None, lease_until=None, turn_at=Now())

    def _claimable(self) -> QuerySet[J]:
        free = Q(lease=None) | Q(lease_until__lt=Now())
        return self.model.objects.filter(free, state__in=self.model.WORKING)

    def claim(self, job_id: int | None = None) -> J | None:
        """Take the job that has waited longest for a turn; None when there is none. A lost lease is a crash."""
        waiting = self._claimable() if job_id is None else self._claimable().filter(pk=job_id)
        with transaction.atomic():
            job = waiting.select_for_update(skip_locked=True).order_by("turn_at", "pk").first()
            if job is None:
                return None
            job.crashes += job.lease is not None
            job.lease, job.lease_until = uuid.uuid4(), lease_end()
            job.save(update_fields=["crashes", "lease", "lease_until"])
        return job


def _until(end: float) -> Goes:
    return lambda: time.monotonic() < end


def lease_end() -> Now:
    """Until when a worker that has just shown itself holds its job."""
    return Now() + timedelta(seconds=settings.IMPORT_LEASE_SECONDS)  # type: ignore[return-value]


def actor_of_job(job: BulkJob | ExportJob | ImportJob) -> Actor:
    """Who works: the job's person, with the rights that they, or their token, have now, or its service token.

    Raises NotFound.
    """
    if job.token_id is not None:
        return actor_of_token(job.token_id)
    assert job.user is not None  # a constraint: a job has either
    return actor_for(job.user)


def starter_of(job: BulkJob | ExportJob) -> Actor:
    """Whoever has asked for a job, whatever they may do by now: for what is told about it."""
    kind = ActorKind.TOKEN if job.user is None else ActorKind.PERSON
    label = job.starter if job.user is None else job.user.name
    return Actor(kind=kind, label=label, user_id=job.user_id, token_id=job.token_id)


@contextmanager
def as_person(user: User | None) -> Iterator[None]:
    """In the language and the time zone of a person, as on their pages; for a program in those of the installation."""
    language = settings.LANGUAGE_CODE if user is None else user.language
    zone = settings.TIME_ZONE if user is None else user.time_zone
    with translation.override(language), timezone.override(ZoneInfo(zone)):
        yield
