"""Celery's doors to the lanes. A task carries nothing: what is due stands in the ledger."""

from celery import shared_task

from automation.engine.worker import work
from automation.models import Lane


@shared_task(name="automation.work_internal", ignore_result=True)
def work_internal() -> None:
    """The bell rang: do what is due inside."""
    work(Lane.INTERNAL)


# One call takes at most 15 seconds and may begin at the end of the 15 for which a task works.
@shared_task(name="automation.work_http", ignore_result=True, soft_time_limit=40)
def work_http() -> None:
    """The bell rang: make the calls that are due."""
    work(Lane.HTTP)


@shared_task(name="automation.work_mail", ignore_result=True, soft_time_limit=60)
def work_mail() -> None:
    """The bell rang: send the mails that are due."""
    work(Lane.MAIL)
