"""Bodies and answers of everything but records: what keys there are. Whether values are right, the domain says."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from api.v1.field_shapes import FieldBody, FieldOut
from api.v1.strict import Seconds, Strict, optional_text, text
from processes.definition_types import StageDef
from processes.models import Operation, Pipeline, Scope, Stage

# People

SCOPES_HELP = (
    "Role id → operation → scope (0 nobody's, 1 own, 2 own and observed, 3 department, 4 department and below, 5 all;"
    " with 8 added, also records that nobody is responsible for)."
)


class PersonOut(serializers.Serializer[Any]):
    """A person, as everybody may see them."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    email = serializers.CharField()
    department = serializers.IntegerField(source="department_id", allow_null=True)


class MeOut(PersonOut):
    """Who asks, and with which rights."""

    language = serializers.CharField()
    time_zone = serializers.CharField()
    is_admin = serializers.BooleanField(help_text="As this token or session may act now.")
    roles = serializers.ListField(child=serializers.CharField(), help_text="Keys of roles.")
    scopes = serializers.ListField(child=serializers.CharField(), allow_null=True)


class RoleOut(serializers.Serializer[Any]):
    """A role."""

    id = serializers.IntegerField()
    key = serializers.CharField()
    name = serializers.CharField()


class RoleBody(Strict):
    """A role to be; the key is made from the name unless given."""

    name = text()
    key = optional_text()
    like = serializers.IntegerField(
        allow_null=True, required=False, default=None, min_value=1, help_text="A role whose rights it begins with."
    )


class RoleName(Strict):
    """Another name for a role."""

    name = text()


class HolderBody(Strict):
    """Who gets the role."""

    person = serializers.IntegerField(min_value=1)


class DepartmentHolderBody(Strict):
    """Which department gets the role."""

    department = serializers.IntegerField(min_value=1)
    with_descendants = serializers.BooleanField(
        required=False, default=True, help_text="Those in departments below have it too."
    )


class InvitationBody(Strict):
    """Somebody who shall come in."""

    name = text()
    email = text()
    is_admin = serializers.BooleanField(required=False, default=False)
    language = serializers.ChoiceField(choices=settings.LANGUAGES, required=False)
    department = serializers.IntegerField(min_value=1, allow_null=True, required=False, default=None)
    by_mail = serializers.BooleanField(required=False, default=True, help_text="Send the link to them.")


class LinkBody(Strict):
    """Whether the fresh link is mailed."""

    by_mail = serializers.BooleanField(required=False, default=True)


class InvitedOut(PersonOut):
    """Somebody invited. The link is shown this once."""

    link = serializers.CharField()


class TokenOut(serializers.Serializer[Any]):
    """A token, without its secret."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


class NewTokenOut(TokenOut):
    """A token just made. The secret is shown this once."""

    secret = serializers.CharField()


class TokenBody(Strict):
    """A token to be."""

    name = text()
    scopes = serializers.ListField(child=serializers.CharField(), help_text="`read`, `write`, `admin`")
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


# Processes


class OrderBody(Strict):
    """All keys, each once, in their new order."""

    keys = serializers.ListField(child=serializers.CharField(), max_length=1000)


LOCKED_HELP = "Keys of the fields that people do not change here; robots and triggers do."


class StageOut(serializers.Serializer[Any]):
    """One step of a process."""

    id = serializers.IntegerField()
    key = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Stage.Kind.choices)
    color = serializers.CharField()
    hint = serializers.CharField()
    limit = serializers.IntegerField(allow_null=True, help_text="How many records may stand here at once.")
    is_limit_hard = serializers.BooleanField(help_text="Whether the limit refuses one more, or only warns.")
    time_limit = Seconds(allow_null=True, help_text="Seconds that a record should stay here at most.")
    locked_fields = serializers.SerializerMethodField(help_text="Keys of the fields that people do not change here.")

    def get_locked_fields(self, stage: StageDef) -> list[str]:
        """Of the fields that one may know of: all, or those that the context's `told` has."""
        told = self.context.get("told", stage.locked_fields)
        return [key for key in stage.locked_fields if key in told]


