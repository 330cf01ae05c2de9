"""Files of records."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Attachment(models.Model):
    """One file: uploaded by somebody, then the value (or a part of it) of a field of a record.

    Its content lies in the file storage under `path`, which is made of random letters, never of the file's name.
    """

    process = models.ForeignKey("processes.Process", on_delete=models.PROTECT, related_name="+")
    record = models.ForeignKey("records.Record", on_delete=models.PROTECT, null=True, related_name="attachments")
    """None until a record holds it; what nobody holds is deleted after a day."""
    field = models.ForeignKey("processes.Field", on_delete=models.SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=255)
    size = models.BigIntegerField()
    content_type = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)
    """SHA-256 of the content, hexadecimal."""
    path = models.CharField(max_length=100, unique=True)
    uploader = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    service_token_id = models.BigIntegerField(null=True)
    """Of the service token that uploaded it, as which no person does."""
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["created_at"], condition=models.Q(record=None), name="attachment_loose"),
        ]

    def __str__(self) -> str:
        return self.name
