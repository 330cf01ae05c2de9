"""Bodies and answers about robots, buttons, triggers and runs."""

from typing import Any

from rest_framework import serializers

from api.v1.strict import Strict, text


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
    is_busy = serializers.BooleanField(
        help_text="What an earlier press began has not ended, or waits for a person; it takes no other."
    )
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
