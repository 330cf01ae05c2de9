"""Answers already given, so that a repeated request changes nothing twice."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class StoredAnswer(models.Model):
    """The answer to one write that came with an idempotency key; written in the transaction of the change.

    `owner` is who asked (`t5` a token, `u3` a person); `fingerprint` is a digest of the whole request. Kept a day.
    """

    owner = models.CharField(max_length=24)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.SmallIntegerField(null=True)
    body = models.BinaryField(default=b"")
    etag = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["owner", "key"], name="answer_once_per_key")]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="answer_by_age")]

    def __str__(self) -> str:
        return f"{self.owner} {self.key}: {self.status}"
