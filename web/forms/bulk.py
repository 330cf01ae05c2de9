"""What is to happen to many records at once: where they go, who is responsible, which value they get."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from core.errors import Text
from processes.definition_types import FieldDef, PipelineDef, StageDef
from processes.field_types.person import PERSON_FIELD
from processes.fieldtype import FILE, WrongValue
from processes.models import Operation, Stage
from processes.permissions import Access
from processes.queries import visible_pipelines
from records.gates import Passing
from records.operations import RecordChange
from web.forms.records import ValueForm
from web.forms.stages import Choices, counterpart, stage_choices


class BulkForm(forms.Form):
    """The same for every chosen record."""

    do_not_call_in_templates: ClassVar[bool] = True
    """The list's page speaks of the forms themselves."""
    operation: ClassVar[Operation]
    """The right that it needs, beside the one to change many."""
    label: ClassVar[Text]
    icon: ClassVar[str]
    verb: ClassVar[Text]
    """What the button says that does it."""
    heading: ClassVar[Any]
    """What the dialog is about, with a place for the `number` of records."""
    note: ClassVar[Text] = ""
    """What to know before."""

    quiet = forms.BooleanField(label=_("Without robots and notices"), required=False)

    def __init__(self, access: Access, data: Any = None) -> None:
        super().__init__(data)
        self.access = access

    def change(self, record_id: int | None) -> RecordChange:
        """What happens to one of the records, or to each of many that are not known yet."""
        raise NotImplementedError


class BulkMove(BulkForm):
    """All into one stage; what its gate asks for, records must have already."""

    operation = Operation.MOVE
    label = verb = _("Move")
    icon = "arrow-right"
    heading = ngettext_lazy("Move %(number)s record", "Move %(number)s records", "number")
    note = _("Records that lack what a gate asks for stay where they are; you will see which and why.")

    stage = forms.ChoiceField(label=_("Stage"))
    reason = forms.ChoiceField(label=_("Reason, where the stage is a failure"), required=False)
    comment = forms.CharField(label=_("Comment"), required=False, widget=forms.Textarea(attrs={"rows": 2}))

    field_order = ("stage", "reason", "comment", "quiet")

    def __init__(self, access: Access, data: Any = None) -> None:
        super().__init__(access, data)
        pipelines = visible_pipelines(access)
        choices = [("", gettext("Choose a stage")), *stage_choices(pipelines)]
        self.fields["stage"].choices = choices  # type: ignore[attr-defined]
        offered = _reasons(pipelines)
        self.fields["reason"].choices = [("", "—"), *offered]  # type: ignore[attr-defined]
        if not offered:
            del self.fields["reason"]

    @property
    def target(self) -> StageDef:
        """The chosen stage."""
        return self.access.definition.stage_by_id[int(self.cleaned_data["stage"])]

    def change(self, record_id: int | None) -> RecordChange:
        reason = self.cleaned_data.get("reason") if self.target.kind == Stage.Kind.LOST else ""
        passing = Passing(comment=self.cleaned_data["comment"], reason=int(reason) if reason else None)
        return RecordChange(record_id=record_id, to=self.target.id, passing=passing)


def _reasons(pipelines: Sequence[PipelineDef]) -> Choices:
    """The reasons that may be given; in groups where several pipelines have some."""
    groups = [
        (pipeline.name, [(str(reason.id), reason.name) for reason in pipeline.reasons if not reason.is_retired])
        for pipeline in pipelines
    ]
    groups = [(name, reasons) for name, reasons in groups if reasons]
    return groups if len(groups) > 1 else [choice for _name, reasons in groups for choice in reasons]


