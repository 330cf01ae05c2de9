"""How a person gets in: by a one-time link."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Department, Invitation, Letter, Session, User
from accounts.models.invitation import secret_from
from accounts.permissions import require_admin
from core.actor import SYSTEM, Actor
from core.errors import Conflict, Invalid, NotFound
from core.locks import present
from core.secrets import digest_of
from core.text import clean_line
from events.publish import publish

LIFETIME = timedelta(days=7)


@transaction.atomic
def invite_person(
    *,
    email: str,
    name: str,
    actor: Actor,
    is_admin: bool = False,
    language: str = "en",
    department: Department | None = None,
    by_mail: bool = False,
) -> tuple[User, str]:
    """Create a person who cannot sign in yet, and the secret of their one-time link.

    With `by_mail` a letter with the link goes to them, in `language`. Writes `person.invited`.
    Raises NotAllowed, NotFound (the department has gone), Invalid, Conflict (the address is taken).
    """
    require_admin(actor)
    department = department and present(department, held=True)
    email = clean_line(email, field="email", limit=254)
    name = clean_line(name, field="name", limit=150)
    try:
        validate_email(email)
    except ValidationError as error:
        raise Invalid(_("This is not an e-mail address."), {"email": list(error.messages)}) from error
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                email, name=name, is_admin=is_admin, language=language, department=department
            )
    except IntegrityError as error:
        raise Conflict(_("Somebody with this e-mail address is here already."), field="email") from error
    secret = _new_invitation(user, by_mail=by_mail)
    publish("person.invited", actor=actor, data={"user_id": user.pk, "email": email, "by_mail": by_mail})
    return user, secret


@transaction.atomic
def renew_invitation(user: User, *, actor: Actor, by_mail: bool = False) -> str:
    """A fresh one-time link's secret for somebody who lost theirs, or their password; open links stop working.

    Their present password stays until the link is used. With `by_mail` the link is mailed to them.
    Writes `person.invited`. Raises NotAllowed, Conflict for a deactivated person.
    """
    require_admin(actor)
    if not user.is_active:
        raise Conflict(_("This person is deactivated. Let them in again first."))
    _close_open_links(user)
    secret = _new_invitation(user, by_mail=by_mail)
    publish("person.invited", actor=actor, data={"user_id": user.pk, "email": user.email, "by_mail": by_mail})
    return secret


@transaction.atomic
def revoke_invitation(user: User, *, actor: Actor) -> None:
    """The person's open links stop working, and a letter that waits does not go out.

    Writes `person.invitation_revoked`. Raises NotAllowed, Conflict when there is no open link.
    """
    require_admin(actor)
    if not _close_open_links(user):
        raise Conflict(_("There is no open invitation for this person."))
    publish("person.invitation_revoked", actor=actor, data={"user_id": user.pk})


@transaction.atomic
def create_first_admin(*, email: str, name: str) -> tuple[User, str]:
    """The first administrator, from the command line. Raises Conflict once there is an active administrator."""
    if User.objects.active().filter(is_admin=True).exists():
        raise Conflict(_("There is an administrator already; ask them for an invitation."))
    return invite_person(email=email, name=name, actor=SYSTEM, is_admin=True)


def invitation_for(secret: str) -> Invitation:
    """The open invitation behind a link's secret. Raises NotFound for an unknown, used or expired one."""
    invitation = (
        Invitation.objects.select_related("user")
        .filter(digest=digest_of(secret), accepted_at=None, expires_at__gt=timezone.now(), user__is_active=True)
        .first()
    )
    if invitation is None:
        raise NotFound(_("This link is used up or too old. Ask for a new one."))
    return invitation


@transaction.atomic
def accept_invitation(secret: str, *, password: str) -> User:
    """Set the first password and use the link up; whoever was signed in with the old one is signed out.

    Writes `person.joined`. Raises NotFound, Invalid.
    """
    invitation = invitation_for(secret)
    invitation = Invitation.objects.select_for_update().select_related("user").get(pk=invitation.pk)
    if invitation.accepted_at is not None:
        raise NotFound(_("This link is used up or too old. Ask for a new one."))
    user = invitation.user
    _check_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at"])
    Session.objects.filter(user=user).delete()
    publish("person.joined", actor=SYSTEM, data={"user_id": user.pk})
    return user


def _new_invitation(user: User, *, by_mail: bool) -> str:
    nonce = uuid.uuid4()
    secret = secret_from(nonce, settings.SECRET_KEY)
    invitation = Invitation.objects.create(
        user=user, nonce=nonce, digest=digest_of(secret), expires_at=timezone.now() + LIFETIME
    )
    if by_mail:
        Letter.objects.create(kind="invitation", to=user.email.lower(), invitation=invitation)
    return secret


def _close_open_links(user: User) -> int:
    now = timezone.now()
    return Invitation.objects.filter(user=user, accepted_at=None, expires_at__gt=now).update(expires_at=now)


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(_("Choose a stronger password."), {"password": list(error.messages)}) from error
