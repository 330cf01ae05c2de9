"""Hashed and compressed static files: one stylesheet, and our own ES modules importing hashed names."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.files.storage import Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

STYLES = "css/"
STYLESHEET = f"{STYLES}app.css"
MODULES = "js/"

IMPORT = re.compile(r'@import url\("(?P<name>[\w./-]+)"\);')
CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
AROUND_PUNCTUATION = re.compile(r"\s*([{};,])\s*")
# Between a property and its value; no selector has a blank after a colon.
AFTER_COLON = re.compile(r":\s+")
LAST_SEMICOLON = re.compile(r";}")
BLANK = re.compile(r"\s+")
INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)
TYPE_COMMENT = re.compile(r"/\*\* @type [^*\n]*\*/ ?")
COMMENT_LINES = re.compile(r"^[ \t]*(?://[^\n]*|/\*(?:(?!\*/).)*\*/[ \t]*)\n", re.MULTILINE | re.DOTALL)

Sources = dict[str, tuple[Storage, str]]


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # WhiteNoise has no types
    """The storage behind `{% static %}`.

    The stylesheet is written as several files that `css/app.css` imports; joined they compress by a third
    better and arrive in one round trip. Comments of our modules stay at home. Imports of modules are
    rewritten in `static/js/` only: third-party packages mention modules in comments and source maps that
    they do not ship, and rewriting those would stop `collectstatic`.
    """

    # A hashed name travels one import further with each pass; only a cycle of imports would need more.
    max_post_process_passes = 20
    support_js_module_import_aggregation = True
    _js_module_import_aggregation_patterns = (
        f"{MODULES}*.js",
        CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1],
    )
    patterns = tuple((glob, rules) for glob, rules in CompressedManifestStaticFilesStorage.patterns if glob == "*.css")

    def post_process(self, paths: Sources, dry_run: bool = False, **options: Any) -> Iterator[Any]:
        if not dry_run:
            paths = {**paths, **self._lightened(paths)}
        yield from super().post_process(paths, dry_run=dry_run, **options)

    def _lightened(self, paths: Sources) -> Sources:
        """Our own files, rewritten in place for the browser, as sources of the next step."""
        texts = {
            name: light_module(_text_of(paths, name))
            for name in paths
            if name.startswith(MODULES) and name.endswith(".js")
        }
        texts |= {
            name: light_stylesheet(_text_of(paths, name))
            for name in paths
            if name.startswith(STYLES) and name.endswith(".css")
        }
        if STYLESHEET in paths:
            texts[STYLESHEET] = joined_stylesheet(paths)
        for name, text in texts.items():
            Path(self.path(name)).write_text(text, encoding="utf-8")
        return {name: (self, name) for name in texts}


def joined_stylesheet(sources: Sources) -> str:
    """`css/app.css` with its imports put in place."""
    text = IMPORT.sub(lambda match: _text_of(sources, STYLES + match["name"]), _text_of(sources, STYLESHEET))
    return light_stylesheet(text)


def light_stylesheet(text: str) -> str:
    """A stylesheet without comments and needless blanks."""
    text = AROUND_PUNCTUATION.sub(r"\1", CSS_COMMENT.sub("", text))
    return BLANK.sub(" ", LAST_SEMICOLON.sub("}", AFTER_COLON.sub(":", text))).strip()


def light_module(text: str) -> str:
    """A module without comment lines, types and indentation; tests hold that no string of ours spans lines."""
    return INDENTATION.sub("", TYPE_COMMENT.sub("", COMMENT_LINES.sub("", text)))


def _text_of(sources: Sources, name: str) -> str:
    storage, path = sources[name]
    with storage.open(path) as file:
        text: str = file.read().decode("utf-8")
    return text
