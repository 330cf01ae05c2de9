"""Text from outside: folding for search, keys, cleanliness."""

import re
import unicodedata

from django.utils.translation import gettext as _

from core.errors import Invalid

KEY_PATTERN = re.compile(r"^[a-z][a-z0-9_]{0,39}\Z")

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Control characters, line and paragraph separators."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL and lone surrogates."""

RESERVED_KEYS = frozenset(
    [
        *("id", "pk", "key", "all", "any", "none", "not", "and", "or", "true", "false", "null", "now", "me", "today"),
        *("title", "stage", "pipeline", "assignee", "author", "department", "deadline", "position", "version"),
        *("created_at", "updated_at", "stage_changed_at", "closed_at", "deleted_at", "editor", "record", "process"),
        *("stage_name", "stage_kind", "fields", "filter", "sort", "search", "expand", "cursor", "limit", "offset"),
        *("observers", "observer_ids", "format", "view", "self", "class", "import"),
    ]
)

_LATIN = (
    *("a", "b", "v", "g", "d", "e", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f"),
    *("kh", "ts", "ch", "sh", "sch", "", "y", "", "e", "yu", "ya"),
)
_TRANSLIT = dict(zip("абвгдеёжзийклмнопрстуфхцчшщъыьэюя", _LATIN, strict=True))


def fold(text: str) -> str:
    """The form in which names and titles are compared and sorted: lower case, ё as е, one space between words."""
    return " ".join(text.lower().replace("ё", "е").split())


def check_key(key: str, *, taken: set[str] | frozenset[str] = frozenset(), field: str = "key") -> str:
    """The key itself if it may be used; raises Invalid for a malformed, reserved or taken one."""
    if not KEY_PATTERN.match(key):
        raise Invalid(
            _("A key is 1 to 40 small Latin letters, digits and underscores, and begins with a letter."),
            {field: [_("Use small Latin letters, digits and underscores; begin with a letter.")]},
        )
    if key in RESERVED_KEYS:
        raise Invalid(_("This key is reserved."), {field: [_("“%s” is a reserved word.") % key]})
    if key in taken:
        raise Invalid(_("This key is taken."), {field: [_("“%s” is taken.") % key]})
    return key


def key_from(name: str, *, taken: set[str] | frozenset[str] = frozenset(), fallback: str = "field") -> str:
    """A free key made from a person's words: “Дата заявки” → `data_zayavki`."""
    latin = "".join(_TRANSLIT.get(char, char) for char in name.lower())
    plain = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode()
    base = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:34] or fallback
    if not base[0].isalpha():
        base = f"{fallback}_{base}"[:34]
    key, number = base, 1
    while key in taken or key in RESERVED_KEYS:
        number += 1
        key = f"{base}_{number}"
    return key


def id_from(text: str) -> int | None:
    """A row's id as an address or a form writes it (at most 18 digits); None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def clean_line(text: object, *, field: str, limit: int = 255, required: bool = True) -> str:
    """One line of a person's text, stripped; raises Invalid for NUL bytes, line breaks, emptiness or length."""
    if not isinstance(text, str):
        raise Invalid(_("Text is expected."), {field: [_("Text is expected.")]})
    text = text.strip()
    if _CONTROL.search(text):
        raise Invalid(_("Control characters are not allowed."), {field: [_("Control characters are not allowed.")]})
    check_unicode(text, field=field)
    if required and not text:
        raise Invalid(_("This is required."), {field: [_("Fill this in.")]})
    if len(text) > limit:
        raise Invalid(_("This is too long."), {field: [_("At most %d characters.") % limit]})
    return text


def is_storable(text: str) -> bool:
    """Whether PostgreSQL could store the text; a key from an address that it could not belongs to nothing."""
    return _UNSTORABLE.search(text) is None


def check_unicode(text: str, *, field: str) -> str:
    """The text itself; raises Invalid where PostgreSQL could not store it (NUL, lone surrogates)."""
    if not is_storable(text):
        raise Invalid(
            _("This text cannot be stored."), {field: [_("The text holds characters that cannot be stored.")]}
        )
    return text
