"""Somebody said something about the record."""

from django.utils.translation import gettext_lazy

from automation.occasions import TriggerType, trigger_types


@trigger_types.register
class CommentAdded(TriggerType):
    """Acts on every comment."""

    key = "comment_added"
    label = gettext_lazy("A comment is added")
    description = gettext_lazy("Somebody writes a comment on the record.")
    icon = "message"
    listens_to = frozenset({"comment.added"})
