"""The project as a Django app: its commands, its checks, and the Celery application for `shared_task`."""

from importlib import import_module

from django.apps import AppConfig
from django.core import checks

from smartcrm.celery import app as celery_app
from smartcrm.checks import check_database

__all__ = ["SmartcrmConfig", "celery_app"]


class SmartcrmConfig(AppConfig):
    name = "smartcrm"
    verbose_name = "SmartCRM"

    def ready(self) -> None:
        import_module("smartcrm.letters")
        checks.register(check_database, checks.Tags.database)
