"""What of a process itself speaks of a field: conditions of other fields, formulas."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from expressions.conditions import parse_condition
from expressions.errors import InvalidExpression
from expressions.formulas import parse_formula
from expressions.schema import Schema
from processes.definition import fresh_definition
from processes.definition_types import Definition, FieldDef
from processes.formulas import FORMULA, broken_formulas, formula_schema
from processes.models import Field
from processes.relations import readers_of
from processes.schema import keys_in, schema_of
from processes.stage_use import field_at
from processes.uses import FieldUse, Use, Whereabouts, field_use_kinds


@field_use_kinds.register
class FieldsOfField(FieldUse):
    """Fields that are asked by a condition over it, or computed from it."""

    key = "fields"
    label = _("Fields")

    def uses(self, field: Field) -> Iterator[Use]:
        schema = formula_schema(fresh_definition(field.process_id))
        rows = Field.objects.filter(process=field.process_id, removed_at=None, shadow_of=None)
        for other in rows.exclude(pk=field.pk).select_related("process"):
            if other.visible_if and field.key in keys_in(other.visible_if):
                yield Use(_("asked by a condition"), other.label, field_at(other))
            if other.type == FORMULA:
                try:
                    used = parse_formula(other.settings[FORMULA], schema).fields_used
                except InvalidExpression:
                    continue
                if field.key in used:
                    yield Use(_("formula"), other.label, field_at(other))

    def breaks(self, field: Field, definition: Definition) -> Iterator[Use]:
        schema = schema_of(definition)
        for other in definition.fields:
            if other.visible_if and field.key in keys_in(other.visible_if) and not _is_readable(other, schema):
                yield Use(_("asked by a condition"), other.label, Whereabouts("field", definition.key, other.id))
        for key in broken_formulas(definition).keys() - broken_formulas(fresh_definition(definition.id)).keys():
            other = definition.field_by_key[key]
            yield Use(_("formula"), other.label, Whereabouts("field", definition.key, other.id))


def _is_readable(field: FieldDef, schema: Schema) -> bool:
    try:
        parse_condition(field.visible_if, schema)
    except InvalidExpression:
        return False
    return True


@field_use_kinds.register
class ShownElsewhere(FieldUse):
    """Fields of linked records that show it, or come here by it."""

    key = "shown_elsewhere"
    label = _("Values of linked records")

    def uses(self, field: Field) -> Iterator[Use]:
        for reader in readers_of([field.pk]):
            yield Use(_("value of a linked record"), f"{reader.process.name}: {reader.label}", field_at(reader))

    def breaks(self, field: Field, definition: Definition) -> Iterator[Use]:
        """A field of another type is another field: what showed it keeps its last values."""
        if field.pk not in definition.field_by_id:
            yield from self.uses(field)
