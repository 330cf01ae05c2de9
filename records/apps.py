"""The records app."""

from importlib import import_module

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """Records and their typed tables."""

    name = "records"

    def ready(self) -> None:
        """Processes change their tables through the storage that this module registers."""
        import_module("records.tables")
