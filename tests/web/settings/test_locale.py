"""The Russian catalogue: whole, and with every placeholder of the English words in its place."""

import re

import polib
import pytest
from django.conf import settings

CATALOGUES = sorted(path for folder in settings.LOCALE_PATHS for path in folder.glob("*/LC_MESSAGES/*.po"))
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\}")


def forms_of(entry: polib.POEntry) -> list[tuple[str, str]]:
    """The original beside each of its translations; the singular may leave its number out."""
    if not entry.msgid_plural:
        return [(entry.msgid, entry.msgstr)]
    return [(entry.msgid_plural, text) for form, text in entry.msgstr_plural.items() if form]


def test_there_is_a_russian_catalogue_of_pages_and_of_scripts() -> None:
    assert [path.name for path in CATALOGUES] == ["django.po", "djangojs.po"]


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.name)
def test_every_word_is_translated(path: str) -> None:
    catalogue = polib.pofile(str(path))
    assert [entry.msgid for entry in catalogue.untranslated_entries() + catalogue.fuzzy_entries()] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.name)
def test_translations_keep_the_placeholders(path: str) -> None:
    wrong = [
        (original, translated)
        for entry in polib.pofile(str(path))
        for original, translated in forms_of(entry)
        if sorted(PLACEHOLDER.findall(original)) != sorted(PLACEHOLDER.findall(translated))
    ]
    assert wrong == []
