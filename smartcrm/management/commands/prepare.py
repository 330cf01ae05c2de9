"""`manage.py prepare`: what has to be done before a new version serves people."""

import hashlib
import io
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandParser

from smartcrm.embedded.places import DEMO_LOGINS

# Pages that the product does not serve: DRF's browsable API.
UNUSED_STATIC_FILES = ["rest_framework"]


class Command(BaseCommand):
    """Checks the database, migrates it, collects changed static files, loads the demo where asked."""

    help = "Bring the database and the static files up to date."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="fill an empty database with the demo")
        parser.add_argument("--without-static", action="store_true", help="static files are in place already")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("check", databases=["default"], stdout=io.StringIO())
        call_command("migrate", interactive=False, verbosity=0)
        if not options["without_static"]:
            self._collect_static()
        self._load_demo(wanted=options["demo"])

    def _collect_static(self) -> None:
        stamp = settings.STATIC_ROOT / ".collected"
        state = _state_of_static_files()
        if stamp.exists() and stamp.read_text() == state:
            return
        call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=UNUSED_STATIC_FILES)
        stamp.write_text(state)

    def _load_demo(self, *, wanted: bool) -> None:
        """Load the demo if nobody is there yet, and keep what it says about its logins for the next start."""
        if get_user_model().objects.exists():
            return
        logins = settings.DATA_DIR / DEMO_LOGINS
        if wanted and "demo" in get_commands():
            self.stdout.write("Loading the demo…")
            said = io.StringIO()
            call_command("demo", stdout=said)
            logins.write_text(said.getvalue())
        else:
            logins.unlink(missing_ok=True)
            self.stdout.write("The first administrator: python manage.py create_admin you@example.com")


def _state_of_static_files() -> str:
    """Return a hash over names, sizes and times of all source files."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list(UNUSED_STATIC_FILES):
            found = storage.get_modified_time(name)
            digest.update(f"{name} {storage.size(name)} {found.timestamp()}\n".encode())
    return digest.hexdigest()
