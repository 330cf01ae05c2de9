"""Search by the words of titles and of searched fields, through the catalogue."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.postgres.search import SearchQuery
from django.db.models import F, Q, Value
from django.db.models.lookups import Contains

from expressions.folding import Folded, folded
from processes.definition_types import Definition, StageDef
from processes.fieldtype import field_types
from processes.models import FieldJob
from processes.permissions import Access
from records.models import Record

MOST = 50
LONGEST = 200
MOST_WORDS = 10

_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"#?(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that was found."""

    id: int
    title: str
    process: Definition
    stage: StageDef


def hits_for(accesses: Sequence[Access], text: str, *, limit: int = MOST) -> list[Hit]:
    """Records that the accesses let see and whose title and searched fields have words that begin like each word of
    `text`: a name, an address of mail or a part of it, a phone number in any usual writing.

    A number (with or without #) also finds the record of that number. Open records first, then the newest.
    One query; none for an empty text.
    """
    asked = _asked(text)
    if asked is None:
        return []
    definitions = {access.definition.id: access.definition for access in accesses}
    rows = Record.objects.visible_to(accesses).filter(asked).order_by("-is_open", "-id")
    if stale := with_stale_words(accesses):
        rows = rows.filter(~Q(process_id__in=stale) | _titled(text))
    found = rows.values_list("pk", "title", "process_id", "stage_id")[:limit]
    return [
        Hit(pk, title, definitions[process], definitions[process].stage_by_id[stage])
        for pk, title, process, stage in found
    ]


def with_stale_words(accesses: Iterable[Access]) -> set[int]:
    """Processes whose words may still be those of a field that the actor does not read any more. A query only where
    a field that is searched is limited for the actor."""
    searched = ((access, field) for access in accesses for field in access.definition.fields if field.is_searchable)
    limited = [field.id for access, field in searched if access.limits_reading(field)]
    if not limited:
        return set()
    ended = (FieldJob.State.DONE, FieldJob.State.CANCELLED)
    jobs = FieldJob.objects.filter(field_id__in=limited, kind=FieldJob.Kind.FILL).exclude(state__in=ended)
    return set(jobs.values_list("field__process_id", flat=True))


def _titled(text: str) -> Q:
    """That the title has every word in it."""
    found = Q()
    for word in _WORD.findall(folded(text[:LONGEST]))[:MOST_WORDS]:
        found &= in_title(word)
    return found


def in_title(word: str) -> Q:
    """That the title has a folded word in it."""
    return Q(Contains(Folded(F("title")), Value(word)))


def words_query(text: str) -> SearchQuery | None:
    """What the search vector of a record is asked for a text; None where there is no word in it."""
    words = _WORD.findall(folded(text[:LONGEST]))[:MOST_WORDS]
    if not words:
        return None
    return _query([" & ".join(map(_beginning, words)), *map(_beginning, _meant(text))])


def meant_query(text: str) -> SearchQuery | None:
    """The same for what the text means as a whole beside its words, to some type of field: a phone number."""
    meant = _meant(text)
    return _query(map(_beginning, meant)) if meant else None


def _meant(text: str) -> list[str]:
    kinds = (kind for kind in field_types if kind.can_be_searched)
    return sorted({word for kind in kinds for word in kind.words_meant(text[:LONGEST])})


def _query(parts: Iterable[str]) -> SearchQuery:
    return SearchQuery(" | ".join(f"({part})" for part in parts), config="simple", search_type="raw")


def _beginning(word: str) -> str:
    return f"'{word}':*"


def _asked(text: str) -> Q | None:
    query = words_query(text)
    if query is None:
        return None
    asked = Q(search=query)
    number = _NUMBER.fullmatch(text.strip())
    return asked | Q(pk=int(number[1])) if number else asked
