"""What may be said of a field: its words, when an answer is required, its default, its condition, its settings."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from core.actor import SYSTEM
from core.errors import Invalid
from core.problems import Problems
from core.text import clean_line
from expressions.conditions import parse_condition
from processes.definition import field_def
from processes.fieldtype import FieldType, WrongValue, field_types
from processes.models import Field
from processes.permissions import Access, access_for
from processes.publishing import as_said, publishable
from processes.schema import schema_of

LANGUAGES = frozenset(code for code, _name in settings.LANGUAGES)


def check_field(field: Field, access: Access, before: Mapping[str, Any] | None = None) -> None:
    """Clean everything that somebody says of a field, in its place. What stood there `before` may speak of what they do
    not read. Raises Invalid with messages per name."""
    before = before or {}
    kind = field_types[field.type]
    problems = Problems()
    with problems.at():
        field.label = clean_line(field.label, field="label", limit=100)
    with problems.at():
        field.labels = clean_translations(field.labels, field="labels", limit=100)
    with problems.at():
        field.help = clean_line(field.help, field="help", limit=255, required=False)
    with problems.at():
        field.helps = clean_translations(field.helps, field="helps", limit=255)
    with problems.at():
        field.settings = cleaned_settings(kind, field.settings, access, before.get("settings"))
    problems.raise_any()
    with problems.at():
        _check_required(field, kind)
    with problems.at():
        _check_abilities(field, kind)
    with problems.at():
        _check_default(field, kind)
    with problems.at():
        _check_visibility(field, access, before.get("visible_if"))
    problems.raise_any()


def cleaned_settings(
    kind: FieldType, settings: Mapping[str, Any], access: Access, before: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Settings as they are stored. What a type adds to those that are given may have changed meanwhile."""
    return as_said(
        access,
        lambda author: kind.clean_settings(settings, context=author),
        None if before is None else dict(before),
        same=lambda one, other: given(kind, one) == given(kind, other),
    )


def given(kind: FieldType, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Of stored settings those that people give."""
    return {name: settings.get(name) for name in kind.Settings.base_fields}


def speaks_of_unread(kind: FieldType, settings: Mapping[str, Any], access: Access) -> bool:
    """Whether settings that stand already could be said by an administrator, but not by the actor."""
    try:
        kind.clean_settings(given(kind, settings), context=access_for(SYSTEM, access.definition))
    except Invalid:
        return False
    try:
        kind.clean_settings(given(kind, settings), context=access)
    except Invalid:
        return True
    return False


def clean_translations(given: object, *, field: str, limit: int) -> dict[str, str]:
    """Words by language code, without the empty ones. Raises Invalid naming the field."""
    if not isinstance(given, Mapping) or not set(given) <= LANGUAGES:
        raise _wrong(field, _("Words by language code are expected."))
    cleaned = {code: clean_line(text, field=field, limit=limit, required=False) for code, text in given.items()}
    return {code: text for code, text in cleaned.items() if text}


def _check_required(field: Field, kind: FieldType) -> None:
    if field.required not in Field.Required.values:
        raise _wrong("required", _("Choose never, always or from a stage on."))
    if field.required != Field.Required.NEVER and kind.is_computed:
        raise _wrong("required", _("A computed value cannot be required."))
    stage = field.required_from
    if field.required != Field.Required.STAGE:
        field.required_from = None
    elif stage is None or stage.pipeline.process_id != field.process_id:
        raise _wrong("required_from", _("Choose a stage of this process."))


def _check_abilities(field: Field, kind: FieldType) -> None:
    if field.is_unique and not kind.can_be_unique:
        raise _wrong("is_unique", _("Values of this type cannot be unique."))
    if field.is_searchable and not kind.can_be_searched:
        raise _wrong("is_searchable", _("The search does not find values of this type."))
    if field.section is not None and field.section.process_id != field.process_id:
        raise _wrong("section", _("Choose a section of this process."))


def _check_default(field: Field, kind: FieldType) -> None:
    default: Any = field.default
    if default is None:
        return
    if not isinstance(default, Mapping) or len(default) != 1 or not set(default) <= kind.defaults or kind.is_computed:
        raise _wrong("default", _("This type takes no such default."))
    if "constant" not in default:
        field.default = {next(iter(default)): True}
        return
    definition = field_def(field)
    try:
        value = definition.type.parse(default["constant"], definition)
    except WrongValue as error:
        raise Invalid(error.message, {"default": [error.message]}) from error
    field.default = None if value is None else {"constant": definition.type.to_json(value)}


def _check_visibility(field: Field, access: Access, before: Any) -> None:
    tree = field.visible_if
    if not tree:
        field.visible_if = None
        return

    def parsed(author: Access) -> Any:
        known = schema_of(publishable(author))
        return parse_condition(tree, {key: spec for key, spec in known.items() if key != field.key}).to_json()

    try:
        field.visible_if = as_said(access, parsed, before)
    except Invalid as error:
        raise _wrong("visible_if", error.message) from error


def _wrong(name: str, message: Any) -> Invalid:
    return Invalid(message, {name: [message]})
