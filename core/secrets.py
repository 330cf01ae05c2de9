"""Secrets that are shown once and stored as a digest."""

import hashlib
import secrets


def new_secret(prefix: str = "") -> str:
    """A fresh URL-safe secret of 256 bits, with a readable prefix."""
    return prefix + secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """SHA-256 in hex. The secrets are random and long, so no salt or slow hash is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
