"""Which records: the catalogue across processes, and the typed table of one."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q

from processes.models import Operation, Scope
from processes.permissions import Access

if TYPE_CHECKING:
    from records.models import Record  # noqa: F401


class RecordQuerySet(models.QuerySet["Record"]):
    """Filters over the catalogue."""

    def visible_to(self, accesses: Iterable[Access]) -> "RecordQuerySet":
        """Records that are not in the bin and that the accesses (of one actor) let see."""
        allowed = Q()
        whole: list[int] = []
        for access in accesses:
            scope = access.scope(Operation.VIEW)
            if scope == Scope.ALL:
                whole.append(access.definition.id)
            elif scope == Scope.OWN:
                allowed |= Q(process_id=access.definition.id) & own(access)
        if whole:
            allowed |= Q(process_id__in=whole)
        return self.filter(allowed, deleted_at=None) if allowed else self.none()


class TypedQuerySet(models.QuerySet[Any]):
    """Filters over the typed table of one process."""

    def visible_to(self, access: Access, operation: str = Operation.VIEW) -> "TypedQuerySet":
        """Records not in the bin that the access lets see (or do `operation` with). Always the first call."""
        return self._scoped(access, operation).filter(deleted_at=None)

    def in_bin(self, access: Access) -> "TypedQuerySet":
        """Records in the bin that the access lets restore."""
        return self._scoped(access, Operation.RESTORE).exclude(deleted_at=None)

    def in_stage(self, stage_id: int) -> "TypedQuerySet":
        """Records that stand in a stage."""
        return self.filter(stage_id=stage_id)

    def _scoped(self, access: Access, operation: str) -> "TypedQuerySet":
        scope = min(access.scope(operation), access.scope(Operation.VIEW))
        if scope == Scope.ALL:
            return self.all()
        if scope == Scope.OWN:
            return self.filter(own(access))
        return self.none()


def own(access: Access) -> Q:
    """One is responsible for the record or made it."""
    if access.actor.user_id is None:
        return Q(pk__in=[])
    return Q(assignee_id=access.actor.user_id) | Q(author_id=access.actor.user_id)
