"""Whom robots call, and whether they answer."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Endpoint(models.Model):
    """One host that has failed lately. While `open_until` lies ahead nobody calls it; then one call probes it."""

    host = models.CharField(max_length=260, primary_key=True)
    """Name and port, in small letters."""
    failures = models.IntegerField(default=0)
    """In a row; an answer sets it back."""
    open_until = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["open_until"], condition=~Q(open_until=None), name="endpoint_open")]

    def __str__(self) -> str:
        return f"{self.host}: {self.failures}"
