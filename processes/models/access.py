"""Who may do what in a process."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from processes.models.process import Process


class Operation(models.TextChoices):
    """What one can be allowed to do with the records of a process, or with the process itself."""

    VIEW = "view", pgettext_lazy("right", "See")
    CREATE = "create", pgettext_lazy("right", "Create")
    UPDATE = "update", pgettext_lazy("right", "Edit")
    MOVE = "move", pgettext_lazy("right", "Move")
    ASSIGN = "assign", pgettext_lazy("right", "Assign")
    COMMENT = "comment", pgettext_lazy("right", "Comment")
    DELETE = "delete", pgettext_lazy("right", "Delete")
    RESTORE = "restore", pgettext_lazy("right", "Restore")
    EXPORT = "export", pgettext_lazy("right", "Export")
    IMPORT = "import", pgettext_lazy("right", "Import")
    BULK = "bulk", pgettext_lazy("right", "Change many at once")
    HISTORY = "history", pgettext_lazy("right", "See history")
    OVERRIDE = "override", pgettext_lazy("right", "Override a gate")
    RUN_BUTTON = "run_button", pgettext_lazy("right", "Press buttons")
    DESIGN = "design", pgettext_lazy("right", "Change the process")
    AUTOMATE = "automate", pgettext_lazy("right", "Change robots and triggers")
    MANAGE_ACCESS = "manage_access", pgettext_lazy("right", "Manage access")


PROCESS_WIDE = frozenset(
    {
        Operation.CREATE,
        Operation.BULK,
        Operation.EXPORT,
        Operation.IMPORT,
        Operation.DESIGN,
        Operation.AUTOMATE,
        Operation.MANAGE_ACCESS,
    }
)
"""Operations that are allowed or not, without a scope of records."""

OF_PIPELINES = frozenset(Operation) - PROCESS_WIDE | {Operation.CREATE}
"""Operations that may be other in a pipeline than elsewhere."""


class Scope(models.IntegerChoices):
    """On whose records: a ladder from nobody's to all, and beside each step the same with those that nobody is
    responsible for (the step plus eight). See `processes.reach` for how they add up."""

    NONE = 0, pgettext_lazy("scope", "Nobody's")
    OWN = 1, pgettext_lazy("scope", "Own")
    OBSERVED = 2, pgettext_lazy("scope", "Own and observed")
    DEPARTMENT = 3, pgettext_lazy("scope", "Department")
    BELOW = 4, pgettext_lazy("scope", "Department and below")
    ALL = 5, pgettext_lazy("scope", "All")
    UNASSIGNED = 8, pgettext_lazy("scope", "Unassigned")
    OWN_UNASSIGNED = 9, pgettext_lazy("scope", "Own, unassigned")
    OBSERVED_UNASSIGNED = 10, pgettext_lazy("scope", "Own and observed, unassigned")
    DEPARTMENT_UNASSIGNED = 11, pgettext_lazy("scope", "Department, unassigned")
    BELOW_UNASSIGNED = 12, pgettext_lazy("scope", "Department and below, unassigned")


class Grant(models.Model):
    """A role may do one operation in a process, on the records of a scope.

    One that names a stage, or a pipeline for all of its stages, says what holds there instead, and may take the right
    away; a stage is heard before its pipeline. Several roles add up.
    """

    role = models.ForeignKey("accounts.Role", on_delete=models.CASCADE, related_name="grants")
    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="grants")
    pipeline = models.ForeignKey("processes.Pipeline", on_delete=models.CASCADE, null=True, related_name="grants")
    stage = models.ForeignKey("processes.Stage", on_delete=models.CASCADE, null=True, related_name="grants")
    operation = models.CharField(max_length=20, choices=Operation)
    scope = models.SmallIntegerField(choices=Scope)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["role", "process", "operation", "pipeline", "stage"],
                name="grant_unique",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(scope__gt=0) | models.Q(stage__isnull=False) | models.Q(pipeline__isnull=False),
                name="grant_grants_something",
            ),
            models.CheckConstraint(
                condition=models.Q(stage=None) | models.Q(pipeline=None), name="grant_of_stage_or_pipeline"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.operation} {self.get_scope_display()}"


class FieldLevel(models.IntegerChoices):
    """What a role may do with the answers to one question."""

    HIDDEN = 0, _("Hidden")
    READ = 1, _("Read")
    EDIT = 2, _("Edit")


class FieldGrant(models.Model):
    """What a role may do with one field; one that names a stage says what holds there instead.

    Where nothing is said, whoever sees a record reads its fields, and whoever edits it edits them.
    """

    role = models.ForeignKey("accounts.Role", on_delete=models.CASCADE, related_name="field_grants")
    field = models.ForeignKey("processes.Field", on_delete=models.CASCADE, related_name="field_grants")
    stage = models.ForeignKey("processes.Stage", on_delete=models.CASCADE, null=True, related_name="field_grants")
    level = models.SmallIntegerField(choices=FieldLevel)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["role", "field", "stage"], name="field_grant_unique", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.field} {self.get_level_display()}"
