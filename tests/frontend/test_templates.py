"""Templates and modules keep the promises that the Content-Security-Policy and the translations rest on."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PAGES = [path for path in TEMPLATES if "emails" not in path.parts]
SPRITE = (ROOT / "static" / "icons" / "sprite.svg").read_text()

FORBIDDEN = {
    "inline style": re.compile(r"\sstyle\s*=|<style\b", re.IGNORECASE),
    "inline handler": re.compile(r"\son(click|change|submit|input|load|error|focus|blur|key\w+)\s*=", re.IGNORECASE),
    "hx-on": re.compile(r"\bhx-on[:\w-]*\s*="),
    "evaluated hx-vals or hx-headers": re.compile(r"""\bhx-(vals|headers)[:\w]*\s*=\s*["']\s*(js|javascript):"""),
    "trigger filter": re.compile(r"""\bhx-trigger[:\w]*\s*=\s*["'][^"']*\["""),
    "address with code": re.compile(r"javascript:", re.IGNORECASE),
    "foreign address": re.compile(r"""\b(src|href)\s*=\s*["'](https?:)?//""", re.IGNORECASE),
}
INLINE_SCRIPT = re.compile(r"<script\b(?![^>]*\bsrc=)(?![^>]*type=[\"']application/json[\"'])[^>]*>", re.IGNORECASE)
COMMENT = re.compile(r"{%\s*comment\b.*?endcomment\s*%}|{#.*?#}", re.DOTALL)
OLD_TRANSLATION = re.compile(r"{%\s*(trans|blocktrans)\s")
ICON = re.compile(r"""{%\s*icon\s+["']([\w-]+)["']""")
ICON_ARGUMENT = re.compile(r"""{%\s*(?:include|menu)\b[^%]*?\bicon=["']([\w-]+)["']""")
ICON_IN_MODULE = re.compile(r"""\bicon\(["']([\w-]+)["']\)""")


def source_of(path: Path) -> str:
    return COMMENT.sub("", path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("what", FORBIDDEN)
def test_templates_hold_nothing_that_the_policy_forbids(what: str) -> None:
    assert [name_of(path) for path in PAGES if FORBIDDEN[what].search(source_of(path))] == []


def test_templates_hold_no_inline_script_but_data() -> None:
    assert [name_of(path) for path in PAGES if INLINE_SCRIPT.search(source_of(path))] == []


@pytest.mark.parametrize(
    ("what", "sample"),
    [
        ("inline style", '<p style="color:red">'),
        ("inline handler", '<a onclick="x()">'),
        ("hx-on", '<a hx-on:click="x()">'),
        ("evaluated hx-vals or hx-headers", "<a hx-vals='js:{a: 1}'>"),
        ("trigger filter", '<a hx-trigger="click[ctrlKey]">'),
        ("address with code", '<a href="javascript:x()">'),
        ("foreign address", '<script src="//cdn.example/x.js"></script>'),
    ],
)
def test_each_check_finds_its_sample(what: str, sample: str) -> None:
    assert FORBIDDEN[what].search(sample)


def test_templates_translate_with_the_present_tags() -> None:
    assert [name_of(path) for path in TEMPLATES if OLD_TRANSLATION.search(source_of(path))] == []


def test_templates_that_translate_load_the_tags() -> None:
    def forgets(text: str) -> bool:
        return bool(re.search(r"{%\s*(translate|blocktranslate)\b", text)) and not re.search(
            r"{%\s*load\b[^%]*\bi18n\b", text
        )

    assert [name_of(path) for path in TEMPLATES if forgets(source_of(path))] == []


def test_every_named_icon_is_in_the_sprite() -> None:
    named: dict[str, str] = {}
    for path in TEMPLATES:
        text = source_of(path)
        for name in [*ICON.findall(text), *ICON_ARGUMENT.findall(text)]:
            named[name] = name_of(path)
    for path in sorted((ROOT / "static" / "js").rglob("*.js")):
        for name in ICON_IN_MODULE.findall(path.read_text(encoding="utf-8")):
            named[name] = name_of(path)
    assert {name: place for name, place in named.items() if f'<symbol id="{name}"' not in SPRITE} == {}


def test_every_named_controller_is_in_the_list_of_the_entry() -> None:
    entry = (ROOT / "static" / "js" / "app.js").read_text()
    known = set(re.findall(r"^  (\w+): (?:async )?\(\) =>", entry, re.MULTILINE))
    used = {
        name
        for path in TEMPLATES
        for names in re.findall(r'data-controller="([\w -]+)"', source_of(path))
        for name in names.split()
    }
    assert used - known == set()


def test_styles_use_logical_properties_only() -> None:
    physical = re.compile(
        r"(?<![\w-])(margin|padding|border)-(left|right|top|bottom)\b|(?<![\w-])(left|right):|text-align:\s*(left|right)"
    )
    assert [
        name_of(path) for path in (ROOT / "static" / "css").rglob("*.css") if physical.search(path.read_text())
    ] == []
