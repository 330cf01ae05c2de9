"""The words by which the search finds a record beside its title, kept in the catalogue."""

from collections.abc import Sequence

from processes.definition_types import Definition
from processes.reach import is_for_all
from records.models import Record
from records.typed import TypedRecord

LIMIT = 100_000
"""Characters; a search vector holds less than a megabyte."""


def words_of(definition: Definition, row: TypedRecord) -> str:
    """The words of every field that is searched and that whoever sees the record reads: a search asks nobody's rights
    to fields."""
    searched = (f for f in definition.fields if f.is_searchable and is_for_all(definition, f))
    found = (f.type.words(row.value(f)) for f in searched)
    return " ".join(words for words in found if words)[:LIMIT]


def is_searched(definition: Definition, keys: object) -> bool:
    """Whether a change of these keys changes what a record is found by."""
    return any(f.is_searchable and f.key in keys for f in definition.fields)  # type: ignore[operator]


def write_words(definition: Definition, rows: Sequence[TypedRecord]) -> None:
    """Bring the catalogue in step with rows; one statement."""
    entries = [Record(pk=row.pk, words=words_of(definition, row)) for row in rows]
    if entries:
        Record.objects.bulk_update(entries, ["words"])
