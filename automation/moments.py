"""When a run is due that follows a date of its record.

Days are days of the calendar on the wall, what is left of a delay is exact time. A time of day that a clock change
skips is taken later by what was skipped, one that comes twice is taken the first time (PEP 495, fold 0).
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

DAY = 86_400


def due_at(moment: date | datetime | None, *, seconds: int, at: time | None, zone: tzinfo) -> datetime | None:
    """The aware moment `seconds` away from a date (its midnight) or a moment, at the time of day `at` if given.

    None where there is no date, or the answer lies outside the calendar.
    """
    if moment is None:
        return None
    days = int(seconds / DAY)
    try:
        local = moment.astimezone(zone) if isinstance(moment, datetime) else datetime.combine(moment, time())
        wall = datetime.combine(local.date() + timedelta(days=days), local.time() if at is None else at)
        return _on_the_wall(wall, zone) + timedelta(seconds=seconds - days * DAY)
    except OverflowError:
        return None


def _on_the_wall(wall: datetime, zone: tzinfo) -> datetime:
    """The moment at which a clock on the wall shows this. Fold 0 reads a skipped time by the offset before the change,
    which is what a clock shows after it."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
