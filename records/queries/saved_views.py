"""Saved views: which of them somebody finds, and what the query of one may say."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Exists, OuterRef, Q, Value
from django.utils.translation import gettext as _

from core.errors import Invalid, NotAllowed, NotFound
from core.problems import Problems
from core.text import check_unicode
from processes.models import Operation
from processes.permissions import Access
from processes.queries import visible_pipelines
from records.models import SavedView
from records.models.saved_view import Audience, address_of
from records.queries.filters import condition_from_pairs
from records.queries.sorting import sorting_for

LONGEST_QUERY, LONGEST_SEARCH = 2000, 200
"""Characters."""


@dataclass(frozen=True, slots=True)
class View:
    """A saved view, as somebody finds it."""

    id: int
    name: str
    page: str
    query: str
    """Empty where somebody else's view speaks of what the reader may not know."""
    is_readable: bool
    """Whether all that it speaks of is there, and known to the reader."""
    audience: str
    role_ids: frozenset[int]
    is_default: bool
    owner: str
    is_own: bool
    can_change: bool

    @property
    def address(self) -> str:
        """The query of the address that opens it; of one that cannot be read the whole page opens."""
        return address_of(self.id, self.query if self.is_readable else "")


def views_of(access: Access, page: str | None = None) -> tuple[View, ...]:
    """The views of a process (of one of its pages) that the actor finds: the page's default first, then by name.

    One that somebody else made is not found where it speaks of what the actor may not know; designers find a shared one
    by its name alone, as they have to mend it or take it away. One query.
    """
    return tuple(view for row in _rows(access, page) if (view := _view(access, row)) is not None)


def view_of(access: Access, view_id: int) -> View:
    """One of them. Raises NotFound."""
    found = next((view for view in views_of(access) if view.id == view_id), None)
    if found is None:
        raise NotFound(_("There is no such view."), view=view_id)
    return found


def changeable_view(access: Access, view_id: int) -> View:
    """One that the actor may change. Raises NotFound, NotAllowed."""
    view = view_of(access, view_id)
    if not view.can_change:
        raise NotAllowed(_("Only designers of the process change views that are shared."))
    return view


def clean_query(access: Access, query: str) -> str:
    """A query as it is kept: filters, words, pipeline and order, each checked under the actor's rights.

    Raises Invalid with the name of what is wrong in `fields`, and of what is none of these.
    """
    if len(query) > LONGEST_QUERY:
        raise Invalid(_("This filter is too long to be kept."), {"query": [_("This filter is too long to be kept.")]})
    problems = Problems()
    kept: list[tuple[str, str]] = []
    for name, value in parse_qsl(query.removeprefix("?"), keep_blank_values=True):
        if (name, value) == ("q", ""):
            continue
        with problems.at():
            _check_part(access, name, value)
            kept.append((name, value))
    with problems.at():
        condition_from_pairs(access, kept)
    problems.raise_any()
    return urlencode(kept)


def _check_part(access: Access, name: str, value: str) -> None:
    """Raise Invalid for a part of a query that makes no sense; filters are looked at together."""
    if name == "sort":
        sorting_for(access, value)
    elif name == "pipeline":
        if value not in {pipeline.key for pipeline in visible_pipelines(access)}:
            raise _wrong(name, _("There is no such pipeline."))
    elif name == "q":
        if len(check_unicode(value, field=name)) > LONGEST_SEARCH:
            raise _wrong(name, _("At most %d characters.") % LONGEST_SEARCH)
    elif name == "overdue":
        if value != "1":
            raise _wrong(name, _("Say 1, or leave it out."))
    elif not name.startswith("filter["):
        raise _wrong(name, _("There is no such parameter."))


def _wrong(name: str, message: str) -> Invalid:
    return Invalid(message, {name: [message]})


def _rows(access: Access, page: str | None) -> Iterable[SavedView]:
    actor = access.actor
    of_roles = SavedView.roles.through.objects.filter(savedview=OuterRef("pk"), role__in=actor.role_ids)
    found = Q(owner=actor.user_id) | Q(audience=Audience.ALL) | Q(Exists(of_roles), audience=Audience.ROLES)
    if access.can(Operation.DESIGN):
        found |= ~Q(audience=Audience.OWNER)
    rows = SavedView.objects.filter(found, process=access.definition.id)
    if page is not None:
        rows = rows.filter(page=page)
    rows = rows.annotate(found_by=ArrayAgg("roles", filter=Q(roles__isnull=False), default=Value([])))
    return rows.order_by("-is_default", "name", "id").select_related("owner")


def _view(access: Access, row: SavedView) -> View | None:
    is_own, may_design = row.owner_id == access.actor.user_id, access.can(Operation.DESIGN)
    is_readable = _is_readable(access, row.query)
    if not (is_readable or is_own or may_design):
        return None
    return View(
        id=row.pk,
        name=row.name,
        page=row.page,
        query=row.query if is_readable or is_own else "",
        is_readable=is_readable,
        audience=row.audience,
        role_ids=frozenset(row.found_by),  # type: ignore[attr-defined]
        is_default=row.is_default,
        owner=str(row.owner),
        is_own=is_own,
        can_change=may_design if row.audience != Audience.OWNER else is_own,
    )


def _is_readable(access: Access, query: str) -> bool:
    try:
        clean_query(access, query)
    except Invalid:
        return False
    return True
