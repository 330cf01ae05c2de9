"""Hashed and compressed static files: one stylesheet, and our own ES modules importing hashed names."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.files.storage import Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

STYLESHEET = "css/app.css"
IMPORT = re.compile(r'@import url\("(?P<name>[\w./-]+)"\);')
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
AROUND_PUNCTUATION = re.compile(r"\s*([{};])\s*")
BLANK = re.compile(r"\s+")

Sources = dict[str, tuple[Storage, str]]


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """The storage behind `{% static %}`.

    The stylesheet is written as several files that `css/app.css` imports; joined they compress by a third
    better and arrive in one round trip. Imports of modules are rewritten in `static/js/` only: third-party
    packages mention modules in comments and source maps that they do not ship, and rewriting those would
    stop `collectstatic`.
    """

    support_js_module_import_aggregation = True
    _js_module_import_aggregation_patterns = (
        "js/*.js",
        CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1],
    )
    patterns = tuple((glob, rules) for glob, rules in CompressedManifestStaticFilesStorage.patterns if glob == "*.css")

    def post_process(self, paths: Sources, dry_run: bool = False, **options: Any) -> Iterator[Any]:
        if STYLESHEET in paths and not dry_run:
            Path(self.path(STYLESHEET)).write_text(joined_stylesheet(paths), encoding="utf-8")
            paths = {**paths, STYLESHEET: (self, STYLESHEET)}
        yield from super().post_process(paths, dry_run=dry_run, **options)


def joined_stylesheet(sources: Sources) -> str:
    """`css/app.css` with its imports put in place, without comments and needless blanks."""
    whole = IMPORT.sub(lambda match: _text_of(sources, f"css/{match['name']}"), _text_of(sources, STYLESHEET))
    return BLANK.sub(" ", AROUND_PUNCTUATION.sub(r"\1", COMMENT.sub("", whole))).strip()


def _text_of(sources: Sources, name: str) -> str:
    storage, path = sources[name]
    with storage.open(path) as file:
        text: str = file.read().decode("utf-8")
    return text
