"""A value that is computed from the others of its record."""

from typing import Any, ClassVar

from django import forms
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.registry import SettingsForm
from expressions.errors import InvalidExpression
from expressions.formulas import Formula, parse_formula
from processes.computed_type import GIVES, ComputedType
from processes.definition_types import FieldDef
from processes.field_types.number import SCALE
from processes.fieldtype import DisplayContext, FieldType, Group, field_types
from processes.formulas import AGES, formula_schema
from processes.permissions import Access
from processes.publishing import publishable

TYPES = {"number": "number", "text": "long_text", "date": "date", "datetime": "datetime", "boolean": "boolean"}
"""Kind of what a formula gives → the type as which it behaves."""


class FormulaSettings(SettingsForm):
    """The formula, and how its numbers are shown."""

    added: ClassVar = {"gives": GIVES}
    formula = forms.CharField(
        label=gettext_lazy("Formula"),
        max_length=4000,
        widget=forms.Textarea({"rows": 4, "spellcheck": "false"}),
        help_text=gettext_lazy('For example: amount * 1.2, or if(amount > 1000, "big", "small").'),
    )
    decimals = forms.IntegerField(
        label=gettext_lazy("Decimals"), min_value=0, max_value=SCALE, initial=2, required=False
    )

    def clean_formula(self) -> str:
        """A formula over the fields of the process; one that looks at the clock would age where it is stored."""
        source: str = self.cleaned_data["formula"]
        formula = self._parsed(source)
        if formula.uses_time:
            raise forms.ValidationError(AGES)
        return source

    def to_settings(self) -> dict[str, Any]:
        decimals = self.cleaned_data["decimals"]
        source = self.cleaned_data["formula"]
        kind = self._parsed(source).kind.key
        return {"formula": source, "decimals": 2 if decimals is None else decimals, "gives": TYPES[kind]}

    def _parsed(self, source: str) -> Formula:
        schema = formula_schema(publishable(self.context)) if isinstance(self.context, Access) else {}
        try:
            return parse_formula(source, schema)
        except InvalidExpression as error:
            place = error.details
            words = _("Line %(line)s, column %(column)s: %(message)s")
            shown = {"line": place.get("line", 1), "column": place.get("column", 1), "message": error.message}
            raise forms.ValidationError(words % shown) from error


@field_types.register
class FormulaType(ComputedType):
    """Computed from other values of the same record whenever one of them changes, and kept like any value."""

    key = "formula"
    label = gettext_lazy("Formula")
    icon = "math-function"
    group = Group.COMPUTED
    description = gettext_lazy("Computed from other fields of the record.")
    Settings = FormulaSettings

    def html(self, value: Any, field: FieldDef, context: DisplayContext) -> SafeString:
        """A text that a formula gives is no formatted one."""
        return FieldType.html(self, value, field, context)
