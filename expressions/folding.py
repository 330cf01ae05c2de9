"""One definition of "the same letters" for Python and PostgreSQL: lower case, ё as е, ς as σ.

Letters map one to one by the simple lower case of Unicode 16, which is what PostgreSQL 18 does under the
built-in locale C.UTF-8. A test walks every code point through both.
"""

import re

from django.db.models import Expression, F, Func, TextField

# Letters that got a small form after Unicode 14, the version of Python 3.11.
_NEWER = {
    0x1C89: 0x1C8A,
    0xA7CB: 0x0264,
    0xA7CC: 0xA7CD,
    0xA7DA: 0xA7DB,
    0xA7DC: 0x019B,
    **{code: code + 0x20 for code in range(0x10D50, 0x10D66)},
}
# str.lower() looks at neighbours for Σ and makes two characters of İ; PostgreSQL does neither.
_TABLE = {ord(key): ord(value) for key, value in {"Ё": "е", "ё": "е", "Σ": "σ", "ς": "σ", "İ": "i"}.items()} | _NEWER
_SPECIAL = re.compile("[" + "".join(map(chr, _TABLE)) + "]")


def folded(text: str) -> str:
    """The form in which texts are compared and searched; always as long as the text itself."""
    if not text.isascii() and _SPECIAL.search(text):
        text = text.translate(_TABLE)
    return text.lower()


class Folded(Func):
    """`folded()` in SQL. An index on this very expression serves the text operators.

    Nested `replace` is half the price of `translate` (126 against 216 ms for 200,000 titles).
    """

    template = "replace(replace(lower(%(expressions)s), 'ё', 'е'), 'ς', 'σ')"
    arity = 1

    def __init__(self, expression: Expression | F | str) -> None:
        super().__init__(expression, output_field=TextField())
