"""The reference application."""

from django.apps import AppConfig


class ReferenceConfig(AppConfig):
    """One fixed model and its REST interface."""

    name = "bench.reference"
    label = "reference"
