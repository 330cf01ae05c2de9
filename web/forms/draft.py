"""A process draft from the designer's JSON. What is right, `create_process` decides; here only shapes are read.

Stages are told apart by their place in the list, because a new one has no key yet: `moves` holds pairs of places.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Invalid
from core.text import key_from
from processes.drafts import FieldDraft, ProcessDraft, StageDraft
from processes.models import Field
from web.forms.gate_settings import split_lines


def read_json(body: bytes) -> Mapping[str, Any]:
    """The object in a request's body. Raises Invalid."""
    try:
        data = json.loads(body)
    except ValueError as error:
        raise Invalid(_("The request could not be read.")) from error
    if not isinstance(data, dict):
        raise Invalid(_("The request could not be read."))
    return data


def order_of_ids(body: bytes) -> list[int]:
    """The ids in their new order, as the sortable list sends them. Raises Invalid."""
    order = read_json(body).get("order")
    if not isinstance(order, list) or not all(str(item).isdecimal() for item in order):
        raise Invalid(_("An order is expected."))
    return [int(item) for item in order]


def draft_from(data: Mapping[str, Any]) -> ProcessDraft:
    """The draft that the designer describes. Raises Invalid where the shape is not the designer's."""
    stages = [] if data.get("has_stages") is False else _stages(_rows(data, "stages"))
    return ProcessDraft(
        name=_text(data, "name"),
        noun=_text(data, "noun"),
        noun_plural=_text(data, "noun_plural"),
        noun_many=_text(data, "noun_many"),
        key=_text(data, "key"),
        description=_text(data, "description"),
        icon=_text(data, "icon"),
        color=_text(data, "color"),
        has_stages=data.get("has_stages") is not False,
        stages=stages,
        fields=[_field(row) for row in _rows(data, "fields")],
        moves=_moves(data.get("moves"), stages) if stages else None,
        reasons=split_lines(_text(data, "reasons")) if stages else (),
        grants=_grants(data.get("grants") or {}),
    )


def _stages(rows: Sequence[Mapping[str, Any]]) -> list[StageDraft]:
    taken: set[str] = set()
    stages: list[StageDraft] = []
    for row in rows:
        name = _text(row, "name")
        key = _text(row, "key") or key_from(name, taken=taken, fallback="stage")
        taken.add(key)
        stages.append(StageDraft(name, _text(row, "kind"), _text(row, "color"), key, _text(row, "hint")))
    return stages


def _field(row: Mapping[str, Any]) -> FieldDraft:
    settings = row.get("settings") or {}
    if not isinstance(settings, dict):
        raise Invalid(_("The request could not be read."))
    return FieldDraft(
        label=_text(row, "label"),
        type=_text(row, "type"),
        key=_text(row, "key"),
        help=_text(row, "help"),
        required=Field.Required.ALWAYS if row.get("required") else Field.Required.NEVER,
        on_card=bool(row.get("on_card")),
        in_list=row.get("in_list") is not False,
        is_unique=bool(row.get("is_unique")),
        is_searchable=bool(row.get("is_searchable")),
        settings=settings,
    )


def _moves(raw: Any, stages: Sequence[StageDraft]) -> list[tuple[str, str]] | None:
    if raw is None:
        return None
    try:
        return [(stages[source].key, stages[target].key) for source, target in raw]
    except (TypeError, ValueError, IndexError) as error:
        raise Invalid(_("A move goes from one stage to another."), {"moves": [_("Choose the moves again.")]}) from error


def _grants(raw: Any) -> dict[int, dict[str, int]]:
    try:
        return {int(role): {str(op): int(scope) for op, scope in scopes.items()} for role, scopes in raw.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise Invalid(_("There is no such right."), {"grants": [_("Set the rights again.")]}) from error


def _rows(data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = data.get(name) or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Invalid(_("The request could not be read."))
    return rows


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if value is not None and not isinstance(value, str):
        raise Invalid(_("The request could not be read."))
    return value or ""
