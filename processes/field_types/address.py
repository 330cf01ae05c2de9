"""A postal address."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Invalid, Text
from core.text import clean_line
from processes.definition_types import FieldDef
from processes.fieldtype import DisplayContext, FieldType, Group, TextContext, WrongValue, field_types

LIMIT = 200


@dataclass(frozen=True, slots=True)
class Address:
    """Where somebody is found, in the parts that letters and maps need; any of them may be empty."""

    line: str = ""
    """Street, house, flat."""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""

    def __str__(self) -> str:
        parts = (self.line, self.city, self.region, self.postcode, self.country)
        return ", ".join(part for part in parts if part)


LABELS = {
    "line": gettext_lazy("Street and house"),
    "city": gettext_lazy("City"),
    "region": gettext_lazy("Region"),
    "postcode": gettext_lazy("Postcode"),
    "country": gettext_lazy("Country"),
}
"""The parts of an address and what people call them."""


class AddressWidget(forms.MultiWidget):
    """One input for each part."""

    def __init__(self) -> None:
        inputs: dict[str, forms.Widget | type[forms.Widget]] = {
            part: forms.TextInput(
                {"placeholder": label, "aria-label": label, "maxlength": LIMIT, "autocomplete": "off"}
            )
            for part, label in LABELS.items()
        }
        super().__init__(inputs, {"class": "field-address"})

    def decompress(self, value: Any) -> list[Any]:
        """What the inputs begin with."""
        parts = value if isinstance(value, Mapping) else {}
        return [parts.get(part) for part in LABELS]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """The JSON value as typed."""
        typed = super().value_from_datadict(data, files, name)
        return {part: text for part, text in zip(LABELS, typed, strict=True) if text} or None


@field_types.register
class AddressType(FieldType):
    """An address in parts; compared, sorted and searched as one line of text."""

    key = "address"
    label = gettext_lazy("Address")
    icon = "map-pin"
    group = Group.TEXT
    description = gettext_lazy("Street, city, postcode and country, each for itself.")
    kind = "text"
    can_be_searched = True

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return models.TextField(null=True)

    def columns(self, field: FieldDef) -> Mapping[str, models.Field[Any, Any]]:
        parts: models.Field[Any, Any] = models.JSONField(null=True)
        return {field.column: self.model_field(field), f"{field.column}_parts": parts}

    def attributes(self, field: FieldDef) -> tuple[str, ...]:
        return field.column, f"{field.column}_parts"

    def split(self, value: Address | None) -> tuple[Any, ...]:
        return (None, None) if value is None else (str(value), self.to_json(value))

    def join(self, parts: Sequence[Any]) -> Address | None:
        return None if parts[0] is None else self.from_json(parts[1])

    def parse(self, raw: Any, field: FieldDef) -> Address | None:
        if raw is None or raw == "":
            return None
        given = {"line": raw} if isinstance(raw, str) else raw
        if not isinstance(given, Mapping) or set(given) - set(LABELS):
            raise WrongValue(_("Parts of an address are expected: line, city, region, postcode, country."))
        address = Address(**{part: _part(text) for part, text in given.items()})
        return address if str(address) else None

    def from_text(self, text: str, field: FieldDef, context: TextContext) -> Any:
        """One line, or all five parts with semicolons between them, as `to_text` writes them."""
        parts = text.split(";")
        return dict(zip(LABELS, parts, strict=True)) if len(parts) == len(LABELS) else text

    def to_text(self, value: Address | None, field: FieldDef, context: DisplayContext) -> str:
        if value is None:
            return ""
        parts = list(asdict(value).values())
        return "; ".join(parts) if any(parts[1:]) else value.line

    def plain_text(self, value: Address, field: FieldDef, context: DisplayContext) -> str:
        return str(value)

    def to_json(self, value: Address | None) -> dict[str, str] | None:
        return None if value is None else {part: text for part, text in asdict(value).items() if text}

    def from_json(self, raw: Any) -> Address | None:
        if not raw:
            return None
        return Address(**raw) if isinstance(raw, Mapping) else Address(line=str(raw))

    def form_field(self, field: FieldDef) -> forms.Field:
        return forms.Field(label=field.label, help_text=field.help, required=False, widget=AddressWidget())

    def form_value(self, value: Address | None) -> dict[str, str] | None:
        return self.to_json(value)

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        parts = {part: {"type": "string", "maxLength": LIMIT} for part in LABELS}
        return {"type": "object", "properties": parts, "additionalProperties": False, "minProperties": 1}

    def words(self, value: Address | None) -> str:
        return "" if value is None else str(value)


def _input(label: Text) -> forms.Widget:
    return forms.TextInput({"placeholder": label, "aria-label": label, "maxlength": LIMIT, "autocomplete": "off"})


def _part(text: Any) -> str:
    try:
        return clean_line(text or "", field="part", limit=LIMIT, required=False).replace(";", ",")
    except Invalid as error:
        raise WrongValue(error.fields["part"][0]) from error
