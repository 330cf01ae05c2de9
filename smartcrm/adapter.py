"""How allauth behaves here: people are invited by an administrator, nobody signs up alone."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class InvitedOnlyAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts without open registration."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
