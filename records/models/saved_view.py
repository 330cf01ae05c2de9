"""Views of a process that somebody keeps: what a board or a list is narrowed to, under a name."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import pgettext_lazy


class Page(models.TextChoices):
    """The pages of a process that can be kept."""

    BOARD = "board", pgettext_lazy("view", "Board")
    LIST = "list", pgettext_lazy("view", "List")


class Audience(models.TextChoices):
    """Who finds a saved view."""

    OWNER = "owner", pgettext_lazy("view", "Only me")
    ROLES = "roles", pgettext_lazy("view", "People with certain roles")
    ALL = "all", pgettext_lazy("view", "Everybody who sees the process")


def address_of(view_id: int, query: str) -> str:
    """The query of the address that opens a view."""
    return f"view={view_id}" + (f"&{query}" if query else "")


class SavedView(models.Model):
    """A narrowing of a board or a list that was given a name.

    `query` is written as the page's address writes it: `filter[amount][ge]=100&sort=-amount`. It gives nobody a right:
    whoever opens it sees what they may see.
    """

    process = models.ForeignKey("processes.Process", on_delete=models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=10, choices=Page)
    name = models.CharField(max_length=80)
    query = models.TextField(blank=True)
    owner = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="saved_views")
    audience = models.CharField(max_length=10, choices=Audience, default=Audience.OWNER)
    roles = models.ManyToManyField("accounts.Role", related_name="saved_views")
    is_default = models.BooleanField(default=False)
    """Whether the page opens with it; only one that everybody finds can be."""
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["process", "page"], condition=Q(is_default=True), name="view_one_default"),
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(audience=Audience.ALL), name="view_default_is_for_all"
            ),
        ]

    def __str__(self) -> str:
        return self.name
