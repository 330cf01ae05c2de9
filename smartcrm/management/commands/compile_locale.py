"""`manage.py compile_locale`: compiles translations in Python, without the gettext tools."""

from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    """Writes the .mo beside every .po of the project."""

    help = "Compile the translations; with --check only say whether the compiled ones are up to date."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail if something is out of date")

    def handle(self, *args: Any, **options: Any) -> None:
        stale = [source for source in _sources() if not _is_compiled(source)]
        if options["check"] and stale:
            names = ", ".join(str(source.relative_to(settings.BASE_DIR)) for source in stale)
            raise CommandError(f"Out of date: {names}. Run `make messages`.")
        for source in stale:
            _target(source).write_bytes(_compiled(source))
            self.stdout.write(f"{_target(source).relative_to(settings.BASE_DIR)}")


def _sources() -> list[Path]:
    return sorted(source for folder in settings.LOCALE_PATHS for source in Path(folder).glob("*/LC_MESSAGES/*.po"))


def _target(source: Path) -> Path:
    return source.with_suffix(".mo")


def _compiled(source: Path) -> bytes:
    catalogue = polib.pofile(str(source))
    compiled: bytes = catalogue.to_binary()
    return compiled


def _is_compiled(source: Path) -> bool:
    target = _target(source)
    return target.exists() and target.read_bytes() == _compiled(source)
