"""`manage.py check_records`: compares what stands in two places, and says where it differs."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from processes.definition import definition_of
from processes.models import Process
from records.queries.agreement import disagreements


class Command(BaseCommand):
    """Counts records whose catalogue row, rows of links or files say something else than their values."""

    help = "Compare the catalogue, the typed tables, and the rows of links and files."

    def handle(self, *args: Any, **options: Any) -> None:
        """One line for each difference; fails when there is one."""
        lines = [
            f"{process.key}: {place}: {count}"
            for process in Process.objects.order_by("pk")
            for place, count in disagreements(definition_of(process))
        ]
        if lines:
            raise CommandError("\n".join(lines))
        self.stdout.write("Catalogue, typed tables, links and files agree.")
