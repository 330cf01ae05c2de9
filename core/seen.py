"""Marks of what a page shows. Whoever saves a whole dialog sends its mark along and is refused when somebody else has
changed meanwhile what it shows; otherwise the dialog would put back what it once was.
"""

import hashlib
import json
from dataclasses import asdict, is_dataclass
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Conflict


def mark_of(shown: Any) -> str:
    """A short mark of values; another one as soon as one of them differs."""
    text = json.dumps(shown, default=_plain, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def require_as_seen(mark: str, shown: Any) -> None:
    """Raise Conflict unless the values are as the mark says; an empty mark says nothing."""
    if mark and mark != mark_of(shown):
        raise Conflict(_("Somebody changed this meanwhile. Look at the present state and try again."))


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset | set):
        return sorted(value)
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)
