"""The accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People, departments, roles and tokens."""

    name = "accounts"
