"""Narrowing records of one process: by a condition over its fields, by words of a title."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, Value
from django.db.models.lookups import Contains
from django.utils import timezone

from expressions.conditions import Condition, to_q
from expressions.folding import Folded, folded
from expressions.schema import Moment
from processes.permissions import Access
from processes.schema import columns_of
from records.models import Task


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What is asked of a board or a list beside "what may I see"; nothing by default."""

    condition: Condition | None = None
    search: str = ""
    is_overdue: bool = False
    """Only records with a task past its time."""

    @property
    def asks(self) -> bool:
        """Whether it leaves anything out."""
        has_condition = self.condition is not None and not self.condition.is_always
        return has_condition or bool(folded(self.search).split()) or self.is_overdue


NOTHING = Narrowing()


def moment_of(access: Access) -> Moment:
    """Now, in the active time zone, for the access's actor."""
    return Moment(now=timezone.now(), zone=timezone.get_current_timezone(), me=access.actor.user_id)


def narrowed(rows: Any, access: Access, narrowing: Narrowing) -> Any:
    """The rows for which the condition holds and whose title has every word of the search in it."""
    if narrowing.condition is not None and not narrowing.condition.is_always:
        found = to_q(narrowing.condition, columns_of(access.definition), moment_of(access))
        rows = rows.filter(found)
    for word in folded(narrowing.search).split():
        rows = rows.filter(Contains(Folded(F("title")), Value(word)))
    if narrowing.is_overdue:
        late = Task.objects.filter(record_id=OuterRef("pk"), done_at=None, due_at__lt=timezone.now())
        rows = rows.filter(Exists(late))
    return rows
