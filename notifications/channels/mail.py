"""E-mail."""

from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.mail import headers_for, send
from core.outbox import Undeliverable
from notifications.channel import Channel, channels
from notifications.models import Delivery
from notifications.queries import address_of


@channels.register
class Mail(Channel):
    """A plain mail to the person's address, with a link to the record."""

    key = "mail"
    label = gettext_lazy("E-mail")
    icon = "mail"

    def send(self, delivery: Delivery) -> None:
        send(_message(delivery))


def _message(delivery: Delivery) -> EmailMessage:
    notification = delivery.notification
    user = notification.user
    if not user.is_active:
        raise Undeliverable(_("This person is deactivated."))
    with translation.override(user.language):
        body = f"{notification.text}\n\n{notification.title}\n{address_of(notification)}\n"
        subject = " ".join(f"{notification.title}: {notification.text}".split())[:150]
    return EmailMessage(subject, body, to=[user.email], headers=headers_for(delivery.key))
