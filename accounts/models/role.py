"""Roles and who has them."""

from typing import Any, ClassVar

from django.db import models

ROBOTS_ROLE_KEY = "robots"
"""The built-in role under which automations act."""


class Role(models.Model):
    """A named set of rights, given to people, departments and service tokens. Rights are in `processes.Grant`."""

    key = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=150)
    position = models.IntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def people(self) -> list[Any]:
        """Those who have it directly; fetch `assignments` with their users before asking of many."""
        return [held.user for held in self.assignments.all() if held.user is not None]

    @property
    def tokens(self) -> list[Any]:
        """The working service tokens that have it; as for `people`."""
        held = [held.token for held in self.assignments.all() if held.token is not None]
        return [token for token in held if token.revoked_at is None]

    @property
    def is_built_in(self) -> bool:
        """Whether the product itself needs it, so that it stays."""
        return self.key == ROBOTS_ROLE_KEY


class RoleAssignment(models.Model):
    """A role in the hands of one person, of everybody in a department, or of a service token."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="assignments")
    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, null=True, blank=True, related_name="role_assignments"
    )
    department = models.ForeignKey(
        "accounts.Department",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="role_assignments",
    )
    token = models.ForeignKey(
        "accounts.Token", on_delete=models.CASCADE, null=True, blank=True, related_name="role_assignments"
    )
    with_descendants = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=False, department=None, token=None)
                | models.Q(user=None, department__isnull=False, token=None)
                | models.Q(user=None, department=None, token__isnull=False),
                name="assignment_to_one_holder",
            ),
            models.UniqueConstraint(fields=["role", "user"], name="assignment_user_once"),
            models.UniqueConstraint(fields=["role", "department"], name="assignment_department_once"),
            models.UniqueConstraint(fields=["role", "token"], name="assignment_token_once"),
        ]

    def __str__(self) -> str:
        return f"{self.role} → {self.user or self.department or self.token}"
