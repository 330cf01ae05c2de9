"""What a page weighs, counted from the files as the browser gets them: compressed."""

import gzip
import re
from pathlib import Path

from django.core.files.storage import FileSystemStorage

from smartcrm.static_storage import joined_stylesheet

STATIC = Path(__file__).resolve().parents[2] / "static"
STYLES_LIMIT = 12 * 1024
BOARD_SCRIPTS_LIMIT = 40 * 1024
IMPORT = re.compile(r"""^(?:import|export)\b[^;]*?["'](\.[^"']+)["'];""", re.MULTILINE)


def weight(content: bytes) -> int:
    return len(gzip.compress(content, 9))


def with_imports(entry: Path) -> set[Path]:
    """A module and everything that it imports statically."""
    found: set[Path] = set()
    waiting = [entry.resolve()]
    while waiting:
        module = waiting.pop()
        if module in found:
            continue
        found.add(module)
        if module.parent.name != "vendor":
            waiting += [(module.parent / name).resolve() for name in IMPORT.findall(module.read_text())]
    return found


def test_joined_stylesheet_stays_under_12_kb() -> None:
    storage = FileSystemStorage(location=STATIC)
    names = [str(path.relative_to(STATIC)) for path in (STATIC / "css").rglob("*.css")]
    styles = joined_stylesheet({name: (storage, name) for name in names})
    assert "@import" not in styles
    assert weight(styles.encode()) <= STYLES_LIMIT


def test_scripts_of_the_board_stay_under_40_kb() -> None:
    modules = with_imports(STATIC / "js" / "app.js") | with_imports(STATIC / "js" / "controllers" / "board.js")
    files = modules | {next((STATIC / "vendor").glob("htmx-*.js"))}
    assert any(path.name.startswith("pdnd-") for path in files)
    assert sum(weight(path.read_bytes()) for path in files) <= BOARD_SCRIPTS_LIMIT


def test_fonts_of_a_russian_page_stay_under_70_kb() -> None:
    assert sum(path.stat().st_size for path in (STATIC / "vendor").glob("inter-*.woff2")) <= 70 * 1024
