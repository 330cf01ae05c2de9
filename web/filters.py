"""The filter of a board or a list in its address: `?q=paper&filter[amount][lt]=1000&overdue=1`.

The comparisons are written as REST writes them, so a filter may be carried from a page to a program.
All of them must hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from core.errors import Invalid, Text
from expressions.conditions import Condition
from expressions.schema import FieldSpec
from processes.definition_types import PipelineDef
from processes.permissions import Access
from processes.queries import visible_pipelines
from records.queries.filters import all_of, condition_from_pairs, schema_for
from records.queries.names import names_in_words
from records.queries.narrowing import Narrowing

KEPT = ("pipeline", "sort", "view")
"""Parameters that are no filter and stay when the filter is cleared; no view is shown then (`view=`)."""

QUICK: Mapping[str, str] = {
    "filter[assignee]": "me",
    "filter[assignee][is_empty]": "1",
    "overdue": "1",
    "filter[created_at][today]": "1",
}
"""Parameters that are switched on and off with one press."""


@dataclass(frozen=True, slots=True)
class Chip:
    """One part of the filter: what it says, and the address's query without it."""

    text: str
    without: str
    is_wrong: bool = False


@dataclass(frozen=True, slots=True)
class QuickFilter:
    """A ready filter that is switched on and off with one press."""

    label: str
    query: str
    """The address's query with it switched over."""
    is_on: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """What the address asks for."""

    narrowing: Narrowing
    chips: tuple[Chip, ...]
    quick: tuple[QuickFilter, ...]
    fields: tuple[tuple[str, FieldSpec], ...]
    """What one may filter by, for the builder."""
    query: str
    """The filter as a query for further requests, pages excluded."""
    cleared: str
    """The query without any filter."""

    @property
    def search(self) -> str:
        """The words searched for."""
        return self.narrowing.search

    @property
    def is_on(self) -> bool:
        """Whether anything is filtered away."""
        return self.narrowing.asks or bool(self.chips)

    @property
    def refusal(self) -> Invalid | None:
        """Why nothing may be done with all that is found: a part makes no sense and so leaves nothing out."""
        wrong: list[Text] = [chip.text for chip in self.chips if chip.is_wrong]
        return Invalid(_("A part of the filter makes no sense."), {"filter": wrong}) if wrong else None


def filter_of(params: QueryDict, access: Access) -> Filter:
    """The filter of an address; a comparison that makes no sense filters nothing and says so as a chip."""
    conditions: list[Condition] = []
    chips: list[Chip] = []
    for name, values in params.lists():
        if not name.startswith("filter["):
            continue
        without = _without(params, name)
        try:
            condition = condition_from_pairs(access, [(name, value) for value in values])
        except Invalid as error:
            problem = error.fields.get(name, [error.message])[0]
            chips.append(Chip(str(problem), without, is_wrong=True))
            continue
        conditions.append(condition)
        if not _is_on(params, name):
            chips.append(Chip(_said(access, condition), without))
    narrowing = Narrowing(all_of(conditions), params.get("q", "")[:200], params.get("overdue") == "1")
    unasked = {"id"} if len(visible_pipelines(access)) > 1 else {"id", "pipeline"}
    fields = tuple((key, spec) for key, spec in schema_for(access).items() if key not in unasked)
    return Filter(narrowing, tuple(chips), _quick(params), fields, _query(params), _cleared(params))


def filter_in_words(found: Filter, pipeline: PipelineDef | None) -> list[str]:
    """The filter in words, part by part."""
    within = [_("Pipeline: %(name)s") % {"name": pipeline.name}] if pipeline else []
    search = [_("Search: %s") % found.search] if found.search.strip() else []
    quick = [chip.label for chip in found.quick if chip.is_on]
    return [*within, *search, *quick, *(chip.text for chip in found.chips)]


def _said(access: Access, condition: Condition) -> str:
    """The condition in words; people, departments and records by the names that the reader may know."""
    return (
        condition.describe(names_in_words(access.actor))
        .replace("“", "")
        .replace("”", "")
        .replace("«", "")
        .replace("»", "")
    )


def _quick(params: QueryDict) -> tuple[QuickFilter, ...]:
    labels = (_("Mine"), _("Unassigned"), _("Overdue tasks"), _("New today"))
    return tuple(
        QuickFilter(label, _switched(params, name), _is_on(params, name))
        for name, label in zip(QUICK, labels, strict=True)
    )


def _is_on(params: QueryDict, name: str) -> bool:
    """Whether a quick filter is on, exactly as its button would set it."""
    return name in QUICK and params.getlist(name) == [QUICK[name]]


def _switched(params: QueryDict, name: str) -> str:
    if _is_on(params, name):
        return _without(params, name)
    changed = _filter_only(params)
    changed[name] = QUICK[name]
    return changed.urlencode()


def _without(params: QueryDict, key: str) -> str:
    changed = _filter_only(params)
    changed.pop(key, None)
    return changed.urlencode()


def _query(params: QueryDict) -> str:
    return _filter_only(params).urlencode()


def _cleared(params: QueryDict) -> str:
    kept = QueryDict(mutable=True)
    for key in KEPT:
        if key in params:
            kept[key] = "" if key == "view" else str(params[key])
    return kept.urlencode()


def _filter_only(params: QueryDict) -> QueryDict:
    """A copy without the parameters of pages."""
    copy = params.copy()
    for key in [*copy]:
        if not key.startswith("filter[") and key not in (*KEPT, "q", "overdue"):
            del copy[key]
    if not copy.get("q"):
        copy.pop("q", None)
    return copy
