"""What the condition builder knows about a process: fields, operators, inputs, things to choose from."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.queries import people
from automation.scope import condition_schema
from expressions.operators import OPERATORS, Arity
from expressions.schema import FieldSpec, Schema
from processes.definition_types import Definition

ME = "me"
MOST_PEOPLE = 500
INPUTS: Mapping[str, str] = {"number": "number", "time": "date"}
"""Family of values → kind of input, where there is nothing to choose from."""


def builder_of(definition: Definition, schema: Schema | None = None) -> list[dict[str, Any]]:
    """The fields a condition may ask about, for the script of the builder; of a schema, or of those of automation."""
    everybody = list(people()[:MOST_PEOPLE].values_list("pk", "name"))
    return [
        _field(key, spec, _options(key, spec, definition, everybody), _records_of(key, definition))
        for key, spec in (condition_schema(definition) if schema is None else schema).items()
    ]


def _records_of(key: str, definition: Definition) -> str:
    """Where the records are searched for that a link may name; empty for everything else."""
    field = definition.field_by_key.get(key)
    return reverse("field-choices", args=[definition.key, key]) if field is not None and field.is_link else ""


def _field(key: str, spec: FieldSpec, options: list[list[Any]], url: str) -> dict[str, Any]:
    operators = [
        [name, str(OPERATORS[name].label_for(spec.kind)), str(OPERATORS[name].arity_for(spec.kind))]
        for name in spec.kind.operators
        if options or url or OPERATORS[name].arity_for(spec.kind) is not Arity.LIST
    ]
    return {
        "key": key,
        "label": str(spec.label),
        "operators": operators,
        "options": options,
        "url": url,
        "input": "options" if options or url else INPUTS.get(spec.kind.family, "text"),
    }


def _options(key: str, spec: FieldSpec, definition: Definition, everybody: list[tuple[int, str]]) -> list[list[Any]]:
    """Pairs of a JSON value and its name."""
    if key == "stage":
        return [[stage.id, stage.name] for stage in definition.stage_by_id.values()]
    if spec.options is not None:
        return [[value, str(label)] for value, label in spec.options.items()]
    if spec.kind.family == "boolean":
        return [[True, _("yes")], [False, _("no")]]
    if spec.kind.accepts_me:
        return [[pk, name] for pk, name in everybody]
    return []


def is_shallow(tree: Any) -> bool:
    """Whether the builder can show the tree: groups of “and”, joined by “or”."""
    if not tree:
        return True
    branches = tree["any"] if set(tree) == {"any"} else [tree]
    groups = [branch["all"] if set(branch) == {"all"} else [branch] for branch in branches]
    return all("field" in item for group in groups for item in group)
