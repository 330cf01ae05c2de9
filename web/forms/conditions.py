"""What the condition builder knows about a process: fields, operators, inputs, things to choose from."""

import json
from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.queries import people
from accounts.tree import departments_in_order
from automation.scope import condition_schema
from core.actor import Actor
from expressions.operators import OPERATORS, Arity
from expressions.schema import FieldSpec, Schema
from expressions.values import DEPARTMENT
from processes.definition_types import Definition
from processes.fieldtype import RECORD
from records.queries.names import names_for

ME = "me"
MOST_PEOPLE = 500
INPUTS: Mapping[str, str] = {"number": "number", "time": "date"}
"""Family of values → kind of input, where there is nothing to choose from."""


def builder_of(
    definition: Definition, actor: Actor, *, schema: Schema | None = None, given: Any = None
) -> list[dict[str, Any]]:
    """The fields a condition may ask about, for the script of the builder; of a schema, or of those of automation.

    `given` is the condition that is shown, as a tree or as the text of one: the records that it names are called by
    their titles, as far as the actor may know them.
    """
    known = condition_schema(definition) if schema is None else schema
    urls = {key: _records_of(key, definition) for key in known}
    named = _named(_tree_of(given), {key for key, url in urls.items() if url})
    titles = names_for(actor, {RECORD: named}).get(RECORD, {})
    everybody = list(people()[:MOST_PEOPLE].values_list("pk", "name"))
    departments = _departments() if any(spec.kind is DEPARTMENT for spec in known.values()) else []
    return [
        {
            **_field(key, spec, _options(key, spec, definition, everybody, departments), urls[key]),
            "named": [[pk, titles.get(pk) or _("Restricted")] for pk in sorted(named)] if urls[key] else [],
        }
        for key, spec in known.items()
    ]


def _tree_of(given: Any) -> Any:
    """The condition of an input, which may hold it as text and wrong."""
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except ValueError:
        return None


def _named(tree: Any, keys: set[str]) -> set[int]:
    """The ids of records that a condition names."""
    if isinstance(tree, list):
        return set().union(*(_named(item, keys) for item in tree))
    if not isinstance(tree, Mapping):
        return set()
    if tree.get("field") in keys:
        value = tree.get("value")
        return {pk for pk in (value if isinstance(value, list) else [value]) if type(pk) is int}
    return set().union(*(_named(item, keys) for item in tree.values()))


def _departments() -> list[tuple[int, str]]:
    """The departments in the order of the tree, each behind those that it is part of."""
    return [(node.id, " / ".join((*node.path, node.name))) for node in departments_in_order()]


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


def _options(
    key: str,
    spec: FieldSpec,
    definition: Definition,
    everybody: list[tuple[int, str]],
    departments: list[tuple[int, str]],
) -> list[list[Any]]:
    """Pairs of a JSON value and its name."""
    if key == "stage":
        return [[stage.id, stage.name] for stage in definition.stage_by_id.values()]
    if spec.options is not None:
        return [[value, str(label)] for value, label in spec.options.items()]
    if spec.kind.family == "boolean":
        return [[True, _("yes")], [False, _("no")]]
    if spec.kind.accepts_me:
        return [[pk, name] for pk, name in everybody]
    if spec.kind is DEPARTMENT:
        return [[pk, name] for pk, name in departments]
    return []


def is_shallow(tree: Any) -> bool:
    """Whether the builder can show the tree: groups of “and”, joined by “or”."""
    if not tree:
        return True
    branches = tree["any"] if set(tree) == {"any"} else [tree]
    groups = [branch["all"] if set(branch) == {"all"} else [branch] for branch in branches]
    return all("field" in item for group in groups for item in group)
