"""Cells that a spreadsheet would take for a formula: made harmless on the way out, and back on the way in."""

ACTIVE = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings that make a cell active."""


def guarded(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would execute, and before what looks guarded already."""
    return f"'{cell}" if _is_active(cell) else cell


def unguarded(cell: str) -> str:
    """The cell as it was before `guarded`."""
    return cell[1:] if cell.startswith("'") and _is_active(cell) else cell


def _is_active(cell: str) -> bool:
    return cell.lstrip("'").startswith(ACTIVE)
