"""Narrowing records of one process: by a condition over its fields, by words of titles and searched fields."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db.models import Case, Exists, Expression, F, ForeignKey, OuterRef, Q, Value, When
from django.utils import timezone

from expressions.conditions import Condition, to_q
from expressions.folding import folded
from expressions.schema import Moment
from processes.definition_types import FieldDef
from processes.permissions import Access
from processes.schema import columns_of
from records.models import Record, Task
from records.queries.search import LONGEST, in_title, meant_query, with_stale_words, words_query
from records.querysets import rows_showing

SHORTEST = 3
"""Letters of a word that is looked for in fields too; with fewer, nearly every record has one that begins so."""


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
    """The rows for which the condition holds and that have every word of the search: anywhere in the title, or at the
    beginning of a word of a searched field."""
    if narrowing.condition is not None and not narrowing.condition.is_always:
        partial = [field for field in access.partial_fields if field.key in narrowing.condition.fields]
        rows = rows.alias(**{f"shown_{field.column}": shown_column(access, field, rows.model) for field in partial})
        columns = columns_of(access.definition) | {field.key: f"shown_{field.column}" for field in partial}
        rows = rows.filter(to_q(narrowing.condition, columns, moment_of(access)))
    words = folded(narrowing.search).split()
    if words and with_stale_words([access]):
        rows = rows.filter(_has_words(words, shortest=LONGEST + 1))
    elif words:
        rows = rows.filter(_has_words(words) | _in_catalogue(meant_query(narrowing.search)))
    if narrowing.is_overdue:
        late = Task.objects.filter(record_id=OuterRef("pk"), done_at=None, due_at__lt=timezone.now())
        rows = rows.filter(Exists(late))
    return rows


def _has_words(words: Sequence[str], shortest: int = SHORTEST) -> Q:
    """That the title has each word, or from so many letters on a searched field has one that begins so."""
    found = Q()
    for word in words:
        titled = in_title(word)
        found &= titled | _in_catalogue(words_query(word)) if len(word) >= shortest else titled
    return found


def _in_catalogue(query: SearchQuery | None) -> Q:
    """The search vector of the record has what is asked; nothing is added to an alternative where nothing is."""
    return Q() if query is None else Q(Exists(Record.objects.filter(pk=OuterRef("pk"), search=query)))


def shown_column(access: Access, field: FieldDef, model: Any) -> Expression:
    """A field's column as the access shows it: empty in records that do not show the field."""
    column = model._meta.get_field(field.attname)
    kind = column.target_field if isinstance(column, ForeignKey) else column
    return as_shown(access, field, F(field.attname), output_field=kind.clone())


def as_shown(access: Access, field: FieldDef, expression: Expression | F, **options: Any) -> Expression:
    """What is made of a field's value; empty in records that do not show the field."""
    shown = rows_showing(access, field)
    return Value(None, **options) if shown is None else Case(When(shown, then=expression), **options)
