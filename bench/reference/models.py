"""People, stages, requests."""

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone

from bench.workload import SOURCES


class User(AbstractUser):
    """One person; the role stands on the row, so that asking for it costs nothing."""

    class Role(models.TextChoices):
        WORKER = "worker"
        READER = "reader"

    role = models.CharField(max_length=10, choices=Role, default=Role.WORKER)


class Stage(models.Model):
    """One step."""

    key = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    position = models.IntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position"]

    def __str__(self) -> str:
        return self.name


class Request(models.Model):
    """One request with everything that is asked of it."""

    title = models.CharField(max_length=300)
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="requests", db_index=False)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)
    stage_changed_at = models.DateTimeField(default=timezone.now)

    customer = models.CharField(max_length=1000, null=True, blank=True)
    phone = models.CharField(max_length=1000, null=True, blank=True)
    email = models.CharField(max_length=1000, null=True, blank=True)
    city = models.CharField(max_length=1000, null=True, blank=True)
    contract = models.CharField(max_length=1000, null=True, blank=True)
    details = models.TextField(null=True, blank=True)
    resolution = models.TextField(null=True, blank=True)
    estimate = models.DecimalField(max_digits=21, decimal_places=6, null=True, blank=True)
    spent = models.DecimalField(max_digits=21, decimal_places=6, null=True, blank=True)
    discount = models.DecimalField(max_digits=21, decimal_places=6, null=True, blank=True)
    quantity = models.BigIntegerField(null=True, blank=True)
    attempts = models.BigIntegerField(null=True, blank=True)
    request_date = models.DateField(null=True, blank=True)
    answer_by = models.DateField(null=True, blank=True)
    visit_at = models.DateTimeField(null=True, blank=True)
    called_at = models.DateTimeField(null=True, blank=True)
    is_urgent = models.BooleanField(null=True, blank=True)
    is_paid = models.BooleanField(null=True, blank=True)
    source = models.CharField(max_length=40, choices=[(key, key) for key in SOURCES], null=True, blank=True)
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["stage", "-stage_changed_at", "-id"], name="request_board")]

    def __str__(self) -> str:
        return self.title
