"""Numbers and stretches of time as people read them."""

from datetime import timedelta

import pytest
from django.utils.translation import override

from web.templatetags.numbers import brief


@pytest.mark.parametrize(
    ("language", "minutes", "hours", "days", "years"),
    [("en", "2m", "2h", "2d", "2y"), ("ru", "2\xa0мин", "2\xa0ч", "2\xa0д.", "2\xa0г.")],
)
def test_brief_stretch_is_short_in_every_language(
    language: str, minutes: str, hours: str, days: str, years: str
) -> None:
    stretches = timedelta(minutes=2), timedelta(hours=2), timedelta(days=2), timedelta(days=800)
    with override(language):
        assert [brief(stretch) for stretch in stretches] == [minutes, hours, days, years]
