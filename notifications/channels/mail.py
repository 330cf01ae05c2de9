"""E-mail."""

import smtplib
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications.channel import Channel, TryLater, Undeliverable, channels
from notifications.models import Delivery
from notifications.queries import address_of


@channels.register
class Mail(Channel):
    """A plain mail to the person's address, with a link to the record."""

    key = "mail"
    label = gettext_lazy("E-mail")
    icon = "mail"

    def send(self, delivery: Delivery) -> None:
        message = _message(delivery)
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


def _message(delivery: Delivery) -> EmailMessage:
    notification = delivery.notification
    user = notification.user
    if not user.is_active:
        raise Undeliverable(_("This person is deactivated."))
    with translation.override(user.language):
        body = f"{notification.text}\n\n{notification.title}\n{address_of(notification)}\n"
        subject = " ".join(f"{notification.title}: {notification.text}".split())[:150]
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return EmailMessage(
        subject,
        body,
        to=[user.email],
        headers={"Message-ID": f"<{delivery.key}@{host}>", "Auto-Submitted": "auto-generated"},
    )
