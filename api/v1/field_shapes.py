"""Fields in and out of JSON, and the long changes of fields."""

from typing import Any

from rest_framework import serializers

from api.v1.strict import Strict, optional_text, text
from processes.definition import field_def
from processes.fieldtype import FieldType, Group
from processes.models import Field, FieldJob

DEFAULT_HELP = 'What a new record begins with: {"constant": value}, {"now": true} or {"me": true}; null for nothing.'
VISIBLE_HELP = "A condition over the record; where it does not hold the question is not asked. Null: always asked."


class FieldOut(serializers.Serializer[Any]):
    """A question that a process asks."""

    id = serializers.IntegerField()
    key = serializers.CharField()
    label = serializers.CharField(source="name.text")  # type: ignore[assignment]
    labels = serializers.DictField(source="name.translations", child=serializers.CharField())
    type = serializers.CharField(source="type.key")
    help = serializers.CharField(source="hint.text")
    helps = serializers.DictField(source="hint.translations", child=serializers.CharField())
    required = serializers.ChoiceField(choices=Field.Required.choices)  # type: ignore[assignment]
    required_from = serializers.IntegerField(allow_null=True, help_text="Id of the stage where the rule begins.")
    section = serializers.IntegerField(source="section_id", allow_null=True, help_text="Id of its section.")
    on_card = serializers.BooleanField()
    in_list = serializers.BooleanField()
    is_unique = serializers.BooleanField()
    is_searchable = serializers.BooleanField()
    is_computed = serializers.BooleanField(source="type.is_computed")
    default = serializers.JSONField(allow_null=True, help_text=DEFAULT_HELP)
    visible_if = serializers.JSONField(allow_null=True, help_text=VISIBLE_HELP)
    settings = serializers.JSONField()
    state = serializers.ChoiceField(choices=Field.State.choices)


class FieldBody(Strict):
    """A field to be; the key is made from the label unless given."""

    label = text()  # type: ignore[assignment]
    labels = serializers.DictField(child=serializers.CharField(), default=dict)
    type = serializers.CharField()
    key = optional_text()
    help = optional_text()
    helps = serializers.DictField(child=serializers.CharField(), default=dict)
    required = serializers.ChoiceField(  # type: ignore[assignment]
        choices=Field.Required.choices, default=Field.Required.NEVER
    )
    on_card = serializers.BooleanField(default=False)
    in_list = serializers.BooleanField(default=True)
    is_unique = serializers.BooleanField(default=False)
    is_searchable = serializers.BooleanField(default=False)
    default = serializers.JSONField(allow_null=True, default=None, help_text=DEFAULT_HELP)
    visible_if = serializers.JSONField(allow_null=True, default=None, help_text=VISIBLE_HELP)
    settings = serializers.DictField(default=dict)


class FieldAdd(FieldBody):
    """A field to be of a process that stands: it can name a stage and a section of it."""

    required_from = serializers.IntegerField(required=False, allow_null=True)
    section = serializers.IntegerField(required=False, allow_null=True)


class FieldPatch(Strict):
    """What may change of a field; its key and type stay."""

    label = text(required=False)  # type: ignore[assignment]
    labels = serializers.DictField(child=serializers.CharField(), required=False)
    help = text(required=False, allow_blank=True)
    helps = serializers.DictField(child=serializers.CharField(), required=False)
    required = serializers.ChoiceField(choices=Field.Required.choices, required=False)  # type: ignore[assignment]
    required_from = serializers.IntegerField(required=False, allow_null=True)
    section = serializers.IntegerField(required=False, allow_null=True)
    on_card = serializers.BooleanField(required=False)
    in_list = serializers.BooleanField(required=False)
    is_unique = serializers.BooleanField(required=False)
    is_searchable = serializers.BooleanField(required=False)
    default = serializers.JSONField(required=False, allow_null=True, help_text=DEFAULT_HELP)
    visible_if = serializers.JSONField(required=False, allow_null=True, help_text=VISIBLE_HELP)
    settings = serializers.DictField(required=False)


class FieldTypeOut(serializers.Serializer[Any]):
    """A kind of answer, and what can be said of a field of it."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    description = serializers.CharField(help_text="What it is good for.")
    group = serializers.ChoiceField(choices=Group.choices)
    is_computed = serializers.BooleanField()
    can_be_unique = serializers.BooleanField()
    can_be_searched = serializers.BooleanField()
    defaults = serializers.SerializerMethodField()
    settings = serializers.SerializerMethodField()
    settings_schema = serializers.SerializerMethodField()

    def get_defaults(self, kind: FieldType) -> list[str]:
        """What a default may be."""
        return [] if kind.is_computed else sorted(kind.defaults)

    def get_settings(self, kind: FieldType) -> list[dict[str, Any]]:
        """The settings that its form declares."""
        fields = kind.Settings().fields.items()
        return [{"key": k, "label": str(f.label), "help": str(f.help_text), "required": f.required} for k, f in fields]

    def get_settings_schema(self, kind: FieldType) -> dict[str, Any]:
        """JSON Schema of the settings; what is read-only in it is only told."""
        return kind.Settings.json_schema()


class UseOut(serializers.Serializer[Any]):
    """Something that speaks of a field."""

    kind = serializers.CharField()
    name = serializers.CharField()


class RemovedFieldOut(serializers.Serializer[Any]):
    """A field that was removed and can be restored."""

    id = serializers.IntegerField()
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    type = serializers.CharField()
    removed_at = serializers.DateTimeField()


class RestoreBody(Strict):
    """Under which key a field comes back."""

    key = optional_text()


class FieldJobOut(serializers.Serializer[Any]):
    """A long change of a field on its way."""

    id = serializers.IntegerField()
    field = serializers.CharField(source="field.key")
    kind = serializers.ChoiceField(choices=FieldJob.Kind.choices)
    state = serializers.ChoiceField(choices=FieldJob.State.choices)
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    problems = serializers.IntegerField(help_text="Records whose value could not be converted.")
    error = serializers.CharField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


def described(field: Field) -> dict[str, Any]:
    """A field as JSON, also one that is still being added."""
    return FieldOut(field_def(field)).data
