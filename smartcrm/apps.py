"""The project as a Django app: its commands, its checks, and the Celery application for `shared_task`."""

from django.apps import AppConfig
from django.core import checks

from smartcrm.celery import app as celery_app
from smartcrm.checks import check_database

__all__ = ["SmartcrmConfig", "celery_app"]


class SmartcrmConfig(AppConfig):
    name = "smartcrm"
    verbose_name = "SmartCRM"

    def ready(self) -> None:
        checks.register(check_database, checks.Tags.database)
