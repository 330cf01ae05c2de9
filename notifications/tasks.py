"""Celery's door to the deliveries."""

from celery import shared_task

from notifications.deliveries import deliver_due


@shared_task(name="notifications.deliver", ignore_result=True, soft_time_limit=60)
def deliver() -> None:
    """The bell rang: send what is due."""
    deliver_due()
