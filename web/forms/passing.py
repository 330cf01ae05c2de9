"""Inputs for what comes along through a gate beside the values of fields."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from core.errors import Text
from processes.definition_types import CheckItem, ReasonDef
from records.gates import Passing, Terms
from records.operations.passing import OVERRIDE_LIMIT

COMMENT, CHECKED, REASON, OVERRIDE = "_comment", "_checked", "_reason", "_override"
"""Names of the inputs beside those of fields; no field's key begins like this."""
FEW_REASONS = 7


class PassingForm(forms.Form):
    """A form with inputs for what gates ask for: lines to confirm, a reason, a comment, why to pass without it."""

    def ask_for(
        self, terms: Sequence[Terms], reasons: Iterable[ReasonDef], *, may_comment: bool, may_override: bool
    ) -> None:
        """Add the inputs. Of a reason one is offered wherever there are some, also where none is required."""
        lines = list(dict.fromkeys(item for some in terms for item in some.checklist))
        if lines:
            self.fields[CHECKED] = _checklist(lines)
        if found := list(reasons):
            self.fields[REASON] = _reason(found, is_required=any(some.reasons for some in terms))
        if may_comment and any(some.needs_comment for some in terms):
            self.fields[COMMENT] = forms.CharField(label=_("Comment"), widget=forms.Textarea(attrs={"rows": 3}))
        if may_override:
            self.fields[OVERRIDE] = forms.CharField(
                label=_("Why it has to pass"),
                help_text=_("The reason stands in the history of the record."),
                max_length=OVERRIDE_LIMIT,
                required=False,
            )

    @property
    def rest(self) -> list[forms.BoundField]:
        """The inputs beside those of fields, but for the override."""
        return [self[name] for name in (CHECKED, REASON, COMMENT) if name in self.fields]

    @property
    def override(self) -> forms.BoundField | None:
        """The input of the reason for an override, where one has the right."""
        return self[OVERRIDE] if OVERRIDE in self.fields else None

    def along(self) -> Passing:
        """What was filled in beside the fields."""
        reason = self.raw(REASON) or ""
        return Passing(
            comment=self.raw(COMMENT) or "",
            checked=frozenset(self.raw(CHECKED) or ()),
            reason=int(reason) if reason.isascii() and reason.isdigit() and len(reason) < 19 else None,
            override=self.raw(OVERRIDE) or "",
        )

    def ask_again(self, terms: Terms) -> None:
        """Say at each input beside those of fields what is still missing."""
        said: dict[str, Text] = {}
        said |= {CHECKED: _("Confirm every line.")} if terms.checklist else {}
        said |= {COMMENT: _("Write a comment.")} if terms.needs_comment else {}
        said |= {REASON: _("Choose a reason.")} if terms.reasons else {}
        for name, message in said.items():
            if name in self.fields and not self.errors.get(name):
                self.add_error(name, str(message))

    def raw(self, name: str) -> Any:
        """What was typed in an input, unchecked; None where there is none."""
        field = self.fields.get(name)
        return field and field.widget.value_from_datadict(self.data, self.files, self.add_prefix(name))


def _checklist(lines: Iterable[CheckItem]) -> forms.Field:
    return forms.MultipleChoiceField(
        label=_("Confirm"),
        choices=[(item.key, item.text) for item in lines],
        widget=forms.CheckboxSelectMultiple,
    )


def _reason(reasons: Sequence[ReasonDef], *, is_required: bool) -> forms.Field:
    choices = [(str(reason.id), reason.name) for reason in reasons]
    if len(choices) <= FEW_REASONS:
        return forms.ChoiceField(label=_("Reason"), choices=choices, widget=forms.RadioSelect, required=is_required)
    return forms.ChoiceField(label=_("Reason"), choices=[("", "—"), *choices], required=is_required)
