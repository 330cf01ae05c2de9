"""Changes to a person."""

import zoneinfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Session, Token, User
from accounts.permissions import require_admin
from core.actor import Actor
from core.errors import Conflict, Invalid, NotAllowed
from core.text import clean_line, fold
from events.publish import publish


@transaction.atomic
def update_profile(user: User, *, actor: Actor, name: str, language: str, time_zone: str, theme: str) -> User:
    """Change a person's name, language, zone and theme. They themselves or an administrator may.

    Writes `person.updated`. Raises NotAllowed, Invalid.
    """
    if actor.user_id != user.pk:
        require_admin(actor)
    user.name = clean_line(name, field="name", limit=150)
    user.folded_name = fold(user.name)
    if language not in dict(settings.LANGUAGES):
        raise Invalid(_("There is no such language."), {"language": [_("There is no such language.")]})
    if time_zone not in zoneinfo.available_timezones():
        raise Invalid(_("There is no such time zone."), {"time_zone": [_("There is no such time zone.")]})
    if theme not in User.Theme.values:
        raise Invalid(_("There is no such theme."), {"theme": [_("There is no such theme.")]})
    user.language, user.time_zone, user.theme = language, time_zone, theme
    user.save(update_fields=["name", "folded_name", "language", "time_zone", "theme"])
    publish("person.updated", actor=actor, data={"user_id": user.pk})
    return user


def remember_choice(user: User, *, place: str, choice: str) -> None:
    """Keep what a person chose on a page, for the next time they come there. It is no fact that others hear of."""
    if user.remembered.get(place) == choice:
        return
    user.remembered[place] = choice
    user.save(update_fields=["remembered"])


@transaction.atomic
def deactivate_person(user: User, *, actor: Actor) -> User:
    """Nobody may sign in as this person any more; their tokens and sessions stop at once. Writes `person.deactivated`.

    Raises NotAllowed, Conflict for the last administrator.
    """
    require_admin(actor)
    if user.is_admin:
        _keep_an_administrator(user)
    user.is_active = False
    user.save(update_fields=["is_active"])
    Token.objects.filter(user=user, revoked_at=None).update(revoked_at=timezone.now())
    Session.objects.filter(user=user).delete()
    publish("person.deactivated", actor=actor, data={"user_id": user.pk})
    return user


@transaction.atomic
def reactivate_person(user: User, *, actor: Actor) -> User:
    """They may sign in again; their old tokens stay revoked. Writes `person.reactivated`."""
    require_admin(actor)
    user.is_active = True
    user.save(update_fields=["is_active"])
    publish("person.reactivated", actor=actor, data={"user_id": user.pk})
    return user


@transaction.atomic
def set_administrator(user: User, *, is_admin: bool, actor: Actor) -> User:
    """Give or take the administrator's rights. Writes `person.administrator_set`. Raises Conflict for the last one."""
    require_admin(actor)
    if not is_admin:
        _keep_an_administrator(user)
    user.is_admin = is_admin
    user.save(update_fields=["is_admin"])
    publish("person.administrator_set", actor=actor, data={"user_id": user.pk, "is_admin": is_admin})
    return user


@transaction.atomic
def change_password(user: User, *, password: str, actor: Actor, keep: str = "") -> User:
    """A person changes their own password; every session of theirs ends but the one whose key is `keep`.

    Writes `person.password_changed`. Raises NotAllowed for anybody else.
    """
    if actor.user_id != user.pk or actor.token_id is not None:
        raise NotAllowed(_("Only the person may change their password."))
    user.set_password(password)
    user.save(update_fields=["password"])
    Session.objects.filter(user=user).exclude(pk=keep).delete()
    publish("person.password_changed", actor=actor, data={"user_id": user.pk})
    return user


def _keep_an_administrator(user: User) -> None:
    admins = User.objects.select_for_update().active().filter(is_admin=True)
    if not any(admin.pk != user.pk for admin in admins):
        raise Conflict(_("This is the last administrator."))
