"""The Celery application.

Celery and Redis carry bells only: the ledger of automation is in PostgreSQL, so a lost or repeated
message changes nothing. That is why results are ignored, messages are acknowledged before they run
and a silent broker costs at most a second.
"""

import gc
import os
from typing import Any

from celery import Celery
from celery.signals import worker_before_create_process

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smartcrm.settings")

app = Celery("smartcrm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# The threads of the web server ring bells too, and Celery's current app is per thread.
app.set_default()


@worker_before_create_process.connect
def share_memory(**kwargs: Any) -> None:
    """Hide what is loaded from the garbage collector: a collection in a child would copy every page of it."""
    gc.collect()
    gc.freeze()
