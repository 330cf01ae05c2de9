"""What people and robots say about a record."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Comment(models.Model):
    """One remark in a record's timeline. `author` is empty when a robot wrote it."""

    record = models.ForeignKey("records.Record", on_delete=models.CASCADE, related_name="comments")
    text = models.TextField(max_length=10_000)
    author = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    author_label = models.CharField(max_length=255)
    run_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes: ClassVar = [models.Index(fields=["record", "-id"], name="comment_of_record")]

    def __str__(self) -> str:
        return self.text[:80]
