"""`manage.py create_admin EMAIL`: the first administrator's one-time link."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.operations import create_first_admin
from core.errors import SmartCRMError


class Command(BaseCommand):
    """Prints a one-time link with which the first administrator sets a password."""

    help = "Create the first administrator and print the one-time link."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="Administrator")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            _user, secret = create_first_admin(email=options["email"], name=options["name"])
        except SmartCRMError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{settings.BASE_URL}/join/{secret}/")
