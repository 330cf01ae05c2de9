"""Mails that somebody asks for."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import Letter

MOST_AN_HOUR = 5
"""Letters to one address; who asks more often gets the same answer and no letter."""


@transaction.atomic
def ask_for_password(email: str) -> None:
    """Write a letter with a link to a new password for an address, whether somebody has it or not.

    Who has it is looked up when the letter goes; so the answer to a stranger says nothing, in words or in time.
    """
    to = email.strip().lower()[:254]
    since = timezone.now() - timedelta(hours=1)
    if Letter.objects.filter(to=to, kind="password", created_at__gt=since).count() < MOST_AN_HOUR:
        Letter.objects.create(kind="password", to=to)
