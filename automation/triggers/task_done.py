"""A task of the record was done."""

from django.utils.translation import gettext_lazy

from automation.occasions import TriggerType, trigger_types


@trigger_types.register
class TaskDone(TriggerType):
    """Acts whenever a task is done."""

    key = "task_done"
    label = gettext_lazy("A task is done")
    description = gettext_lazy("Somebody completes one of the record's tasks.")
    icon = "check"
    listens_to = frozenset({"task.completed"})
