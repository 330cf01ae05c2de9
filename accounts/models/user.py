"""The person who signs in."""

from typing import TYPE_CHECKING, ClassVar

from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from accounts.querysets import UserManager

if TYPE_CHECKING:
    from django.contrib.auth.models import Permission


class User(AbstractBaseUser):
    """One person. Signs in with an e-mail address; deactivated rather than deleted."""

    class Theme(models.TextChoices):
        SYSTEM = "system", _("System")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    email = models.EmailField(_("e-mail"), max_length=254)
    name = models.CharField(_("name"), max_length=150)
    folded_name = models.CharField(max_length=150, editable=False, db_index=True)
    department = models.ForeignKey(
        "accounts.Department", on_delete=models.SET_NULL, null=True, blank=True, related_name="people"
    )
    is_active = models.BooleanField(default=True)
    is_admin = models.BooleanField(_("administrator"), default=False)
    language = models.CharField(max_length=5, default="en")
    time_zone = models.CharField(max_length=64, default="UTC")
    theme = models.CharField(max_length=6, choices=Theme, default=Theme.SYSTEM)
    remembered = models.JSONField(default=dict)
    """What they chose last where pages let them choose: place → choice."""
    last_code_step = models.BigIntegerField(null=True, editable=False)
    """The time step of the newest code of an authenticator app that was accepted; older codes let nobody in."""
    created_at = models.DateTimeField(db_default=Now())

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = ["name"]

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(Lower("email"), name="user_email_unique")]

    def __str__(self) -> str:
        return self.name

    @property
    def initials(self) -> str:
        """One or two letters for the avatar."""
        return "".join(word[0] for word in self.name.split()[:2]).upper() or "?"

    @property
    def is_staff(self) -> bool:
        """What Django and its libraries call an administrator."""
        return self.is_admin

    @property
    def is_superuser(self) -> bool:
        """What Django and its libraries call an administrator."""
        return self.is_admin

    def has_perm(self, perm: "str | Permission", obj: object = None) -> bool:
        """Django's own permissions are not used; rights come from roles (see `processes.permissions`)."""
        return self.is_active and self.is_admin

    def has_module_perms(self, app_label: str) -> bool:
        """Django's own permissions are not used."""
        return self.is_active and self.is_admin
