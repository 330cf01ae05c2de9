"""What people write into files."""

from datetime import date

import pytest
from django.utils import translation

from processes.fieldtype import WrongValue
from processes.written import plain_number, written_day, written_moment

DAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24",
        "24.11.2026",
        "24/11/2026",
        "11/24/2026",
        "24-11-2026",
        "24.11.26",
        "2026/11/24",
        "24 нояб. 2026",
        "24 ноября 2026 г.",
        "24 Nov 2026",
        "24 November 2026",
        "24.11.2026 14:05",
        "2026-11-24T14:05:00",
    ],
)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_written_day_reads_the_habits_of_people(text: str, language: str) -> None:
    with translation.override(language):
        assert written_day(text) == DAY


def test_slashes_put_the_month_first_in_english_only() -> None:
    with translation.override("en"):
        assert written_day("03/04/2026") == date(2026, 3, 4)
    with translation.override("ru"):
        assert written_day("03/04/2026") == date(2026, 4, 3)


@pytest.mark.parametrize("text", ["31.02.2026", "2026", "tomorrow", "24.11", "24.13.2026", "1.2.20266", "0.0.0"])
def test_written_day_refuses_what_is_no_day(text: str) -> None:
    with pytest.raises(WrongValue):
        written_day(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("24.11.2026 14:05", "2026-11-24T14:05:00"),
        ("24.11.2026, 9:05:07", "2026-11-24T09:05:07"),
        ("11/24/2026 2:05 PM", "2026-11-24T14:05:00"),
        ("2026-11-24T14:05:00+03:00", "2026-11-24T14:05:00+03:00"),
        ("24.11.2026", "2026-11-24T00:00:00"),
    ],
)
def test_written_moment_is_given_in_iso(text: str, moment: str) -> None:
    assert written_moment(text) == moment


@pytest.mark.parametrize("text", ["24.11.2026 25:00", "24.11.2026 noon", "14:05"])
def test_written_moment_refuses_what_is_none(text: str) -> None:
    with pytest.raises(WrongValue):
        written_moment(text)


@pytest.mark.parametrize(
    ("language", "text", "number"),
    [
        ("ru", "1 234,50 ₽", "1234.50"),
        ("ru", "1\u00a0234,5", "1234.5"),
        ("ru", "1,234", "1.234"),
        ("en", "1,234", "1234"),
        ("en", "$1,234.50", "1234.50"),
        ("ru", "1.234,50", "1234.50"),
        ("en", "1,234,567", "1234567"),
        ("ru", "−5,5", "-5.5"),
        ("ru", "12 000 руб.", "12000"),
        ("ru", "много", "много"),
    ],
)
def test_plain_number_reads_separators_as_people_write_them(language: str, text: str, number: str) -> None:
    with translation.override(language):
        assert plain_number(text) == number
