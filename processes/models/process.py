"""The process itself."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition


class Process(models.Model):
    """A kind of work: its records share fields, pipelines, rights and automation.

    `version` comes from a database sequence and changes with every change of the definition, grants included;
    so a rolled-back change never shares a number with the next.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("In use")
        ARCHIVED = "archived", _("Archived")

    key = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    noun = models.CharField(max_length=60)
    """One piece of work: “request”, «заявка»."""
    noun_plural = models.CharField(max_length=60)
    """Many of them: “requests”, «заявки»."""
    noun_many = models.CharField(max_length=60, blank=True)
    """After a number in languages that need it: «заявок»; empty means the plural."""
    description = models.TextField(blank=True, max_length=2000)
    icon = models.CharField(max_length=40, default="layout-kanban")
    color = models.CharField(max_length=12, default="blue")
    has_stages = models.BooleanField(default=True)
    """Whether records go through stages; without, all of them stand in the one stage there is."""
    status = FSMField(default=Status.PUBLISHED, choices=Status.choices, protected=True)
    version = models.BigIntegerField(default=0)
    position = models.IntegerField(default=0)
    author = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.name

    @transition(field=status, source=[Status.DRAFT, Status.ARCHIVED], target=Status.PUBLISHED)
    def publish(self) -> None:
        """Switch the process on."""

    @transition(field=status, source=[Status.DRAFT, Status.PUBLISHED], target=Status.ARCHIVED)
    def archive(self) -> None:
        """Put the process away; its records stay readable."""
