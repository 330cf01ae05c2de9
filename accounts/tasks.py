"""Celery's door to the letters."""

from celery import shared_task

from accounts.letters import deliver_letters


@shared_task(name="accounts.deliver", ignore_result=True, soft_time_limit=60)
def deliver() -> None:
    """The bell rang: send what is due."""
    deliver_letters()
