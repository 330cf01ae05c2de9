"""Records that may be linked, by what people call them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db.models import F, Max, Min
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import NotFound
from core.text import id_from
from expressions.folding import Folded, folded
from processes.models import Operation, Process
from processes.permissions import Access, access_for, accesses_for
from records.models import Record
from records.queries.search import hits_for

OFFERED = 20


def records_called(actor: Actor, process_id: int, texts: Collection[str]) -> dict[str, list[int]]:
    """Ids by text of the records of a process that the actor sees and that have this title, or this number (with or
    without #).

    At most two of each text, for that is too many already; a number goes before a title. Three queries for all texts.
    """
    if not texts:
        return {}
    visible = Record.objects.visible_to([access_for(actor, process_id)])
    numbers = {text: number for text in texts if (number := id_from(text.removeprefix("#").strip())) is not None}
    known = set(visible.filter(pk__in=set(numbers.values())).values_list("pk", flat=True)) if numbers else set()
    titles = {text: folded(text.strip()) for text in texts if numbers.get(text) not in known}
    titled = visible.annotate(folded_title=Folded(F("title"))).filter(folded_title__in=set(titles.values()))
    ends = titled.order_by().values("folded_title").annotate(first=Min("pk"), last=Max("pk"))
    called = {row["folded_title"]: sorted({row["first"], row["last"]}) for row in ends}
    found = {text: called[title] for text, title in titles.items() if title in called}
    return found | {text: [number] for text, number in numbers.items() if number in known}


def linkable(actor: Actor, process_id: int, text: str) -> list[tuple[int, str]]:
    """Ids and titles of records that a link may name: those found by the text, the newest for none. Two queries."""
    access = access_for(actor, process_id)
    if folded(text).strip():
        return [(hit.id, hit.title) for hit in hits_for([access], text, limit=OFFERED)]
    newest = Record.objects.visible_to([access]).order_by("-pk")
    return list(newest.values_list("pk", "title")[:OFFERED])


def may_create(actor: Actor, process_id: int) -> bool:
    """Whether the actor may make a record that a link is to name. One query at most."""
    access = access_for(actor, process_id)
    return access.definition.status == Process.Status.PUBLISHED and access.can(Operation.CREATE)


def named_records(access: Access, asked: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Values of links that an address asks for, by field key: what a new record begins with.

    Of records that the actor sees only; everything else is left out.
    """
    found: dict[str, Any] = {}
    for field in access.readable_fields:
        if not field.is_link or field.key not in asked:
            continue
        ids = [number for text in asked[field.key] if (number := id_from(text)) is not None]
        linked = Record.objects.visible_to([access_for(access.actor, field.settings["process"])]).filter(pk__in=ids)
        if known := list(linked.order_by("pk").values_list("pk", flat=True)[:OFFERED]):
            found[field.key] = known if field.type.kind == "references" else known[0]
    return found


def process_of(actor: Actor, record_id: int) -> str:
    """Key of the process of a record that the actor sees. Raises NotFound. Two queries."""
    accesses = accesses_for(actor)
    found = Record.objects.visible_to(accesses).filter(pk=record_id).values_list("process__key", flat=True).first()
    if found is None:
        raise NotFound(_("There is no such record."), record=record_id)
    return found
