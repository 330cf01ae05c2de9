"""Forms of records, made of what a process asks."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.queries import people
from processes.definition_types import FieldDef, SectionDef, StageDef
from processes.fieldtype import FILE, PERSON, RECORD
from processes.models import Field, Operation
from processes.permissions import Access
from records.gates import reasons_for, terms_along
from records.operations.values import TITLE_LIMIT
from records.queries.asked import asked_of_draft, fillable_fields
from records.queries.beginning import defaults_of
from records.queries.files import files_in_form
from records.queries.linked import may_create
from records.queries.names import names_for
from web.forms.passing import PassingForm
from web.forms.widgets import FilesWidget

ONCE = "form-once"
BESIDE = ("csrfmiddlewaretoken", "stage", ONCE)
"""What the form of a record sends beside its inputs."""
SEARCHED = 8
"""A list of more choices than this can be searched."""


class RecordForm(PassingForm):
    """A record to be. The domain checks the values; the form carries them as they were typed."""

    def __init__(self, access: Access, stage: StageDef, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access = access
        self.fields["title"] = forms.CharField(label=_("Title"), max_length=TITLE_LIMIT)
        if access.reach(Operation.ASSIGN, stage.id):
            self.fields["assignee"] = _assignee_field()
        for field in fillable_fields(access, stage):
            self.fields[field.key] = control_of(access, field, self.initial.get(field.key))
        self._ask_for_gates(stage)
        self.asked = asked_of_draft(access, self.raw_values() if self.is_bound else defaults_of(access), stage)
        for field in access.definition.fields:
            if field.key in self.fields:
                self.fields[field.key].required = field.key in self.asked.required

    def _ask_for_gates(self, stage: StageDef) -> None:
        access, pipeline = self.access, self.access.definition.pipeline_by_id[stage.pipeline_id]
        gates = pipeline.gates_between(None, stage.id)
        self.ask_for(
            [terms_along(pipeline, stage, gates)],
            reasons_for(pipeline, stage),
            may_comment=bool(access.reach(Operation.COMMENT, stage.id)),
            may_override=bool(gates and access.reach(Operation.OVERRIDE, stage.id)),
        )

    @property
    def changes_itself(self) -> bool:
        """Whether what is asked depends on what is answered."""
        return any(field.visible_if for field in self.access.definition.fields)

    def parts(self) -> list[tuple[SectionDef | None, list[tuple[forms.BoundField, bool]]]]:
        """Sections with their inputs, each with whether it is asked now; first what stands in no section."""
        fields = self.access.definition.field_by_key
        asked = self.asked.asked
        rows = [(name, (self[name], name not in fields or name in asked)) for name in self._values]
        parts = self.access.definition.by_section(
            rows, lambda row: fields[row[0]].section_id if row[0] in fields else None
        )
        return [(section, [shown for _name, shown in its]) for section, its in parts]

    @property
    def strange(self) -> dict[str, Any]:
        """What was sent without an input for it: the form is older than the rights, or than the process."""
        inputs = tuple(f"{name}_" for name in self.fields)
        return {
            name: self.data[name]
            for name in self.data
            if name not in (*self.fields, *BESIDE) and not name.startswith(inputs)
        }

    def raw_values(self) -> dict[str, Any]:
        """What was typed, by key."""
        return {name: self.raw(name) for name in self._values}

    @property
    def _values(self) -> list[str]:
        """Names of the inputs of values."""
        return [name for name in self.fields if not name.startswith("_")]


class ValueForm(forms.Form):
    """One value of a record, edited in its place."""

    def __init__(self, access: Access, field: FieldDef, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        control = control_of(access, field, self.initial.get("value"))
        if field.type.refers == PERSON and isinstance(control, forms.ModelChoiceField):
            # Whoever stands there may have been deactivated since.
            present = User.objects.filter(pk__in=field.type.ids_in(self.initial.get("value")))
            control.queryset = control.queryset | present
        self.fields["value"] = control
        control.widget.attrs |= {"autofocus": True, "aria-label": field.label}

    def raw_value(self) -> Any:
        """What was typed."""
        return self.fields["value"].widget.value_from_datadict(self.data, self.files, "value")


def control_of(access: Access, field: FieldDef, value: Any = None) -> forms.Field:
    """The input of a field with a value; long lists of choices are searchable."""
    make = _CONTROLS.get(field.type.refers)
    control = make(access, field, value) if make else field.type.form_field(field)
    control.required = field.required == Field.Required.ALWAYS
    is_several = isinstance(control, forms.MultipleChoiceField)
    if is_several or (isinstance(control, forms.ChoiceField) and _is_long(control)):
        control.widget.attrs["data-controller"] = "select"
    return control


def _record_control(access: Access, field: FieldDef, value: Any) -> forms.Field:
    """A search among the records that may be linked; only what stands there is an option from the beginning."""
    ids = field.type.ids_in(value)
    names = names_for(access.actor, {RECORD: set(ids)}).get(RECORD, {})
    chosen = [(str(pk), names.get(pk) or _("Restricted")) for pk in ids]
    is_several = field.type.kind == "references"
    url = reverse("field-choices", args=[access.definition.key, field.key])
    attributes = {"data-controller": "select", "data-url": url, "data-placeholder": _("Search by title or number")}
    if may_create(access.actor, field.settings["process"]):
        attributes["data-create-url"] = url
    make = forms.MultipleChoiceField if is_several else forms.ChoiceField
    choices = chosen if is_several else [("", "—"), *chosen]
    control = make(label=field.label, help_text=field.help, required=False, choices=choices)
    control.widget.attrs |= attributes
    return control


def _files_control(access: Access, field: FieldDef, value: Any) -> forms.Field:
    """Files that stand there, and new ones."""
    present = field.type.ids_in(value)
    url = reverse("files-upload", args=[access.definition.key])
    control = field.type.form_field(field)
    control.widget = FilesWidget(field, url=url, known=lambda ids: files_in_form(access.actor, field, ids, present))
    return control


_CONTROLS: Mapping[str, Callable[[Access, FieldDef, Any], forms.Field]] = {
    RECORD: _record_control,
    FILE: _files_control,
}


def _assignee_field() -> forms.Field:
    control = forms.ModelChoiceField(label=_("Assignee"), required=False, queryset=people())
    if _is_long(control):
        control.widget.attrs["data-controller"] = "select"
    return control


def _is_long(control: forms.ChoiceField) -> bool:
    if isinstance(control, forms.ModelChoiceField):
        return control.queryset is not None and control.queryset[SEARCHED:].exists()
    choices = control.choices
    return isinstance(choices, list) and len(choices) > SEARCHED
