"""The processes app."""

from importlib import import_module

from django.apps import AppConfig

from core.registry import import_modules


class ProcessesConfig(AppConfig):
    """Definitions of processes."""

    name = "processes"

    def ready(self) -> None:
        """Every module of `field_types` is a field type, every module of `gallery` a ready process."""
        import_modules("processes.field_types")
        import_modules("processes.gallery")
        import_module("processes.field_use")
        import_module("processes.gate_use")
        import_module("processes.stage_use")
