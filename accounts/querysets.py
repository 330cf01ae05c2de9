"""Which people."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import BaseUserManager
from django.db import models

from core.text import fold

if TYPE_CHECKING:
    from accounts.models.user import User


class UserQuerySet(models.QuerySet["User"]):
    """Filters over people."""

    def active(self) -> "UserQuerySet":
        """Those who may sign in and be given work."""
        return self.filter(is_active=True)

    def viewable(self) -> "UserQuerySet":
        """Those as whom an administrator may look: another administrator sees the same."""
        return self.active().filter(is_admin=False)

    def search(self, text: str) -> "UserQuerySet":
        """By any part of the name or the beginning of the address."""
        return self.filter(models.Q(folded_name__contains=fold(text)) | models.Q(email__istartswith=text.strip()))

    def by_name(self) -> "UserQuerySet":
        """In the order people look for each other."""
        return self.order_by("folded_name", "id")


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Makes people; the e-mail address is kept as typed and compared case-folded."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """By e-mail address, case-folded."""
        return self.get(email__iexact=username)  # type: ignore[no-any-return]

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A person with a folded name; without a password they cannot sign in until an invitation is accepted."""
        user = self.model(email=self.normalize_email(email), folded_name=fold(fields["name"]), **fields)
        user.set_password(password)
        user.save()
        return user  # type: ignore[no-any-return]
