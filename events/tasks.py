"""Celery's door to the relay."""

from celery import shared_task

from events.relay import relay_all


@shared_task(name="events.relay", ignore_result=True)
def relay() -> None:
    """The bell rang: relay what the outbox holds."""
    relay_all()
