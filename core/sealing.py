"""Secrets that must be read again (header values, signing keys): encrypted where they lie."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import gettext as _

from core.errors import Conflict


def seal(secret: str) -> str:
    """The secret encrypted with the installation's key; safe to store and useless elsewhere."""
    return _keys().encrypt(secret.encode()).decode()


def unseal(token: str) -> str:
    """The secret again. Raises Conflict when no present key opens it (another SECRET_KEY, a foreign backup)."""
    try:
        return _keys().decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise Conflict(_("A stored secret cannot be read with this installation's key; enter it again.")) from error


def _keys() -> MultiFernet:
    return MultiFernet([_key(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"smartcrm.sealing:" + secret.encode()).digest()))
