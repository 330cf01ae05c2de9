"""A number, an amount or a date made of many linked records."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Invalid
from core.registry import SettingsForm
from expressions.conditions import parse_condition
from processes.computed_type import ComputedType
from processes.definition import field_def
from processes.definition_types import Definition, FieldDef
from processes.field_types.lookup import (
    LOOKS,
    SHOWN,
    completed_by,
    fields_in,
    grouped,
    ids_of,
    links_of,
    readable_links,
    what_it_shows,
)
from processes.field_types.number import SCALE
from processes.fieldtype import Group, field_types
from processes.models import Field, Process
from processes.permissions import Access
from processes.publishing import access_beside, publishable
from processes.schema import schema_of

ROLLUP = "rollup"
TO, FROM = "to", "from"
COUNT, SUM, LEAST, MOST, AVERAGE = "count", "sum", "min", "max", "average"
FUNCTIONS = {
    COUNT: gettext_lazy("How many there are"),
    SUM: gettext_lazy("Sum"),
    LEAST: gettext_lazy("Smallest or first"),
    MOST: gettext_lazy("Largest or last"),
    AVERAGE: gettext_lazy("Average"),
}
_NUMBERS = frozenset({"integer", "number", "money"})
TAKES = {
    SUM: _NUMBERS,
    AVERAGE: _NUMBERS | {"rating"},
    LEAST: _NUMBERS | {"rating", "date", "datetime"},
    MOST: _NUMBERS | {"rating", "date", "datetime"},
}
"""Function → the types of value that it takes."""


def relation_parts(relation: str) -> tuple[bool, int]:
    """Whether the link is the other records' (`from:12`) or one's own (`to:12`), and its id."""
    direction, _sign, link_id = relation.partition(":")
    return direction == FROM, int(link_id)


class LinkedCondition(forms.JSONField):
    """A condition over the records of whatever process another input chooses."""

    by = "relation"
    processes: Mapping[str, Definition]
    """What that input may say → the process, as far as the condition may speak of it."""


class RollUpSettings(SettingsForm):
    """Over which linked records, what of them, and which of them count."""

    added: ClassVar = SHOWN
    rest: ClassVar = LOOKS
    relation = forms.ChoiceField(label=gettext_lazy("Linked records"))
    function = forms.ChoiceField(label=gettext_lazy("What of them"), choices=list(FUNCTIONS.items()), initial=COUNT)
    field = forms.TypedChoiceField(
        label=gettext_lazy("Of the field"),
        coerce=int,
        empty_value=None,
        required=False,
        help_text=gettext_lazy("Whoever sees this record sees the result, even without access to the linked records."),
    )
    decimals = forms.IntegerField(
        label=gettext_lazy("Decimals of an average"), min_value=0, max_value=SCALE, initial=2, required=False
    )
    condition = LinkedCondition(label=gettext_lazy("Only records for which this holds"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = links_of(self.context, "links")
        theirs = _links_to(self.context)
        self.others = {f"{TO}:{link.pk}": link.settings["process"] for link in own}
        self.others |= {f"{FROM}:{link.pk}": link.process_id for link in theirs}
        names = dict(Process.objects.filter(pk__in=set(self.others.values())).values_list("pk", "name"))
        self.shown = [f for f in fields_in(self.context, names) if field_def(f).type.plain_key in TAKES[LEAST]]
        choices = [(f"{TO}:{link.pk}", link.label) for link in own]
        choices += [(f"{FROM}:{link.pk}", f"{names[link.process_id]}: {link.label}") for link in theirs]
        if not choices:
            self.fields["relation"].help_text = _(
                "No records are linked yet: add a link here, or one to here elsewhere."
            )
        self.fields["relation"].choices = choices  # type: ignore[attr-defined]
        self.fields["condition"].processes = {  # type: ignore[attr-defined]
            relation: publishable(access_beside(self.context, process)) for relation, process in self.others.items()
        }
        self.fields["field"].choices = [("", "—"), *grouped(self.shown, names)]  # type: ignore[attr-defined]
        taken = {
            function: [str(f.pk) for f in self.shown if field_def(f).type.plain_key in types]
            for function, types in TAKES.items()
        }
        of_relation = {relation: ids_of(self.shown, process) for relation, process in self.others.items()}
        self.fields["field"].narrowed_by = {  # type: ignore[attr-defined]
            "relation": of_relation,
            "function": taken,
        }
        self.fields["decimals"].narrowed_by = {"function": {AVERAGE: [True]}}  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Everything but a count needs a field of the linked records that the function takes."""
        data: dict[str, Any] = super().clean() or {}
        if not {"relation", "function"} <= data.keys():
            return data
        if data["function"] == COUNT:
            data["field"] = None
        elif "field" in data:
            self._check_field(data)
        if data.get("condition"):
            self._check_condition(data)
        return data

    def _check_field(self, data: dict[str, Any]) -> None:
        shown = self._shown(data["field"])
        if shown is None:
            self.add_error("field", _("Choose a field."))
        elif shown.process_id != self.others[data["relation"]]:
            self.add_error("field", _("This field belongs to other records."))
        elif field_def(shown).type.plain_key not in TAKES[data["function"]]:
            self.add_error("field", _("This cannot be made of values of this field."))

    def _check_condition(self, data: dict[str, Any]) -> None:
        try:
            other = self.fields["condition"].processes[data["relation"]]  # type: ignore[attr-defined]
            condition = parse_condition(data["condition"], schema_of(other))
        except Invalid as error:
            self.add_error("condition", str(error.message))
            return
        if condition.depends_on_asking:
            self.add_error("condition", _("A stored value cannot depend on the time, or on who looks."))
        data["condition"] = None if condition.is_always else condition.to_json()

    def _shown(self, field_id: int | None) -> Field | None:
        return next((field for field in self.shown if field.pk == field_id), None)

    def to_settings(self) -> dict[str, Any]:
        data = self.cleaned_data
        decimals = 2 if data["decimals"] is None else data["decimals"]
        said = {**data, "decimals": decimals, "condition": data["condition"] or None}
        shown = self._shown(data["field"])
        if shown is None:
            return {**said, "other": self.others[data["relation"]], "of": None, "gives": "integer", "last": {}}
        found = what_it_shows(shown)
        if data["function"] == AVERAGE and found["gives"] != "money":
            found["gives"] = "number"
        return {**said, **found}


