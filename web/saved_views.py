"""The saved views of a board or a list: which one the address names, and with which one the page opens."""

from collections import Counter
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect

from core.text import id_from
from processes.permissions import Access
from records.models.saved_view import Audience
from records.queries.saved_views import View, views_of
from web.filters import Filter
from web.middleware import PersonalRequest, is_fragment


@dataclass(frozen=True, slots=True)
class ViewBar:
    """What the page offers: the views that its reader finds, the chosen one, and whether it was changed since."""

    page: str
    views: tuple[View, ...]
    chosen: View | None
    is_changed: bool
    query: str
    """What would be kept, as a query."""
    none: str
    """The address's query without any view."""

    @property
    def own(self) -> tuple[View, ...]:
        """Those that only the reader finds."""
        return tuple(view for view in self.views if view.audience == Audience.OWNER)

    @property
    def shared(self) -> tuple[View, ...]:
        """Those that others find too."""
        return tuple(view for view in self.views if view.audience != Audience.OWNER)


def view_bar(request: PersonalRequest, access: Access, page: str, found: Filter) -> ViewBar:
    """The saved views of a page. One query."""
    views = views_of(access, page)
    asked = id_from(request.GET.get("view", ""))
    chosen = next((view for view in views if view.id == asked), None)
    kept = _kept(found)
    saved = chosen.query if chosen is not None and chosen.is_readable else ""
    is_changed = chosen is not None and Counter(parse_qsl(kept)) != Counter(parse_qsl(saved))
    pipeline = [(name, value) for name, value in parse_qsl(kept) if name == "pipeline"]
    has_default = any(view.is_default for view in views)
    none = urlencode([*pipeline, *([("view", "")] if has_default else [])])
    return ViewBar(page, views, chosen, is_changed, kept, none)


def _kept(found: Filter) -> str:
    """What would be kept of the address: what the page goes by, none of what it leaves aside."""
    query = QueryDict(found.query, mutable=True)
    query.pop("view", None)
    if "q" in query:
        query["q"] = found.search
    if not found.narrowing.is_overdue:
        query.pop("overdue", None)
    return query.urlencode()


def opening(request: PersonalRequest, bar: ViewBar) -> HttpResponse | None:
    """Where a page that was asked for without any filter opens: with its default view, if it has one."""
    default = next((view for view in bar.views if view.is_default and view.is_readable), None)
    if default is None or is_fragment(request) or not set(request.GET) <= {"pipeline"}:
        return None
    query = QueryDict(default.address, mutable=True)
    if "pipeline" in request.GET:
        query["pipeline"] = request.GET["pipeline"]
    return redirect(f"{request.path}?{query.urlencode()}")
