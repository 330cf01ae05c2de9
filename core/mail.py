"""The only way out by mail; what a server answers is either "later" or "never"."""

import smtplib
from email.utils import parseaddr
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage

from core.outbox import TryLater, Undeliverable


def headers_for(key: UUID) -> dict[str, str]:
    """A Message-ID that stays the same through every attempt, and the word that no answer is expected."""
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return {"Message-ID": f"<{key}@{host}>", "Auto-Submitted": "auto-generated"}


def send(message: EmailMessage) -> None:
    """Hand a mail over. Raises TryLater or Undeliverable."""
    try:
        message.send()
    except smtplib.SMTPResponseException as error:
        raise _refusal(error.smtp_code, str(error)) from error
    except smtplib.SMTPRecipientsRefused as error:
        code = max(code for code, _text in error.recipients.values())
        raise _refusal(code, str(error)) from error
    except (smtplib.SMTPException, OSError) as error:
        raise TryLater(str(error) or type(error).__name__) from error


def _refusal(code: int, text: str) -> TryLater | Undeliverable:
    """4yz may pass, 5yz will not."""
    return TryLater(text) if code < 500 else Undeliverable(text)
