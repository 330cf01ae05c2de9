"""Which records: the catalogue across processes, and the typed table of one."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q

from core.actor import Actor
from processes.definition_types import FieldDef
from processes.models import Operation, Scope
from processes.permissions import Access
from processes.reach import Reach

if TYPE_CHECKING:
    from records.models import Record  # noqa: F401


class RecordQuerySet(models.QuerySet["Record"]):
    """Filters over the catalogue."""

    def visible_to(self, accesses: Iterable[Access]) -> "RecordQuerySet":
        """Records that are not in the bin and that the accesses (of one actor) let see."""
        return self._allowed(accesses, Operation.VIEW).filter(deleted_at=None)

    def in_bin(self, accesses: Iterable[Access]) -> "RecordQuerySet":
        """Records in the bin that the accesses (of one actor) let see and restore."""
        accesses = list(accesses)
        found = self._allowed(accesses, Operation.VIEW)._allowed(accesses, Operation.RESTORE)
        return found.exclude(deleted_at=None)

    def _allowed(self, accesses: Iterable[Access], operation: str) -> "RecordQuerySet":
        allowed = Q()
        whole: list[int] = []
        for access in accesses:
            rows = rows_of(access, operation)
            if rows is None:
                continue
            if rows:
                allowed |= Q(process_id=access.definition.id) & rows
            else:
                whole.append(access.definition.id)
        if whole:
            allowed |= Q(process_id__in=whole)
        return self.filter(allowed) if allowed else self.none()


class TypedQuerySet(models.QuerySet[Any]):
    """Filters over the typed table of one process."""

    def visible_to(self, access: Access, operation: str = Operation.VIEW) -> "TypedQuerySet":
        """Records not in the bin that the access lets see (or do `operation` with). Always the first call."""
        return self._scoped(access, operation).filter(deleted_at=None)

    def in_bin(self, access: Access) -> "TypedQuerySet":
        """Records in the bin that the access lets restore."""
        return self._scoped(access, Operation.RESTORE).exclude(deleted_at=None)

    def showing(self, access: Access, field: FieldDef) -> "TypedQuerySet":
        """Records that show a field to the access's actor, among those that it lets see."""
        if not access.limits_reading(field):
            return self
        rows = rows_showing(access, field)
        return self.none() if rows is None else self.filter(rows)

    def in_stage(self, stage_id: int) -> "TypedQuerySet":
        """Records that stand in a stage."""
        return self.filter(stage_id=stage_id)

    def _scoped(self, access: Access, operation: str) -> "TypedQuerySet":
        """What cannot be seen cannot be worked with."""
        found = self
        for asked in dict.fromkeys((Operation.VIEW, operation)):
            rows = rows_of(access, asked)
            if rows is None:
                return self.none()
            found = found.filter(rows)
        return found


def rows_of(access: Access, operation: str) -> Q | None:
    """The records with which the access lets do an operation, for both tables; empty for all of them, None for none."""
    return _rows_in(access, access.stages_by_reach(operation))


def rows_showing(access: Access, field: FieldDef) -> Q | None:
    """The records that show a limited field, among those that the access lets see; empty for all, None for none."""
    return _rows_in(access, access.stages_by_reading(field))


def _rows_in(access: Access, by_reach: Mapping[Reach, list[int]]) -> Q | None:
    wanted = {reach: stages for reach, stages in by_reach.items() if reach}
    if not wanted:
        return None
    if len(by_reach) == 1:
        return _in_reach(access, next(iter(wanted)))
    allowed = Q()
    for reach, stages in wanted.items():
        allowed |= Q(stage_id__in=stages) & _in_reach(access, reach)
    return allowed


def _in_reach(access: Access, reach: Reach) -> Q:
    """The records of a reach; empty for all."""
    if reach.scope == Scope.ALL:
        return Q()
    found = Q(assignee_id=None) if reach.with_unassigned else Q(pk__in=[])
    if reach.scope == Scope.NONE:
        return found
    if access.actor.user_id is not None:
        found |= Q(assignee_id=access.actor.user_id) | Q(author_id=access.actor.user_id)
        if reach.scope >= Scope.OBSERVED:
            found |= Q(observer_ids__contains=[access.actor.user_id])
    departments = access.departments(reach.scope)
    return found | Q(department_id__in=sorted(departments)) if departments else found


def loose_of(actor: Actor) -> Q:
    """What the actor uploaded and no record holds yet. Automation and the product itself have theirs together."""
    service_token_id = actor.token_id if actor.user_id is None else None
    return Q(record=None, uploader_id=actor.user_id, service_token_id=service_token_id)
