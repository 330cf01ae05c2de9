"""The automation app."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from core.registry import import_modules


class AutomationConfig(AppConfig):
    """Robots, triggers and their runs."""

    name = "automation"
    verbose_name = _("Automation")

    def ready(self) -> None:
        """Kinds of robots and triggers and the consumer register; the shutdown flag is made before workers fork."""
        import_modules("automation.robots")
        import_modules("automation.triggers")
        import_module("automation.consumers")
        import_module("automation.stage_use")
        import_module("automation.field_use")
        import_module("automation.engine.stopping")
