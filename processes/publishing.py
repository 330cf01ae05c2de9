"""What somebody who shapes a process may speak of in what they say of it: what they read themselves. See
docs/decisions/0027."""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from operator import eq
from typing import TypeVar

from core.actor import SYSTEM
from core.errors import Invalid
from processes.definition_types import Definition
from processes.permissions import ADMIN_OPERATIONS, Access, access_for
from processes.queries import visible_pipelines

T = TypeVar("T")


def publishable(access: Access, *, also: Collection[str] = ()) -> Definition:
    """The definition with what the actor may publish of it: the fields that every record which they see shows them, and
    of a process that they do not shape the pipelines that they see. `also` are keys that stand there already."""
    definition = access.definition
    unread = {f.id for f in definition.fields if f.key not in also and not access.reads_everywhere(f.id)}
    closed: set[int] = set()
    if not any(map(access.can, ADMIN_OPERATIONS)):
        closed = {p.id for p in definition.shown_pipelines} - {p.id for p in visible_pipelines(access)}
    return _without(definition, frozenset(unread), frozenset(closed)) if unread or closed else definition


def as_said(
    access: Access, check: Callable[[Access], T], before: T | None = None, *, same: Callable[[T, T], bool] = eq
) -> T:
    """What `check` makes of something that the actor says about the process. What stands there already (`before`) may
    stay as it is, whatever it speaks of. Raises what `check` raises."""
    if before is not None:
        with suppress(Invalid):
            found = check(access_for(SYSTEM, access.definition))
            if same(found, before):
                return found
    return check(access)


def access_beside(access: Access, process_id: int) -> Access:
    """The same actor's access to another process, or to this one."""
    return access if process_id == access.definition.id else access_for(access.actor, process_id)


@lru_cache(maxsize=512)
def _without(definition: Definition, fields: frozenset[int], pipelines: frozenset[int]) -> Definition:
    return replace(
        definition,
        fields=tuple(field for field in definition.fields if field.id not in fields),
        pipelines=tuple(pipeline for pipeline in definition.pipelines if pipeline.id not in pipelines),
    )
