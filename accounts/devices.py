"""A browser in words. What it says of itself is a claim, good enough to recognise one's own by."""

import re

UNKNOWN = ""

_BROWSERS = (
    ("Edge", re.compile(r"\bEdgA?/|\bEdgiOS/")),
    ("Opera", re.compile(r"\bOPR/|\bOpera\b")),
    ("Yandex Browser", re.compile(r"\bYaBrowser/")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/")),
    ("Firefox", re.compile(r"\bFirefox/|\bFxiOS/")),
    ("Chrome", re.compile(r"\b(Headless)?Chrom(e|ium)/|\bCriOS/")),
    ("Safari", re.compile(r"\bVersion/\S+ .*Safari/")),
    ("curl", re.compile(r"\bcurl/")),
)
_SYSTEMS = (
    ("iPhone", re.compile(r"\biPhone\b")),
    ("iPad", re.compile(r"\biPad\b")),
    ("Android", re.compile(r"\bAndroid\b")),
    ("Windows", re.compile(r"\bWindows\b")),
    ("macOS", re.compile(r"\bMac OS X\b|\bMacintosh\b")),
    ("ChromeOS", re.compile(r"\bCrOS\b")),
    ("Linux", re.compile(r"\bLinux\b|\bX11\b")),
)
HANDHELD = frozenset({"iPhone", "iPad", "Android"})


def browser_and_system(agent: str) -> tuple[str, str]:
    """The names of the browser and of the system behind a User-Agent; empty where unknown."""
    browser = next((name for name, pattern in _BROWSERS if pattern.search(agent)), UNKNOWN)
    system = next((name for name, pattern in _SYSTEMS if pattern.search(agent)), UNKNOWN)
    return browser, system
