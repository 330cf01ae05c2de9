"""People page by page, by name."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

import orjson
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Invalid

PAGE, MOST = 50, 200


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Some people, and the cursor of the page after them; None at the end."""

    items: list[User]
    next: str | None


def page_of(people: Any, *, cursor: str | None = None, limit: int = PAGE) -> PeoplePage:
    """The people of a queryset in the order of names, from where a page before ended. One query. Raises Invalid."""
    if not 1 <= limit <= MOST:
        raise Invalid(_("A page has 1 to %d rows.") % MOST, {"limit": [_("Choose 1 to %d.") % MOST]})
    if cursor:
        name, person_id = _read(cursor)
        people = people.filter(Q(folded_name__gt=name) | Q(folded_name=name, id__gt=person_id))
    found = list(people.order_by("folded_name", "id")[: limit + 1])
    items = found[:limit]
    return PeoplePage(items, _written(items[-1]) if len(found) > limit else None)


def _written(last: User) -> str:
    return urlsafe_b64encode(orjson.dumps([last.folded_name, last.pk])).rstrip(b"=").decode()


def _read(cursor: str) -> tuple[str, int]:
    try:
        name, person_id = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        is_good = isinstance(name, str) and "\x00" not in name and type(person_id) is int and abs(person_id) < 2**63
    except (ValueError, TypeError, binascii.Error):
        is_good = False
    if not is_good:
        message = _("This cursor does not belong to this list; begin at the first page.")
        raise Invalid(message, {"cursor": [message]})
    return name, person_id
