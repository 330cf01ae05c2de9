"""An amount of money."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from babel.numbers import get_currency_symbol, list_currencies
from django import forms
from django.db import models
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from core.registry import SettingsForm
from expressions.display import money_text
from expressions.values import Money
from processes.definition_types import FieldDef
from processes.field_types.number import SCALE, SIGNIFICANT, plain_decimal, to_decimal
from processes.fieldtype import (
    DisplayContext,
    FieldType,
    Group,
    TextContext,
    WrongValue,
    as_given,
    field_types,
    through_text,
)
from processes.written import plain_number, sheet_number

KNOWN = frozenset(list_currencies())
DECIMALS = 2
_CODE = re.compile(r"\b([A-Z]{3})\b")
_SIGNS = {
    "₽": "RUB",
    "руб.": "RUB",
    "руб": "RUB",
    "р.": "RUB",
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "₸": "KZT",
    "₴": "UAH",
}


class CodesField(forms.CharField):
    """Codes of currencies: `EUR, USD`, or a list of them."""

    def to_python(self, value: Any) -> str:
        return super().to_python(" ".join(map(str, value)) if isinstance(value, list | tuple) else value) or ""

    def json_schema(self) -> dict[str, Any]:
        """A list, or a text with commas."""
        return {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}


class MoneySettings(SettingsForm):
    """In which currencies amounts may be given."""

    currency = forms.CharField(label=gettext_lazy("Currency"), max_length=3, initial="RUB", required=False)
    others = CodesField(
        label=gettext_lazy("Other currencies"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Codes with commas between them, for example USD, EUR. Empty: only the one above."),
    )

    def clean_currency(self) -> str:
        """A code of ISO 4217."""
        return _code(self.cleaned_data["currency"] or "RUB")

    def clean_others(self) -> list[str]:
        """Codes of ISO 4217, without the first one."""
        codes = [_code(item) for item in re.split(r"[\s,;]+", self.cleaned_data["others"]) if item]
        return list(dict.fromkeys(code for code in codes if code != self.cleaned_data.get("currency")))


def _code(text: str) -> str:
    code = text.strip().upper()
    if code not in KNOWN:
        raise forms.ValidationError(_("“%s” is no currency; a code has three letters, for example EUR.") % code[:10])
    return code


class MoneyWidget(forms.MultiWidget):
    """The amount, and the currency where there is a choice."""

    def __init__(self, currencies: Sequence[str]) -> None:
        amount = forms.TextInput({"inputmode": "decimal", "maxlength": 40, "aria-label": gettext_lazy("Amount")})
        choices = [(code, get_currency_symbol(code, get_language() or "en")) for code in currencies]
        super().__init__(
            {"amount": amount, "currency": forms.Select({"aria-label": gettext_lazy("Currency")}, choices)},
            {"class": "field-money"},
        )

    def decompress(self, value: Any) -> list[Any]:
        """What the two inputs begin with."""
        if isinstance(value, Mapping):
            return [value.get("amount"), value.get("currency")]
        return [value, None]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """The JSON value as typed; nothing where no amount was typed."""
        amount, currency = super().value_from_datadict(data, files, name)
        return {"amount": amount, "currency": currency} if amount else None


@field_types.register
class MoneyType(FieldType):
    """An amount with its currency. Amounts add up and are compared as numbers, whatever the currency."""

    key = "money"
    label = gettext_lazy("Money")
    icon = "coin"
    group = Group.NUMBERS
    description = gettext_lazy("An amount with its currency; the board adds it up.")
    kind = "money"
    readings: ClassVar = {"text": through_text, "integer": as_given, "number": as_given}
    summable = True
    Settings = MoneySettings

    def model_field(self, field: FieldDef) -> models.Field[Any, Any]:
        return models.DecimalField(max_digits=SIGNIFICANT + SCALE, decimal_places=SCALE, null=True)

    def columns(self, field: FieldDef) -> Mapping[str, models.Field[Any, Any]]:
        currency: models.Field[Any, Any] = models.CharField(max_length=3, null=True)
        return {field.column: self.model_field(field), f"{field.column}_currency": currency}

    def attributes(self, field: FieldDef) -> tuple[str, ...]:
        return field.column, f"{field.column}_currency"

    def split(self, value: Money | None) -> tuple[Any, ...]:
        return (None, None) if value is None else (value.amount, value.currency)

    def join(self, parts: Sequence[Any]) -> Money | None:
        return None if parts[0] is None else Money(parts[0], parts[1] or "")

    def parse(self, raw: Any, field: FieldDef) -> Money | None:
        if raw is None or raw == "":
            return None
        given, currency = raw, field.settings["currency"]
        if isinstance(raw, Mapping):
            if set(raw) - {"amount", "currency"}:
                raise WrongValue(_("An amount and a currency are expected."))
            given, currency = raw.get("amount"), raw.get("currency") or currency
        elif isinstance(raw, str):
            given, currency = _read(raw, currency)
        if given is None or given == "":
            return None
        amount = to_decimal(given)
        if amount != round(amount, DECIMALS):
            raise WrongValue(_("At most %d decimals.") % DECIMALS)
        if currency not in currencies_of(field):
            raise WrongValue(_("Amounts are given in %s here.") % ", ".join(currencies_of(field)))
        return Money(amount, currency)

    def to_json(self, value: Money | None) -> dict[str, Any] | None:
        if value is None:
            return None
        whole = value.amount == value.amount.to_integral_value()
        return {"amount": int(value.amount) if whole else float(value.amount), "currency": value.currency}

    def from_json(self, raw: Any) -> Money | None:
        if not isinstance(raw, Mapping):
            return None if raw is None else Money(Decimal(str(raw)), "")
        return Money(Decimal(str(raw["amount"])), raw["currency"])

    def from_text(self, text: str, field: FieldDef, context: TextContext) -> dict[str, Any]:
        number, currency = _read(text, field.settings["currency"])
        return {"amount": number, "currency": currency}

    def to_text(self, value: Money | None, field: FieldDef, context: DisplayContext) -> str:
        return "" if value is None else f"{sheet_number(value.amount)} {value.currency}".strip()

    def to_cell(self, value: Money | None, field: FieldDef, context: DisplayContext) -> Money | None:
        return value

    def plain_text(self, value: Money, field: FieldDef, context: DisplayContext) -> str:
        return f"{plain_decimal(value.amount)} {value.currency}".strip()

    def display(self, value: Money | None, field: FieldDef, context: DisplayContext) -> str:
        return "" if value is None else money_text(value.amount, value.currency)

    def form_field(self, field: FieldDef) -> forms.Field:
        return forms.Field(
            label=field.label, help_text=field.help, required=False, widget=MoneyWidget(currencies_of(field))
        )

    def form_value(self, value: Money | None) -> dict[str, Any] | None:
        return None if value is None else {"amount": f"{value.amount.normalize():f}", "currency": value.currency}

    def json_schema(self, field: FieldDef) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {
                "amount": {"type": "number"},
                "currency": {"type": "string", "enum": list(currencies_of(field))},
            },
            "required": ["amount", "currency"],
            "additionalProperties": False,
        }


def currencies_of(field: FieldDef) -> tuple[str, ...]:
    """The currencies in which amounts of a field may be given, the usual one first."""
    return field.settings["currency"], *field.settings.get("others", ())


def _read(text: str, usual: str) -> tuple[str, str]:
    """The number and the currency of `1 234,50 ₽`, `EUR 12.50` or `12`."""
    currency, rest = usual, text.strip()
    if found := _CODE.search(rest.upper()):
        if found[1] in KNOWN:
            currency, rest = found[1], rest[: found.start()] + rest[found.end() :]
    else:
        for sign, code in _SIGNS.items():
            if sign in rest:
                currency, rest = code, rest.replace(sign, "")
                break
    return plain_number(rest), currency
