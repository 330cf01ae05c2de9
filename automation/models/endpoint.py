"""Whom robots call, and whether they answer."""

from django.db import models


class Endpoint(models.Model):
    """One host that has failed lately. While `open_until` lies ahead nobody calls it; then its next calls probe it."""

    host = models.CharField(max_length=260, primary_key=True)
    """Name and port, in small letters."""
    failures = models.IntegerField(default=0)
    """In a row; an answer sets it back."""
    open_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.host}: {self.failures}"
