"""The records app."""

from importlib import import_module

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """Records and their typed tables."""

    name = "records"

    def ready(self) -> None:
        """Processes change their tables through the storage registered here; the consumer of events registers too."""
        import_module("records.tables")
        import_module("records.consumers")
        import_module("records.view_use")
