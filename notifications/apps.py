"""The notifications app."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from core.registry import import_modules


class NotificationsConfig(AppConfig):
    """What people get."""

    name = "notifications"
    verbose_name = _("Notifications")

    def ready(self) -> None:
        """Channels and the consumer of events register themselves."""
        import_modules("notifications.channels")
        import_module("notifications.consumers")