class StageBody(Strict):
    """A stage to be; the key is made from the name unless given."""

    name = text()
    kind = serializers.ChoiceField(choices=Stage.Kind.choices, default=Stage.Kind.OPEN)
    color = optional_text()
    key = optional_text()
    hint = optional_text()
    limit = serializers.IntegerField(allow_null=True, default=None, min_value=1)
    is_limit_hard = serializers.BooleanField(default=False)
    time_limit = Seconds(allow_null=True, default=None, help_text="Seconds that a record should stay here at most.")
    locked_fields = serializers.ListField(
        child=serializers.CharField(), default=list, max_length=500, help_text=LOCKED_HELP
    )


class StagePatch(Strict):
    """What may change of a stage."""

    name = text(required=False)
    kind = serializers.ChoiceField(choices=Stage.Kind.choices, required=False)
    color = text(required=False)
    hint = text(required=False, allow_blank=True)
    limit = serializers.IntegerField(allow_null=True, required=False, min_value=1)
    is_limit_hard = serializers.BooleanField(required=False)
    time_limit = Seconds(allow_null=True, required=False)
    locked_fields = serializers.ListField(
        child=serializers.CharField(), required=False, max_length=500, help_text=LOCKED_HELP
    )


class MovePair(serializers.ListField):
    """From one stage to another."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=serializers.CharField(), min_length=2, max_length=2, **kwargs)


class MovesBody(Strict):
    """Which moves are allowed: pairs of stage keys, or null for any."""

    moves = serializers.ListField(child=MovePair(), allow_null=True, max_length=2500)


class ReasonOut(serializers.Serializer[Any]):
    """Why a record may end in failure; a retired reason is not offered any more."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    retired = serializers.BooleanField(source="is_retired")


class PipelineOut(serializers.Serializer[Any]):
    """An ordered path of stages. `moves` lists pairs of stage keys; null means between any."""

    id = serializers.IntegerField()
    key = serializers.CharField()
    name = serializers.CharField()
    stages = StageOut(many=True)
    moves = serializers.SerializerMethodField()
    lost_reasons = ReasonOut(source="reasons", many=True)
    is_reason_required = serializers.BooleanField()

    def get_moves(self, pipeline: Any) -> list[list[str]] | None:
        """Pairs of stage keys."""
        if pipeline.moves == Pipeline.Moves.ANY:
            return None
        keys = {stage.id: stage.key for stage in pipeline.stages}
        return [[keys[source.id], keys[target]] for source in pipeline.stages for target in _sorted(pipeline, source)]


def _sorted(pipeline: Any, source: Any) -> list[int]:
    return sorted(pipeline.targets[source.id])


class ProcessOut(serializers.Serializer[Any]):
    """A kind of work, with everything that reading and writing its records needs. `may` says what one may do."""

    id = serializers.IntegerField()
    key = serializers.CharField()
    name = serializers.CharField()
    noun = serializers.CharField()
    noun_plural = serializers.CharField()
    noun_many = serializers.CharField()
    description = serializers.CharField()
    icon = serializers.CharField()
    color = serializers.CharField()
    status = serializers.CharField()
    has_stages = serializers.BooleanField(help_text="Whether records go through stages; set once.")
    fields = FieldOut(many=True)  # type: ignore[assignment]
    pipelines = PipelineOut(many=True, source="shown_pipelines", help_text="None where records go through no stages.")


class ProcessBody(Strict):
    """A process to be, with stages, moves, fields and rights at once. Without stages it gets four."""

    name = text()
    noun = text(help_text="One piece of work: “request”.")
    noun_plural = text(help_text="Many of them: “requests”.")
    noun_many = optional_text()
    key = optional_text()
    description = optional_text()
    icon = serializers.CharField(default="layout-kanban")
    color = serializers.CharField(default="blue")
    has_stages = serializers.BooleanField(
        default=True, help_text="Whether records go through stages (contacts do not). It stays as it is for good."
    )
    stages = StageBody(many=True, required=False, default=list)
    fields = FieldBody(many=True, required=False, default=list)  # type: ignore[assignment]
    moves = serializers.ListField(child=MovePair(), allow_null=True, default=None, max_length=2500)
    grants = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()),
        default=dict,
        help_text=SCOPES_HELP,
    )


