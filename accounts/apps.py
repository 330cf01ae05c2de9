"""The accounts app."""

from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People, departments, roles and tokens."""

    name = "accounts"

    def ready(self) -> None:
        """The consumer that rings for letters registers itself."""
        import_module("accounts.consumers")
