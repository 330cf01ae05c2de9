"""Bodies and answers about what is said and done on records, and what people are told."""

from typing import Any

from rest_framework import serializers

from api.v1.strict import Strict, optional_text, text


class CommentOut(serializers.Serializer[Any]):
    """A remark."""

    id = serializers.IntegerField()
    text = serializers.CharField()
    author = serializers.IntegerField(source="author_id", allow_null=True)
    author_label = serializers.CharField()
    created_at = serializers.DateTimeField()


class CommentBody(Strict):
    """What to say."""

    text = text()


class TaskOut(serializers.Serializer[Any]):
    """A to-do on a record."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    description = serializers.CharField()
    assignee = serializers.IntegerField(source="assignee_id", allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    done_at = serializers.DateTimeField(allow_null=True)


class TaskBody(Strict):
    """A to-do to be."""

    title = text()
    description = optional_text()
    assignee = serializers.IntegerField(required=False, allow_null=True, default=None)
    due_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class ChangeOut(serializers.Serializer[Any]):
    """One changed value, in words."""

    label = serializers.CharField()  # type: ignore[assignment]
    before = serializers.CharField()
    after = serializers.CharField()


class EntryOut(serializers.Serializer[Any]):
    """One thing that happened, in words; `by` is the kind of actor."""

    key = serializers.CharField()
    at = serializers.DateTimeField()
    title = serializers.CharField()
    who = serializers.CharField()
    by = serializers.CharField()
    text = serializers.CharField()
    note = serializers.CharField()
    changes = ChangeOut(many=True)


class NotificationOut(serializers.Serializer[Any]):
    """Something one was told."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    title = serializers.CharField()
    text = serializers.CharField()
    process = serializers.CharField(source="process_key")
    record = serializers.IntegerField(source="record_id", allow_null=True)
    actor_label = serializers.CharField()
    created_at = serializers.DateTimeField()
    is_read = serializers.BooleanField()
