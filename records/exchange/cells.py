"""Cells that a spreadsheet would take for a formula: made harmless on the way out, and back on the way in."""

import re

ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Beginnings that make a cell active."""
_NUMBER = re.compile(r"-\d+([.,]\d+)?")
"""A negative number is counted with and runs nothing."""


def guarded(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would execute, and before what looks guarded already."""
    return f"'{cell}" if _is_active(cell) and not _NUMBER.fullmatch(cell) else cell


def unguarded(cell: str) -> str:
    """The cell as it was before `guarded`."""
    return cell[1:] if cell.startswith("'") and _is_active(cell) else cell


def _is_active(cell: str) -> bool:
    return cell.lstrip("'").startswith(ACTIVE)
