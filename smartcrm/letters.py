"""The letter with a link to a new password: the link and its lifetime are allauth's."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.letters import LetterKind, Link, letter_kinds
from accounts.models import Letter, User
from core.outbox import Undeliverable


@letter_kinds.register
class PasswordLetter(LetterKind):
    """The link with which somebody who forgot their password sets a new one."""

    key = "password"
    label = gettext_lazy("Your link to a new password")

    def link(self, letter: Letter) -> Link:
        user = User.objects.active().filter(email__iexact=letter.to).first()
        if user is None:
            raise Undeliverable(_("Nobody signs in with this address."))
        key = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
        return Link(user, f"{settings.BASE_URL}{reverse('account_reset_password_from_key', kwargs=key)}")
