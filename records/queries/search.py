"""Search by title across all processes, through the catalogue alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q

from expressions.folding import folded
from processes.definition_types import Definition, StageDef
from processes.permissions import Access
from records.models import Record

MOST = 50
LONGEST = 200
MOST_WORDS = 10

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"#?(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that was found."""

    id: int
    title: str
    process: Definition
    stage: StageDef


def hits_for(accesses: Sequence[Access], text: str, *, limit: int = MOST) -> list[Hit]:
    """Records that the accesses let see and whose title has words that begin like each word of `text`.

    A number (with or without #) also finds the record of that number. Open records first, then the newest.
    One query; none for an empty text.
    """
    asked = _asked(text)
    if asked is None:
        return []
    definitions = {access.definition.id: access.definition for access in accesses}
    rows = Record.objects.visible_to(accesses).filter(asked).order_by("-is_open", "-id")
    found = rows.values_list("pk", "title", "process_id", "stage_id")[:limit]
    return [
        Hit(pk, title, definitions[process], definitions[process].stage_by_id[stage])
        for pk, title, process, stage in found
    ]


def _asked(text: str) -> Q | None:
    words = _WORD.findall(folded(text[:LONGEST]))[:MOST_WORDS]
    if not words:
        return None
    query = " & ".join(f"'{word}':*" for word in words)
    asked = Q(search=SearchQuery(query, config="simple", search_type="raw"))
    number = _NUMBER.fullmatch(text.strip())
    return asked | Q(pk=int(number[1])) if number else asked
