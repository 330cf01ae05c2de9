"""A record of another process, or of the same."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.db import models
from django.db.models import Expression, F, Q
from django.utils.choices import CallableChoiceIterator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.registry import SettingsForm
from core.text import id_from
from processes.definition_types import FieldDef
from processes.field_types.choice import only_one
from processes.fieldtype import (
    RECORD,
    ConversionContext,
    DisplayContext,
    FieldType,
    Group,
    TextContext,
    WrongValue,
    field_types,
    through_text,
)
from processes.models import Process
from processes.permissions import Access, accesses_for


class LinkSettings(SettingsForm):
    """Whose records are linked."""

    process = forms.ModelChoiceField(label=gettext_lazy("Records of"), queryset=Process.objects.all())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        process = self.fields["process"]
        if isinstance(self.context, Access) and not self.context.actor.is_admin:
            seen = [access.definition.id for access in accesses_for(self.context.actor)]
            process.queryset = Process.objects.filter(pk__in=seen)  # type: ignore[attr-defined]
        process.widget.choices = CallableChoiceIterator(self._offered)

    def _offered(self) -> list[tuple[Any, str]]:
        """A process that was put away is offered only where it stands already."""
        present = id_from(str(self["process"].value() or "")) or 0
        rows = self.fields["process"].queryset  # type: ignore[attr-defined]
        offered = rows.exclude(~Q(pk=present), status=Process.Status.ARCHIVED).order_by("name", "pk")
        return [("", "—"), *offered.values_list("pk", "name")]

    def to_settings(self) -> dict[str, Any]:
        return {"process": self.cleaned_data["process"].pk}


def check_same_process(source: FieldDef, target: FieldDef) -> None:
    """Raise WrongValue where two links lead to records of different processes."""
    if source.settings["process"] != target.settings["process"]:
        raise WrongValue(_("It is a record of another process."))


def only_record(value: list[int], source: FieldDef, target: FieldDef, context: ConversionContext) -> Any:
    """The one of several records."""
    check_same_process(source, target)
    return only_one(value)


@field_types.register
class LinkType(FieldType):
    """One record, by id; a real foreign key to the catalogue."""

    key = "link"
    label = gettext_lazy("Link to a record")
    icon = "link-plus"
    group = Group.LINKS
    description = gettext_lazy("A record of another process: the company of a deal.")
    kind = "reference"
    readings: ClassVar = {"text": through_text, "references": only_record}
    is_chip = True
    refers = RECORD
    Settings = LinkSettings

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return models.ForeignKey("records.Record", on_delete=models.PROTECT, null=True, related_name="+")

    def attname(self, field: FieldDef) -> str:
        return f"{field.column}_id"

    def parse(self, raw: Any, field: FieldDef) -> int | None:
        return None if raw is None or raw == "" else to_record(raw)

    def from_text(self, text: str, field: FieldDef, context: TextContext) -> int:
        return record_called(text, field, context)

    def display(self, value: int | None, field: FieldDef, context: DisplayContext) -> str:
        return "" if value is None else context.name(RECORD, value)

    def form_field(self, field: FieldDef) -> forms.Field:
        return forms.CharField(label=field.label, help_text=field.help, required=False)

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        return {"type": "integer", "description": "id of a record"}

    def sorting(self, field: FieldDef) -> tuple[str, Expression | F] | None:
        """Not by title: its order would tell of records that one may not see."""
        return None

    def ids_in(self, value: int | None) -> Sequence[int]:
        return () if value is None else (value,)


def to_record(raw: Any) -> int:
    """The id that a JSON value gives. Raises WrongValue."""
    found = None if isinstance(raw, bool) else id_from(str(raw))
    if found is None:
        raise WrongValue(_("The number of a record is expected."))
    return found


def record_called(text: str, field: FieldDef, context: TextContext) -> int:
    """The record that a title, or a number with or without #, means. Raises WrongValue."""
    found = context.find_records(field.settings["process"], text)
    if len(found) > 1:
        raise WrongValue(_("Several records are called “%s”; write the number.") % text[:100])
    if not found:
        raise WrongValue(_("There is no record “%s”.") % text[:100])
    return found[0]