class ProcessPatch(Strict):
    """How a process is called and looks. `has_stages` may be named, but not changed."""

    name = text(required=False)
    noun = text(required=False)
    noun_plural = text(required=False)
    noun_many = text(required=False, allow_blank=True)
    description = text(required=False, allow_blank=True)
    icon = text(required=False)
    color = text(required=False)
    has_stages = serializers.BooleanField(required=False)


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
        default=dict,
        help_text=STAGES_HELP,
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


class WhyOut(serializers.Serializer[Any]):
    """A verdict about a person, an operation and a record, with what led to it."""

    allowed = serializers.BooleanField(source="is_allowed")
    summary = serializers.CharField()
    roles = serializers.SerializerMethodField()
    remedy = serializers.CharField(help_text="What would have to change; empty where nothing has to.")

    def get_roles(self, why: Any) -> list[dict[str, Any]]:
        """What each role says, and why it is not enough."""
        return [{"role": r.role, "says": r.says, "enough": r.is_enough, "why": r.why} for r in why.roles]


# What hangs on records


class GateTermsOut(serializers.Serializer[Any]):
    """What is missing for a move: what a refusal with the code `gate` says in `details.gate`."""

    fields = serializers.ListField(child=serializers.DictField())  # type: ignore[assignment]
    hidden_fields = serializers.IntegerField(help_text="How many fields are empty that one may not see.")
    refusals = serializers.ListField(child=serializers.CharField())
    checklist = serializers.ListField(child=serializers.DictField())
    comment = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.DictField())
    roles = serializers.ListField(child=serializers.CharField(), help_text="Only they may pass.")
    can_override = serializers.BooleanField()


class PassingBody(Strict):
    """What comes along for the gates on the way: values, a comment, the keys of confirmed lines, the id of a reason for
    a failure; or why the gates are overridden.
    """

    fields = serializers.DictField(required=False, default=dict)  # type: ignore[assignment]
    comment = optional_text()
    checked = serializers.ListField(child=serializers.CharField(), required=False, default=list)
    reason = serializers.IntegerField(required=False, allow_null=True, default=None)
    override = optional_text()


class MoveBody(Strict):
    """Where a record goes: the stage, and its place there (below `after`, else above `before`, else on top)."""

    stage = serializers.CharField(
        help_text="Key of a stage of the record's pipeline, or “pipeline.stage” to go into another one."
    )
    after = serializers.IntegerField(required=False, allow_null=True)
    before = serializers.IntegerField(required=False, allow_null=True)
    passing = PassingBody(required=False)


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


class BulkBody(Strict):
    """Up to 1,000 operations: `{"op": "create", "record": {…}}`, `{"op": "update", "id": 1, "record": {…}}`,
    `{"op": "move", "id": 1, "stage": "won", "passing": {…}}` or, by where the record stands, with
    `{"stages": {"main.new": "service.new", …}}`, `{"op": "delete", "id": 1}`; with `version` all but a creation refuse
    another version.
    """

    operations = serializers.ListField(child=serializers.DictField(), max_length=1000)
    quiet = serializers.BooleanField(default=False, help_text="Whether it sets off no robot and tells nobody.")


class BulkResultOut(serializers.Serializer[Any]):
    """What became of one operation."""

    status = serializers.IntegerField(help_text="As a single call would have answered.")
    id = serializers.IntegerField(required=False)
    version = serializers.IntegerField(required=False)
    error = serializers.DictField(required=False)


class BulkOut(serializers.Serializer[Any]):
    """One result for every operation, in order."""

    results = BulkResultOut(many=True)
    refused = serializers.IntegerField()


# Automation


class FindingOut(serializers.Serializer[Any]):
    """Something wrong with a robot or a trigger."""

    level = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


