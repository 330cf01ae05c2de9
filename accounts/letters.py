"""What a letter about an account says, and its way out: the kinds of letters, their words, the outbox."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Letter, User
from core.errors import Text
from core.mail import headers_for, send
from core.outbox import Outbox, Undeliverable
from core.registry import Extension, Registry

KEPT = timedelta(days=30)
"""How long letters are kept after they have gone."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a letter carries: to whom it speaks, and where its button leads."""

    user: User
    url: str


class LetterKind(Extension):
    """One kind of letter. Its words are `templates/emails/<key>.html` and `.txt`; `label` is the subject."""

    key: ClassVar[str]
    label: ClassVar[Text]

    def link(self, letter: Letter) -> Link:
        """Whom the letter is for, and its link. Raises Undeliverable."""
        raise NotImplementedError


letter_kinds: Registry[LetterKind] = Registry("letter")


@letter_kinds.register
class InvitationLetter(LetterKind):
    """The one-time link of an invitation."""

    key = "invitation"
    label = gettext_lazy("Your invitation to SmartCRM")

    def link(self, letter: Letter) -> Link:
        invitation = letter.invitation
        if invitation is None or invitation.accepted_at or invitation.expires_at <= timezone.now():
            raise Undeliverable(_("The invitation is used up or too old."))
        if not invitation.secret:
            raise Undeliverable(_("The key with which the link was made is gone. Make a new link."))
        return Link(invitation.user, f"{settings.BASE_URL}/join/{invitation.secret}/")


def message_of(letter: Letter) -> EmailMultiAlternatives:
    """The mail, in the language of whoever gets it. Raises Undeliverable."""
    kind = letter_kinds[letter.kind]
    link = kind.link(letter)
    if not link.user.is_active:
        raise Undeliverable(_("This person is deactivated."))
    with translation.override(link.user.language):
        context = {"subject": kind.label, "person": link.user, "url": link.url, "site": settings.BASE_URL}
        message = EmailMultiAlternatives(
            str(kind.label),
            render_to_string(f"emails/{kind.key}.txt", context),
            to=[link.user.email],
            headers=headers_for(letter.key),
        )
        message.attach_alternative(render_to_string(f"emails/{kind.key}.html", context), "text/html")
    return message


def _send(letter: Letter) -> None:
    send(message_of(letter))


outbox = Outbox(Letter, _send, "invitation__user")


def deliver_letters() -> int:
    """Send what is due and forget what has long gone; returns how many were sent."""
    sent = outbox.deliver_due()
    old = Letter.objects.exclude(state=Letter.State.WAITING).filter(created_at__lt=timezone.now() - KEPT)
    old.delete()
    return sent
