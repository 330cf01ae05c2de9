"""Where people are signed in."""

from importlib import import_module
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone

from core.secrets import digest_of


class Session(AbstractBaseSession):
    """One browser's session; once somebody has signed in, with the person, the browser and when it was last seen."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, null=True, blank=True, related_name="sessions")
    address = models.GenericIPAddressField(null=True)
    browser = models.CharField(max_length=300, blank=True)
    """What the browser says of itself (User-Agent)."""
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["user", "-seen_at"], condition=~models.Q(user=None), name="session_of_user")
        ]

    def __str__(self) -> str:
        return f"session of {self.user_id}"

    @property
    def public_id(self) -> str:
        """What it is called on a page: the key opens the account, so the key itself never stands there."""
        return digest_of(self.session_key)[:24]

    @classmethod
    def get_session_store_class(cls) -> Any:
        """The engine that reads and writes such rows."""
        return import_module(settings.SESSION_ENGINE).SessionStore