@field_types.register
class RollUpType(ComputedType):
    """Count, sum, minimum, maximum or average over linked records, kept right when they change."""

    key = ROLLUP
    label = gettext_lazy("Summary of linked records")
    is_of_process = True
    icon = "sum"
    group = Group.COMPUTED
    description = gettext_lazy("Number, sum, average, first or last of linked records.")
    Settings = RollUpSettings

    def of_nothing(self, field: FieldDef) -> Any:
        """There are none, and numbers add up to zero; amounts have no currency yet."""
        function = field.settings["function"]
        is_zero = function == COUNT or (function == SUM and self.plain_key != "money")
        return self.fitted(0, field) if is_zero else None

    def completed(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        if settings["field"] is None:
            return settings
        found = completed_by(settings)
        if settings["function"] == AVERAGE:
            return found
        looks = completed_by({name: settings[name] for name in ("field", "of", "last")})
        return {**found, "decimals": looks.get("decimals", 2)}


def _links_to(access: Any) -> list[Field]:
    """The fields of any process that name records of this one, as far as the actor reads them."""
    if not isinstance(access, Access):
        return []
    found = Field.objects.filter(type__in=("link", "links"), settings__process=access.definition.id, removed_at=None)
    rows = found.filter(shadow_of=None).order_by("process", "position")
    return readable_links(access, rows, to=lambda row: row.process_id)