NO_STAGE = "Null where records go through no stages."


OF_BUTTON = "What stands on the button that sets it off; empty where it acts on entering."
OF_QUESTION = "What people are asked before the button acts; empty where nothing is."


class RobotTileOut(serializers.Serializer[Any]):
    """A robot at a glance."""

    id = serializers.IntegerField()
    stage = serializers.CharField(required=False, allow_null=True, help_text=NO_STAGE)
    kind = serializers.CharField()
    name = serializers.CharField()
    summary = serializers.CharField()
    button = serializers.CharField()
    delay_seconds = serializers.IntegerField()
    delay_field = serializers.CharField()
    delay_time = serializers.TimeField(allow_null=True)
    wait_for_previous = serializers.BooleanField()
    keep_running = serializers.BooleanField()
    is_on = serializers.BooleanField()
    version = serializers.IntegerField()
    runs = serializers.IntegerField()
    failures = serializers.IntegerField()
    findings = FindingOut(many=True)


class RobotOut(serializers.Serializer[Any]):
    """A robot. Of a secret setting only whether there is one."""

    id = serializers.IntegerField()
    stage = serializers.CharField(allow_null=True, help_text=NO_STAGE)
    pipeline = serializers.CharField(allow_null=True, help_text=NO_STAGE)
    kind = serializers.CharField()
    name = serializers.CharField()
    settings = serializers.DictField()
    condition = serializers.DictField(allow_null=True)
    button = serializers.CharField(help_text=OF_BUTTON)
    button_question = serializers.CharField(help_text=OF_QUESTION)
    delay_seconds = serializers.IntegerField()
    delay_field = serializers.CharField()
    delay_time = serializers.TimeField(allow_null=True)
    wait_for_previous = serializers.BooleanField()
    keep_running = serializers.BooleanField()
    is_on = serializers.BooleanField()
    version = serializers.IntegerField()
    findings = FindingOut(many=True)


class RobotPatch(Strict):
    """What may change of a robot. `settings` depend on its kind.

    With the key of a date field in `delay_field` the delay counts from that date (negative: before it) and follows it;
    `delay_time` is then the time of that day.
    """

    kind = text(required=False)
    name = text(required=False, allow_blank=True)
    settings = serializers.DictField(required=False)
    condition = serializers.DictField(required=False, allow_null=True)
    button = text(required=False, allow_blank=True, help_text=OF_BUTTON)
    button_question = text(required=False, allow_blank=True, help_text=OF_QUESTION)
    delay_seconds = serializers.IntegerField(required=False, min_value=-(2**31), max_value=2**31 - 1)
    delay_field = text(required=False, allow_blank=True)
    delay_time = serializers.TimeField(required=False, allow_null=True)
    wait_for_previous = serializers.BooleanField(required=False)
    keep_running = serializers.BooleanField(required=False)
    is_on = serializers.BooleanField(required=False)


class RobotBody(RobotPatch):
    """A robot to be, on the stage of this key; without one where records go through no stages."""

    stage = text(required=False, allow_null=True, default=None)
    kind = text()


class RobotOrder(Strict):
    """All robots of a stage, each once, in their new order."""

    stage = text(required=False, allow_null=True, default=None, help_text=NO_STAGE)
    robots = serializers.ListField(child=serializers.IntegerField(), max_length=200)


class ButtonOut(serializers.Serializer[Any]):
    """A button that a record shows, and what it does when it is pressed."""

    id = serializers.CharField(source="key", help_text="Like `robot-5` or `trigger-7`.")
    text = serializers.CharField()
    question = serializers.CharField(help_text=OF_QUESTION)
    stage = serializers.CharField(
        source="target.key", allow_null=True, default=None, help_text="Where it moves the record, if it does."
    )
    is_busy = serializers.BooleanField(help_text="What an earlier press began is not finished; it takes no other.")
    run_at = serializers.DateTimeField(
        source="due", allow_null=True, help_text="When what an earlier press began is due, where that lies ahead."
    )


