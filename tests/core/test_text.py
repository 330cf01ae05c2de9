"""Text from outside: what one line may hold."""

import sys
import unicodedata

from core.text import _CONTROL


def test_control_characters_are_those_of_unicode() -> None:
    meant = {char for char in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(char) in ("Cc", "Zl", "Zp")}
    assert {char for char in map(chr, range(sys.maxunicode + 1)) if _CONTROL.search(char)} == meant
