"""Names of files as people see them, made harmless."""

import unicodedata

LIMIT = 255
_NEVER = frozenset('/\\:*?"<>|')
"""Characters that some system takes for more than a letter of a name."""


def clean_name(name: str) -> str:
    """The last part of a name without what deceives or breaks: control characters, changes of direction, path parts.

    Never empty, at most 255 characters; its ending stays.
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    kept = "".join(_harmless(char) for char in last)
    stem, dot, ending = " ".join(kept.split()).strip(". ").rpartition(".")
    if len(ending) > 20 or not dot:
        stem, dot, ending = f"{stem}{dot}{ending}", "", ""
    return f"{stem[: LIMIT - len(dot) - len(ending)]}{dot}{ending}" if stem else ending or "file"


def extension_of(name: str) -> str:
    """The ending of a name in small letters, without its dot; empty where it has none."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def _harmless(char: str) -> str:
    if char in _NEVER:
        return "_"
    category = unicodedata.category(char)
    if category in ("Zl", "Zp", "Zs"):
        return " "
    # Cc: control characters, Cf: invisible ones (changes of direction among them), Cs: halves of characters.
    return "" if category in ("Cc", "Cf", "Cs", "Cn", "Co") else char
