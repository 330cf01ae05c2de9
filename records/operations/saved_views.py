"""Saved views: kept, changed and removed. Whoever sees a process keeps views of their own; its designers share them."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Role
from accounts.operations import held_roles
from core.actor import Actor
from core.errors import Invalid, LimitReached, NotAllowed
from core.problems import Problems
from core.text import clean_line
from events.publish import publish
from processes.models import Operation, Process
from processes.permissions import Access, visible_access
from records.models import SavedView
from records.models.saved_view import Audience, Page
from records.queries.saved_views import changeable_view, clean_query

CHANGEABLE = ("name", "query", "audience", "role_ids", "is_default")
MOST_VIEWS = 100
"""Of one person in one process."""


@transaction.atomic
def add_view(key: str, *, page: str, values: Mapping[str, Any], actor: Actor) -> SavedView:
    """Keep a view of a page (`Page`) with some of `CHANGEABLE`; `name` is needed. Writes `view.added`.

    Sharing it needs the right to change the process. Raises NotFound, NotAllowed, Invalid, LimitReached.
    """
    access, owner_id = _access(key, actor), actor.user_id
    assert owner_id is not None
    if page not in Page.values:
        raise _wrong("page", _("There is no such page."))
    if SavedView.objects.filter(process=access.definition.id, owner=owner_id).count() >= MOST_VIEWS:
        raise LimitReached(_("You can keep at most %d views of a process.") % MOST_VIEWS)
    view = SavedView(process_id=access.definition.id, page=page, owner_id=owner_id)
    _change(view, {"name": "", "query": "", **values}, access)
    _publish("view.added", view, actor)
    return view


@transaction.atomic
def change_view(key: str, view_id: int, *, changes: Mapping[str, Any], actor: Actor) -> SavedView:
    """Change some of `CHANGEABLE`. Writes `view.updated`. Raises NotFound, NotAllowed, Invalid."""
    access = _access(key, actor)
    view = SavedView.objects.get(pk=changeable_view(access, view_id).id)
    _change(view, changes, access)
    _publish("view.updated", view, actor)
    return view


@transaction.atomic
def remove_view(key: str, view_id: int, *, actor: Actor) -> None:
    """Remove a view. Writes `view.removed`. Raises NotFound, NotAllowed."""
    access = _access(key, actor)
    view = SavedView.objects.get(pk=changeable_view(access, view_id).id)
    _publish("view.removed", view, actor)
    view.delete()


def _access(key: str, actor: Actor) -> Access:
    """For changing views of a process one at a time: there is one default, and people have only so many."""
    access = visible_access(actor, key)
    if actor.user_id is None or not access.can(Operation.VIEW):
        raise NotAllowed(_("You may not see records here."))
    Process.objects.select_for_update(no_key=True).get(pk=access.definition.id)
    return access


def _change(view: SavedView, changes: Mapping[str, Any], access: Access) -> None:
    problems = Problems()
    with problems.at():
        _require_known(changes)
    with problems.at():
        if "name" in changes:
            view.name = clean_line(changes["name"], field="name", limit=80)
    with problems.at():
        if "query" in changes:
            view.query = clean_query(access, changes["query"])
    view.audience = changes.get("audience", view.audience)
    view.is_default = changes.get("is_default", view.is_default) and view.audience == Audience.ALL
    role_ids = changes.get("role_ids")
    with problems.at():
        if changes.get("is_default") and not view.is_default:
            raise _wrong("is_default", _("A page opens only with a view that everybody finds."))
    with problems.at():
        if role_ids and view.audience != Audience.ROLES:
            raise _wrong("role_ids", _("The view is not shared with roles."))
    with problems.at():
        if view.audience not in Audience.values:
            raise _wrong("audience", _("There is no such audience."))
    with problems.at():
        roles = _roles(view, role_ids) if view.audience == Audience.ROLES else []
    problems.raise_any()
    if view.audience != Audience.OWNER:
        access.require(Operation.DESIGN)
    if view.is_default:
        SavedView.objects.filter(process=view.process_id, page=view.page).update(is_default=False)
    view.save()
    view.roles.set(roles)


def _wrong(key: str, message: str) -> Invalid:
    return Invalid(message, {key: [message]})


def _require_known(changes: Mapping[str, Any]) -> None:
    if unknown := set(changes) - set(CHANGEABLE):
        raise Invalid(_("This cannot be changed."), {name: [_("This cannot be changed.")] for name in unknown})


def _roles(view: SavedView, role_ids: Collection[int] | None) -> list[Role]:
    """The roles that find a view: those given, else those that found it before. Raises Invalid."""
    if role_ids is None:
        roles = held_roles(view.roles.values_list("pk", flat=True)) if view.pk else []
    else:
        roles = held_roles(role_ids)
        if len(roles) != len(set(role_ids)):
            raise _wrong("role_ids", _("There is no such role."))
    if not roles:
        raise _wrong("role_ids", _("Choose at least one role."))
    return roles


def _publish(kind: str, view: SavedView, actor: Actor) -> None:
    publish(
        kind,
        actor=actor,
        process_id=view.process_id,
        data={"view": view.pk, "name": view.name, "page": view.page, "query": view.query, "audience": view.audience},
    )
