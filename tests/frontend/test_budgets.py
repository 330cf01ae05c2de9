"""What a page weighs, counted from the files as the browser gets them: compressed."""

import gzip
import re
from pathlib import Path

from django.core.files.storage import FileSystemStorage

from smartcrm.static_storage import joined_stylesheet, light_module, light_stylesheet

STATIC = Path(__file__).resolve().parents[2] / "static"
STYLES_LIMIT = 12 * 1024
BOARD_SCRIPTS_LIMIT = 40 * 1024
IMPORT = re.compile(r"""^(?:import|export)\b[^;]*?["'](\.[^"']+)["'];""", re.MULTILINE)


def weight(content: bytes) -> int:
    return len(gzip.compress(content, 9))


def weight_of(module: Path) -> int:
    own = module.parent.name != "vendor"
    return weight(light_module(module.read_text()).encode() if own else module.read_bytes())


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


def test_sheets_of_single_pages_stay_under_3_kb() -> None:
    common = (STATIC / "css" / "app.css").read_text()
    single = [path for path in (STATIC / "css" / "components").iterdir() if path.name not in common]
    assert {path.name for path in single if weight(light_stylesheet(path.read_text()).encode()) > 3 * 1024} == set()


def test_scripts_of_the_board_stay_under_40_kb() -> None:
    modules = with_imports(STATIC / "js" / "app.js") | with_imports(STATIC / "js" / "controllers" / "board.js")
    files = modules | {next((STATIC / "vendor").glob("htmx-*.js"))}
    assert any(path.name.startswith("pdnd-") for path in files)
    assert sum(weight_of(path) for path in files) <= BOARD_SCRIPTS_LIMIT


def test_fonts_of_a_russian_page_stay_under_70_kb() -> None:
    assert sum(path.stat().st_size for path in (STATIC / "vendor").glob("inter-*.woff2")) <= 70 * 1024


def test_no_string_of_our_modules_spans_lines() -> None:
    """The storage drops comment lines by their beginning; inside a template literal that would cut text."""
    spanning = [
        f"{module.name}: {line}"
        for module in (STATIC / "js").rglob("*.js")
        for line in light_module(module.read_text()).splitlines()
        if line.count("`") % 2
    ]
    assert spanning == []


def test_light_modules_keep_every_line_of_code() -> None:
    source = """// @ts-check
/** About.
 * More.
 */
const a = 1; // why
  // alone
const b = "/* no */";
  f(/** @type {Element} */ (a));
"""
    assert light_module(source) == 'const a = 1; // why\nconst b = "/* no */";\nf((a));\n'
