"""The core app has no models; it exists so that Django finds its translations and tests."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Errors, actor, registry and text helpers."""

    name = "core"
