"""What goes along with a field into its new type: its rules, its default, its options."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Invalid
from core.text import fold
from processes.definition import field_def
from processes.definition_types import FieldDef
from processes.field_types.choice import MOST_OPTIONS
from processes.fieldtype import WrongValue, field_types
from processes.models import Field, Operation
from processes.permissions import Access
from processes.reach import EVERYWHERE
from records.conversion import BETWEEN, Conversion, settled, words_of
from records.querysets import TypedQuerySet
from records.typed import model_for

LONGEST_OPTION = 100
MOST_DIFFERENT = 2_000
"""Different values among which options are looked for."""
OPTIONS = "options"


def lost_rules(before: Field, after: Field) -> list[str]:
    """The rules of a field that its new type cannot have, in words for people."""
    kind = field_types[after.type]
    lost = []
    if before.is_unique and not kind.can_be_unique:
        lost.append(_("Values will not be unique any more."))
    if before.is_searchable and not kind.can_be_searched:
        lost.append(_("The search will not find its values any more."))
    if before.default is not None and default_for(before, after) is None:
        lost.append(_("New records will begin without a value: the default does not fit."))
    return lost


def default_for(source: Field, target: Field) -> dict[str, Any] | None:
    """The default of one form as the other takes it; None where it cannot."""
    if source.default is None:
        return None
    old, new = field_def(source), field_def(target)
    if "constant" not in source.default:
        return dict(source.default) if set(source.default) <= new.type.defaults else None
    try:
        with settled():
            value = Conversion(old, new).convert(old.type.parse(source.default["constant"], old))
    except WrongValue:
        return None
    return None if value is None or "constant" not in new.type.defaults else {"constant": new.type.to_json(value)}


def makes_options(row: Field, type: str, settings: Mapping[str, Any]) -> bool:
    """Whether the options of a new type are made of the values: none are given, and the field has none."""
    takes = OPTIONS in field_types[type].Settings.base_fields
    return takes and not settings.get(OPTIONS) and OPTIONS not in row.settings


def completed_settings(access: Access, row: Field, type: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a new type; options that are not given are those that the field has, or its different values as
    far as the actor reads them.

    Raises Invalid where there are too many.
    """
    if OPTIONS not in field_types[type].Settings.base_fields or settings.get(OPTIONS):
        return dict(settings)
    if OPTIONS in row.settings:
        return {**settings, OPTIONS: row.settings[OPTIONS]}
    labels = _labels(access, row, several=type == "choices")
    if len(labels) > MOST_OPTIONS:
        message = _("There are more than %d different values. Say which options there are.") % MOST_OPTIONS
        raise Invalid(message, {OPTIONS: [message]})
    if not labels:
        message = _("There are no values yet from which options could be made. Say which options there are.")
        raise Invalid(message, {OPTIONS: [message]})
    return {**settings, OPTIONS: labels}


def unread(access: Access, source: FieldDef) -> TypedQuerySet:
    """The records with a value that the actor does not read."""
    rows = model_for(access.definition).objects.exclude(**{source.attributes[0]: None})
    return rows.exclude(pk__in=_read(access, source).values("pk"))


def _read(access: Access, source: FieldDef) -> TypedQuerySet:
    """The records whose value the actor reads; those in the bin among them for whoever sees and reads everything."""
    rows = model_for(access.definition).objects.order_by()
    everywhere = access.reads_everywhere(source.id) and list(access.stages_by_reach(Operation.VIEW)) == [EVERYWHERE]
    return rows if everywhere else rows.visible_to(access).showing(access, source)


def _labels(access: Access, row: Field, *, several: bool) -> list[str]:
    """The different values of a field in words; those that no option can be called are left out."""
    source = field_def(row)
    different = _read(access, source).exclude(**{source.attributes[0]: None})
    parts = different.values_list(*source.attributes).distinct()[:MOST_DIFFERENT]
    values = [source.value(dict(zip(source.attributes, found, strict=True)).__getitem__) for found in parts]
    words = words_of(values, source)
    if several:
        words = [part for text in words for part in BETWEEN.split(text)]
    named = {fold(text): " ".join(text.split()) for text in sorted(words, reverse=True)}
    return [text for text in reversed(named.values()) if 0 < len(text) <= LONGEST_OPTION and text.isprintable()]
