"""A stretch of time as people type it: a number and a unit."""

from django.utils.translation import gettext_lazy as _

UNITS = ((86_400, _("days")), (3_600, _("hours")), (60, _("minutes")), (1, _("seconds")))


def in_units(seconds: int) -> tuple[int, int]:
    """The number and the largest unit that say it without a rest."""
    unit = next(size for size, _label in UNITS if seconds % size == 0)
    return (seconds // unit, unit) if seconds else (0, 60)
