"""One-time links."""

import base64
import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from core.secrets import digest_of


class Invitation(models.Model):
    """A one-time link with which a person sets their first password.

    The link's secret is stored nowhere: it follows from the `nonce` and the installation's key, so that a mail can be
    tried again with the same link. `digest` is its SHA-256.
    """

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="invitations")
    nonce = models.UUIDField(default=uuid.uuid4)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"invitation of {self.user}"

    @property
    def secret(self) -> str:
        """What the link ends with; empty once the key that it was made with is forgotten."""
        made = (secret_from(self.nonce, key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
        return next((secret for secret in made if digest_of(secret) == self.digest), "")


def secret_from(nonce: uuid.UUID, key: str) -> str:
    """The URL-safe secret of 256 bits that a key makes of a nonce."""
    mac = salted_hmac("accounts.invitation", nonce.bytes, secret=key, algorithm="sha256")
    return base64.urlsafe_b64encode(mac.digest()).rstrip(b"=").decode()