class BulkPlaces(BulkMove):
    """All into one pipeline, stage by stage."""

    def __init__(self, access: Access, into: PipelineDef, data: Any = None) -> None:
        super().__init__(access, data)
        self.into = into
        del self.fields["stage"]
        self.sources = [
            (pipeline, stage)
            for pipeline in visible_pipelines(access)
            for stage in pipeline.stages
            if pipeline.id != into.id and access.reach(Operation.MOVE, stage.id)
        ]
        for pipeline, stage in self.sources:
            self.fields[self._name(stage)] = forms.ChoiceField(
                label=stage.name, choices=stage_choices([into]), initial=str(counterpart(stage, pipeline, [into]).id)
            )

    def places(self) -> Iterator[tuple[PipelineDef, StageDef, forms.BoundField]]:
        """Each stage elsewhere, with the control that says where its records go."""
        return ((pipeline, stage, self[self._name(stage)]) for pipeline, stage in self.sources)

    def rest(self) -> Iterator[forms.BoundField]:
        """The other controls."""
        return (self[name] for name in self.fields if not name.startswith("place-"))

    def change(self, record_id: int | None) -> RecordChange:
        stay = {stage.id: stage.id for stage in self.into.stages}
        go = {stage.id: int(self.cleaned_data[self._name(stage)]) for _pipeline, stage in self.sources}
        reason = self.cleaned_data.get("reason")
        passing = Passing(comment=self.cleaned_data["comment"], reason=int(reason) if reason else None)
        return RecordChange(record_id=record_id, places=stay | go, passing=passing)

    @staticmethod
    def _name(stage: StageDef) -> str:
        return f"place-{stage.id}"


class BulkValue(BulkForm):
    """One value for all of them; an empty one clears it."""

    def __init__(self, access: Access, field: FieldDef, data: Any = None) -> None:
        super().__init__(access, data)
        self.field = field
        self.value_form = ValueForm(access, field, data)
        self.fields = {"value": self.value_form.fields["value"], **self.fields}
        self.fields["value"].required = False

    def clean(self) -> None:
        """A value that no record could have is refused here, once for all."""
        try:
            self.field.type.parse(self.value_form.raw_value(), self.field)
        except WrongValue as error:
            self.add_error("value", str(error.message))

    def change(self, record_id: int | None) -> RecordChange:
        return RecordChange(record_id=record_id, values={self.field.key: self.value_form.raw_value()})


class BulkAssign(BulkValue):
    """One person responsible for all of them, or nobody."""

    operation = Operation.ASSIGN
    label = verb = _("Assign")
    icon = "user"
    heading = ngettext_lazy("Assign %(number)s record", "Assign %(number)s records", "number")

    nobody = forms.BooleanField(label=_("Nobody is responsible"), required=False)

    def __init__(self, access: Access, data: Any = None) -> None:
        super().__init__(access, PERSON_FIELD, data)
        person = self.fields["value"]
        person.label, person.empty_label = _("Assignee"), _("Choose somebody")  # type: ignore[attr-defined]
        self.order_fields(("value", "nobody", "quiet"))

    def clean(self) -> None:
        """Nobody is said, not left over: one press would take all assignees away."""
        super().clean()
        if bool(self.value_form.raw_value()) == self.cleaned_data["nobody"]:
            self.add_error("value", _("Choose somebody, or say that it is nobody."))


class BulkEdit(BulkValue):
    """One answer in all of them."""

    operation = Operation.UPDATE
    label = _("Edit a field")
    icon = "pencil"
    heading = ngettext_lazy("Edit %(number)s record", "Edit %(number)s records", "number")
    verb = _("Save")
    note = _("Left empty, the field is cleared.")


class BulkDelete(BulkForm):
    """All into the bin."""

    operation = Operation.DELETE
    label = verb = _("Delete")
    icon = "trash"
    heading = ngettext_lazy("Delete %(number)s record", "Delete %(number)s records", "number")
    note = _("They go to the bin; from there they can be restored.")

    def change(self, record_id: int | None) -> RecordChange:
        return RecordChange(record_id=record_id, delete=True)


ACTIONS: Mapping[str, type[BulkForm]] = {
    "move": BulkMove,
    "assign": BulkAssign,
    "edit": BulkEdit,
    "delete": BulkDelete,
}


def editable_fields(access: Access) -> Sequence[FieldDef]:
    """The fields in which many records can get the same answer."""
    return [
        field
        for field in access.writable_fields
        if not field.type.is_computed and field.type.refers != FILE and not field.is_unique
    ]


def actions_for(access: Access) -> dict[str, type[BulkForm]]:
    """What the actor may do to many records of the process at once, by the name in its address."""
    if not access.can(Operation.BULK):
        return {}
    possible = [name for name, form in ACTIONS.items() if access.can(form.operation)]
    if not access.definition.has_stages:
        possible = [name for name in possible if name != "move"]
    return {name: ACTIONS[name] for name in possible if name != "edit" or editable_fields(access)}
