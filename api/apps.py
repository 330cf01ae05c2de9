"""The api app."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The REST door; no models."""

    name = "api"
