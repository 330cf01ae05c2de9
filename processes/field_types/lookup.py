"""A value of the record that a link names."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.registry import SettingsForm
from processes.computed_type import GIVES, ComputedType
from processes.definition import field_def
from processes.definition_types import FieldDef
from processes.fieldtype import FILE, Group, field_types
from processes.models import Field, Operation
from processes.permissions import Access
from processes.publishing import access_beside

LOOKUP = "lookup"
SEEN = gettext_lazy("Whoever sees this record sees the value, even without access to the linked record.")


LOOKS = {"readOnly": True, "description": "How the values of the field that is shown look."}
SHOWN: dict[str, dict[str, Any]] = {
    "other": {"type": "integer", "description": "Id of the process whose field is shown."},
    "of": {"type": ["string", "null"], "description": "The type of that field, as people see it."},
    "gives": GIVES,
    "last": {"type": "object", "description": "How its values looked when these settings were written."},
}


class LookupSettings(SettingsForm):
    """Through which link, and which field of the linked record."""

    added: ClassVar = SHOWN
    rest: ClassVar = LOOKS
    link = forms.TypedChoiceField(label=gettext_lazy("Through the link"), coerce=int)
    field = forms.TypedChoiceField(label=gettext_lazy("Show the field"), coerce=int, help_text=SEEN)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.links = links_of(self.context, "link")
        if not self.links:
            self.fields["link"].help_text = _("Add a link to a record first.")
        others = {link.settings["process"]: link.label for link in reversed(self.links)}
        self.shown = fields_in(self.context, others)
        self.fields["link"].choices = [(link.pk, link.label) for link in self.links]  # type: ignore[attr-defined]
        self.fields["field"].choices = grouped(self.shown, others)  # type: ignore[attr-defined]
        fitting = {str(link.pk): ids_of(self.shown, link.settings["process"]) for link in self.links}
        self.fields["field"].narrowed_by = {"link": fitting}  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """The field is one of the process to which the link leads."""
        data: dict[str, Any] = super().clean() or {}
        link = next((link for link in self.links if link.pk == data.get("link")), None)
        shown = next((field for field in self.shown if field.pk == data.get("field")), None)
        if link and shown and link.settings["process"] != shown.process_id:
            self.add_error("field", _("This field belongs to other records than the link names."))
        return data

    def to_settings(self) -> dict[str, Any]:
        row = next(field for field in self.shown if field.pk == self.cleaned_data["field"])
        return {**self.cleaned_data, **what_it_shows(row)}


@field_types.register
class LookupType(ComputedType):
    """What a field of the linked record says, kept as a value of one's own and renewed when it changes there."""

    key = LOOKUP
    label = gettext_lazy("Value of a linked record")
    is_of_process = True
    icon = "eye"
    group = Group.COMPUTED
    description = gettext_lazy("What a linked record says, kept up to date: the phone of the company.")
    Settings = LookupSettings

    def completed(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        return completed_by(settings)


def what_it_shows(row: Field) -> dict[str, Any]:
    """Settings of a field that shows another: whose it is, what it gives, and how that looks."""
    shown = field_def(row)
    gives = shown.type.plain_key
    return {"other": row.process_id, "of": gives, "gives": gives, "last": looks(shown)}


def looks(shown: FieldDef) -> dict[str, Any]:
    """The settings of a field that say how its values look, without those that say how they are made."""
    names = field_types[shown.type.plain_key].Settings().fields
    return {name: value for name, value in shown.settings.items() if name in names}


def completed_by(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Settings with those of the field that is shown; the last ones known where it is gone or of another type now."""
    row = Field.objects.filter(pk=settings["field"], removed_at=None).first()
    shown = field_def(row) if row is not None else None
    is_as_before = shown is not None and shown.type.plain_key == settings["of"]
    return {**(looks(shown) if shown is not None and is_as_before else settings["last"]), **settings}


def links_of(access: Any, *types: str) -> list[Field]:
    """The fields of a process that name records, of some types, to processes whose records the actor sees; as far as
    the actor reads them. None without an access."""
    if not isinstance(access, Access):
        return []
    rows = Field.objects.filter(process=access.definition.id, type__in=types, removed_at=None, shadow_of=None)
    return readable_links(access, rows, to=lambda row: row.settings["process"])


def readable_links(access: Access, rows: Iterable[Field], *, to: Callable[[Field], int]) -> list[Field]:
    """Those of the links that the actor reads, and whose other process (`to`) shows them records."""
    found = list(rows)
    known = accesses_beside(access, {row.process_id for row in found} | {to(row) for row in found})
    return [
        row for row in found if known[row.process_id].reads_everywhere(row.pk) and known[to(row)].can(Operation.VIEW)
    ]


def fields_in(access: Any, processes: Collection[int]) -> list[Field]:
    """The fields of processes whose values can be kept elsewhere, as far as the actor reads them: all but files, which
    belong to their records."""
    if not isinstance(access, Access):
        return []
    known = accesses_beside(access, processes)
    rows = Field.objects.filter(process__in=processes, removed_at=None, shadow_of=None).order_by("process", "position")
    return [
        row for row in rows if known[row.process_id].reads_everywhere(row.pk) and field_def(row).type.refers != FILE
    ]


def accesses_beside(access: Access, processes: Iterable[int]) -> dict[int, Access]:
    """The actor's accesses to processes, by id."""
    return {process: access_beside(access, process) for process in set(processes)}


def ids_of(fields: Iterable[Field], process_id: int) -> list[str]:
    """The fields of a process, as the values of inputs."""
    return [str(field.pk) for field in fields if field.process_id == process_id]


def grouped(fields: Iterable[Field], names: Mapping[int, str]) -> list[tuple[str, list[tuple[int, str]]]]:
    """Choices of fields by what their process is called."""
    return [(name, [(f.pk, f.label) for f in fields if f.process_id == process]) for process, name in names.items()]
