"""`manage.py up`: hands over to smartcrm.up, which reads its options before the settings are loaded."""

import os
import sys
from typing import NoReturn

from django.core.management.base import BaseCommand

from smartcrm.embedded.places import CHECKOUT


class Command(BaseCommand):
    """Starts everything on this machine."""

    help = "Start PostgreSQL, Redis, the web server, the relay and the workers; Ctrl-C stops them."

    def run_from_argv(self, argv: list[str]) -> NoReturn:
        os.chdir(CHECKOUT)
        os.execv(sys.executable, [sys.executable, "-m", "smartcrm.up", *argv[2:]])  # noqa: S606
