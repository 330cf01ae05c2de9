"""Tokens of REST clients."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class Token(models.Model):
    """A secret that lets a program act within scopes: as a person, or as a service with roles of its own.

    Only its SHA-256 is stored. A service token has no person behind it; `made_by` merely remembers who made it.
    """

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, null=True, related_name="tokens")
    made_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    """Of a service token; None for one of a person."""
    name = models.CharField(max_length=150)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes: ArrayField[Any, Any] = ArrayField(models.CharField(max_length=40), default=list)
    """`read`, `write`, `admin`."""
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_service(self) -> bool:
        """Whether it acts for itself rather than as a person."""
        return self.user_id is None

    @property
    def roles(self) -> list[Any] | None:
        """The roles of a service token, which has them directly; None for one that works as its person."""
        return [held.role for held in self.role_assignments.all()] if self.is_service else None