class PressedOut(serializers.Serializer[Any]):
    """A press that was taken; its runs follow."""

    event = serializers.IntegerField(help_text="The press in the history of the record.")


class StartedOut(serializers.Serializer[Any]):
    """How many runs were made for records that were there already."""

    runs = serializers.IntegerField()


class TriggerTileOut(serializers.Serializer[Any]):
    """A trigger or an automatic transition at a glance."""

    id = serializers.IntegerField()
    stage = serializers.CharField(allow_null=True, help_text=NO_STAGE)
    from_stage = serializers.CharField(allow_null=True)
    kind = serializers.CharField()
    name = serializers.CharField()
    summary = serializers.CharField()
    allow_backward = serializers.BooleanField()
    is_on = serializers.BooleanField()
    version = serializers.IntegerField()
    runs = serializers.IntegerField()
    failures = serializers.IntegerField()
    findings = FindingOut(many=True)


class TriggerOut(serializers.Serializer[Any]):
    """A trigger. Of a secret setting only whether there is one."""

    id = serializers.IntegerField()
    stage = serializers.CharField(allow_null=True, help_text="Where it moves records to; null without stages.")
    from_stage = serializers.CharField(allow_null=True, help_text="The only stage it acts from.")
    pipeline = serializers.CharField(allow_null=True, help_text=NO_STAGE)
    kind = serializers.CharField()
    name = serializers.CharField()
    settings = serializers.DictField()
    condition = serializers.DictField(allow_null=True)
    allow_backward = serializers.BooleanField()
    is_on = serializers.BooleanField()
    version = serializers.IntegerField()
    url = serializers.CharField(allow_null=True, help_text="Where other programs call a trigger of the kind `webhook`.")
    secret = serializers.CharField(required=False, help_text="A signing secret that was just made. Shown once.")
    findings = FindingOut(many=True)


class TriggerPatch(Strict):
    """What may change of a trigger. `settings` depend on its kind; automatic transitions need a `from_stage`."""

    stage = text(required=False)
    kind = text(required=False)
    name = text(required=False, allow_blank=True)
    settings = serializers.DictField(required=False)
    condition = serializers.DictField(required=False, allow_null=True)
    from_stage = text(required=False, allow_null=True)
    allow_backward = serializers.BooleanField(required=False)
    is_on = serializers.BooleanField(required=False)


class TriggerBody(TriggerPatch):
    """A trigger to be, which moves records to the stage of this key; without one where there are no stages."""

    stage = text(required=False, allow_null=True, default=None)
    kind = text()


class TriggerOrder(Strict):
    """All triggers of a stage, each once, in their new order."""

    stage = text(required=False, allow_null=True, default=None, help_text=NO_STAGE)
    triggers = serializers.ListField(child=serializers.IntegerField(), max_length=200)


class CallOut(serializers.Serializer[Any]):
    """What became of a call from outside."""

    outcome = serializers.ChoiceField(
        ["accepted", "created", "ignored"],
        help_text="`accepted`: the record will be moved; `created`: there was none; `ignored`: there was none.",
    )
    record = serializers.IntegerField(allow_null=True)
    event = serializers.IntegerField(allow_null=True)


class RunOut(serializers.Serializer[Any]):
    """One execution of a robot or a trigger."""

    id = serializers.IntegerField()
    rule = serializers.ChoiceField(["robot", "trigger"], source="rule_kind")
    rule_id = serializers.IntegerField(help_text="The robot or the trigger.")
    name = serializers.CharField()
    record = serializers.IntegerField(source="record_id")
    state = serializers.CharField()
    reason = serializers.CharField()
    error_code = serializers.CharField()
    error = serializers.CharField()
    result = serializers.JSONField()
    is_redacted = serializers.BooleanField(
        help_text="Whether `reason`, `error` and `result` are left out: you do not read every field of the record."
    )
    attempt = serializers.IntegerField()
    max_attempts = serializers.IntegerField()
    run_at = serializers.DateTimeField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    effect_key = serializers.CharField()
    depth = serializers.IntegerField()


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
