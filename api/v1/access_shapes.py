"""Bodies and answers about who may do what in a process."""

from typing import Any

from rest_framework import serializers

from api.v1.strict import Strict
from processes.models import Operation, Scope

SCOPES_HELP = (
    "Role id → operation → scope (0 nobody's, 1 own, 2 own and observed, 3 department, 4 department and below, 5 all;"
    " with 8 added, also records that nobody is responsible for)."
)


STAGES_HELP = "Role id → operation → stage id → scope, where single stages differ; 0 takes the right away there."


PIPELINES_HELP = "Role id → operation → pipeline id → scope, where whole pipelines differ; a stage is heard first."


class AccessOut(serializers.Serializer[Any]):
    """Rights of roles in a process."""

    grants = serializers.DictField(
        child=serializers.DictField(child=serializers.ChoiceField(choices=Scope.choices)),
        help_text=f"{SCOPES_HELP} Operations: " + ", ".join(Operation.values),
    )
    pipelines = serializers.DictField(help_text=PIPELINES_HELP)
    stages = serializers.DictField(help_text=STAGES_HELP)


class AccessBody(Strict):
    """Rights of the roles it names; other roles keep theirs."""

    grants = serializers.DictField(child=serializers.DictField(child=serializers.IntegerField()))
    stages = serializers.DictField(
        child=serializers.DictField(child=serializers.DictField(child=serializers.IntegerField())),
        default=None,
        allow_null=True,
        help_text=STAGES_HELP + " Without it they stay as they are.",
    )
    pipelines = serializers.DictField(
        child=serializers.DictField(child=serializers.DictField(child=serializers.IntegerField())),
        default=None,
        allow_null=True,
        help_text=PIPELINES_HELP + " Without it they stay as they are.",
    )


class FieldAccessItem(Strict):
    """What a role may do with a field; of one stage, or where none differs."""

    role = serializers.IntegerField()
    field = serializers.CharField(help_text="Key of the field.")
    stage = serializers.IntegerField(allow_null=True, default=None)
    level = serializers.ChoiceField(choices=["hidden", "read", "edit"])


class FieldAccessBody(Strict):
    """Rights to fields of the roles it names; other roles keep theirs."""

    roles = serializers.ListField(child=serializers.IntegerField())
    items = FieldAccessItem(many=True, default=list)


class FieldAccessOut(serializers.Serializer[Any]):
    """Where a role has less than its rights to the record."""

    items = serializers.ListField(child=serializers.DictField())


class WarningOut(serializers.Serializer[Any]):
    """Something that looks like an oversight."""

    about = serializers.ChoiceField(choices=["rights", "fields", "moves"])
    text = serializers.CharField()


class WhyOut(serializers.Serializer[Any]):
    """A verdict about a person, an operation and a record, with what led to it."""

    allowed = serializers.BooleanField(source="is_allowed")
    summary = serializers.CharField()
    roles = serializers.SerializerMethodField()
    remedy = serializers.CharField(help_text="What would have to change; empty where nothing has to.")

    def get_roles(self, why: Any) -> list[dict[str, Any]]:
        """What each role says, and why it is not enough."""
        return [{"role": r.role, "says": r.says, "enough": r.is_enough, "why": r.why} for r in why.roles]
