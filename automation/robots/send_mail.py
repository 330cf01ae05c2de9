"""Write a mail."""

import smtplib
from collections.abc import Iterable, Mapping
from email.utils import parseaddr
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings as installation
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from automation.choices import PeopleField, PlaceholderField, RobotSettings, people_of
from automation.effects import Context, OutsideRobot, Result, Skip, Temporary, robot_types
from automation.models import Lane
from core.errors import Conflict
from processes.definition_types import Definition

MOST_ADDRESSES = 20


class MailSettings(RobotSettings):
    """To whom and what; people by the part they play, or any address, also from a field."""

    recipients = PeopleField(label=gettext_lazy("To people"), required=False)
    address = PlaceholderField(
        label=gettext_lazy("To addresses"),
        help_text=gettext_lazy("Separate several by commas."),
        required=False,
        max_length=1000,
    )
    subject = PlaceholderField(label=gettext_lazy("Subject"), max_length=300)
    text = PlaceholderField(label=gettext_lazy("Text"), lines=8)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not cleaned.get("recipients") and not cleaned.get("address"):
            raise forms.ValidationError(_("Say to whom."))
        return cleaned


@robot_types.register
class SendMail(OutsideRobot):
    """Sends one plain mail; a mail cannot be taken back, so a crash in between is left to a person."""

    key = "send_mail"
    label = gettext_lazy("Send an e-mail")
    description = gettext_lazy("To people here or to any address, also one from a field.")
    icon = "mail"
    lane = Lane.MAIL
    Settings = MailSettings

    def texts(self, settings: Mapping[str, Any]) -> Iterable[str]:
        return (settings["address"], settings["subject"], settings["text"])

    def summary(self, settings: Mapping[str, Any], definition: Definition) -> str:
        return str(settings["subject"])

    def is_repeatable(self, settings: Mapping[str, Any]) -> bool:
        return False

    def plan(self, context: Context) -> dict[str, Any]:
        settings = context.settings
        return {
            "to": _addresses(context),
            "subject": " ".join(context.render(settings["subject"]).split())[:300],
            "text": context.render(settings["text"]),
        }

    def send(self, intent: Mapping[str, Any], *, settings: Mapping[str, Any], key: UUID) -> Result:
        host = parseaddr(installation.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
        message = EmailMessage(
            intent["subject"],
            intent["text"],
            to=intent["to"],
            headers={"Message-ID": f"<{key}@{host}>", "Auto-Submitted": "auto-generated"},
        )
        server = get_connection()
        try:
            server.open()
        except (smtplib.SMTPException, OSError) as error:
            raise Temporary(str(error) or type(error).__name__) from error
        try:
            server.send_messages([message])
        except smtplib.SMTPResponseException as error:
            raise _refusal(error.smtp_code, error) from error
        except smtplib.SMTPRecipientsRefused as error:
            raise _refusal(max(code for code, _text in error.recipients.values()), error) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Temporary(str(error) or type(error).__name__, is_certain=False) from error
        finally:
            server.close()
        return Result(", ".join(intent["to"]))


def _refusal(code: int, error: Exception) -> Temporary | Conflict:
    """4yz may pass, 5yz will not."""
    return Temporary(str(error)) if code < 500 else Conflict(str(error))


def _addresses(context: Context) -> list[str]:
    people = people_of(context.settings["recipients"], context.scope.values)
    found = list(User.objects.active().filter(pk__in=people).order_by("pk").values_list("email", flat=True))
    written = context.render(context.settings["address"])
    found += [address for part in written.replace(";", ",").split(",") if (address := part.strip())]
    unique = list(dict.fromkeys(found))[:MOST_ADDRESSES]
    if not unique:
        raise Skip(_("Nobody to write to: the record has no address."))
    for address in unique:
        try:
            validate_email(address)
        except ValidationError as error:
            raise Conflict(_("“%s” is not an e-mail address.") % address) from error
    return unique
