"""What an expression may speak of (the schema) and what it is answered from (the scope)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from functools import cached_property
from typing import Any

from core.errors import Text
from expressions.values import Kind


@dataclass(frozen=True)
class FieldSpec:
    """One field as the language sees it; `options` are the keys it may hold, with their labels."""

    kind: Kind
    label: Text
    options: Mapping[Any, Text] | None = None


Schema = Mapping[str, FieldSpec]


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When and for whom an expression is asked: `now` is aware, `me` a user id or nobody."""

    now: datetime
    zone: tzinfo
    me: int | None = None

    @cached_property
    def local(self) -> datetime:
        """Now by the clock on the wall."""
        return self.now.astimezone(self.zone)

    @cached_property
    def today(self) -> date:
        """The day by the clock on the wall."""
        return self.local.date()


@dataclass(frozen=True, kw_only=True)
class Scope(Moment):
    """Plain values by field key, and for events what the changed fields held before.

    A key that is absent from `before` did not change. For a new record `before` holds None for every field.
    """

    values: Mapping[str, object]
    before: Mapping[str, object] = field(default_factory=dict)
