"""The dialog of a gate: inputs for just what is missing."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.forms.utils import ErrorDict
from django.utils.translation import gettext as _

from core.errors import Invalid
from processes.definition_types import FieldDef
from processes.models import Operation
from processes.permissions import Access
from processes.schema import keys_in
from records.gates import Passing, Terms, obstacles_to
from records.operations.passing import obstacle_words
from records.queries.moves import PossibleMove
from records.typed import TypedRecord
from web.forms.passing import CHECKED, COMMENT, OVERRIDE, REASON, PassingForm
from web.forms.records import control_of

PLACES: Mapping[str, str] = {"text": COMMENT, "checked": CHECKED, "reason": REASON, "override": OVERRIDE}
"""Where the domain speaks of what comes along → the input."""
EMPTY: tuple[Any, ...] = (None, "", [])


class GateForm(PassingForm):
    """What is asked of one record on one way. The domain checks the answers; the form carries them as typed.

    `more` are terms that an attempt has met beside those of the beginning.
    """

    def __init__(
        self, access: Access, row: TypedRecord, move: PossibleMove, *args: Any, more: Terms | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.access, self.row, self.move = access, row, move
        self.terms = [move.terms, *([more] if more else [])]
        self.missing = _unique(field for terms in self.terms for field in terms.fields)
        self.has_hidden = any(not access.reads(field, row) for field in self.missing)
        self.missing = [field for field in self.missing if access.reads(field, row)]
        self._changeable: set[str] = set()
        met = [obstacles_to(access, row, terms) for terms in self.terms]
        self.obstacles = _unique(text for found in met for text in obstacle_words(access, row, found))
        self.is_closed = bool(move.why_not) or (any(found.is_final for found in met) and not move.can_override)
        self._add_fields()
        may_comment = access.covers(Operation.COMMENT, row)
        self.ask_for(self.terms, move.reasons, may_comment=may_comment, may_override=move.can_override)

    def full_clean(self) -> None:
        """Nothing is checked here: the domain does, and says all that is missing in its own words."""
        self._errors = ErrorDict()
        self.cleaned_data = {}

    @property
    def asked(self) -> list[forms.BoundField]:
        """The inputs of fields."""
        return [self[name] for name in self.fields if not name.startswith("_")]

    @property
    def refusals(self) -> list[str]:
        """What is said of the conditions that do not hold."""
        return list(dict.fromkeys(text for terms in self.terms for text in terms.refusals))

    def passing(self) -> Passing:
        """What was filled in."""
        values = {name: self.raw(name) for name in self.fields if not name.startswith("_")}
        kept = {key: value for key, value in values.items() if value not in EMPTY or key in self._changeable}
        return replace(self.along(), values=kept)

    def refuse(self, error: Invalid) -> None:
        """Put a refusal beside the inputs that it speaks of."""
        if not error.fields:
            self.add_error(None, str(error.message))
        for key, messages in error.fields.items():
            name = PLACES.get(key, key) if key not in self.fields else key
            self.add_error(name if name in self.fields else None, [str(message) for message in messages])

    def ask_again(self, terms: Terms) -> None:
        """Say at each input what is still missing; conditions and roles stand above."""
        for field in terms.fields:
            if field.key in self.fields:
                self.add_error(field.key, _("Fill this in."))
        super().ask_again(terms)

    def _add_fields(self) -> None:
        """Empty fields first, then those about which a condition asks, of the way or of a question that others would
        have to answer, with their values."""
        asked = {key for terms in self.terms for gate in terms.conditions for key in keys_in(gate.condition)}
        asked |= {key for field in self.missing if not self._may_fill(field) for key in keys_in(field.visible_if)}
        written = [f for f in self.access.definition.fields if not f.type.is_computed and self._may_fill(f)]
        about = [field for field in written if field.key in asked and field not in self.missing]
        self._changeable = {field.key for field in about}
        for field in [*filter(self._may_fill, self.missing), *about]:
            value = field.type.form_value(self.row.value(field))
            self.initial[field.key] = value
            self.fields[field.key] = control_of(self.access, field, value)
            self.fields[field.key].required = field in self.missing

    def _may_fill(self, field: FieldDef) -> bool:
        return self.access.edits(field, self.row)


def _unique(items: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(items))
