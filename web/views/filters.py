"""The builder of a filter: operators and the input for one field."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.queries import people
from expressions.operators import HISTORY_OPERATORS, OPERATORS, Arity
from expressions.schema import FieldSpec
from processes.permissions import Access, visible_access
from processes.queries import visible_pipelines
from records.queries.filters import schema_for
from web.middleware import PersonalRequest

MOST_PEOPLE = 500
ME = "me"

INPUTS: Mapping[str, str] = {"number": "text", "time": "date", "text": "text"}
"""Family of values → type of input, where there is nothing to choose from."""


@login_required
@require_safe
def filter_control(request: PersonalRequest, key: str) -> HttpResponse:
    """Operators of a field and the input for a value; nothing for a field that does not exist."""
    access = visible_access(request.actor, key)
    name, asked = request.GET.get("field", ""), request.GET.get("op", "")
    spec, field = schema_for(access).get(name), access.definition.field_by_key.get(name)
    is_linked = field is not None and field.is_link
    control = _control(_named(access, name, spec), asked, is_linked=is_linked) if spec else {}
    context = {"process": access.definition, "field_key": name, **control}
    return render(request, "records/_filter_control.html", context)


def _named(access: Access, name: str, spec: FieldSpec) -> FieldSpec:
    """Stages of several pipelines say whose they are."""
    pipelines = visible_pipelines(access)
    if name != "stage" or len(pipelines) == 1:
        return spec
    named = {stage.id: f"{pipeline.name}: {stage.name}" for pipeline in pipelines for stage in pipeline.stages}
    return replace(spec, options=named)


def _control(spec: FieldSpec, asked: str, *, is_linked: bool) -> dict[str, Any]:
    """`is_linked` says that records are chosen, among too many to list."""
    options = _options(spec)
    operators = [op for op in spec.kind.operators if _fits(op, spec, has_options=bool(options) or is_linked)]
    op = asked if asked in operators else operators[0]
    arity = OPERATORS[op].arity_for(spec.kind)
    return {
        "op": op,
        "operators": [(name, OPERATORS[name].label_for(spec.kind)) for name in operators],
        "control": _input(spec, arity, has_options=bool(options), is_linked=is_linked),
        "options": options,
        "is_list": arity is Arity.LIST,
        "is_range": arity is Arity.RANGE,
        "is_number": spec.kind.family == "number",
    }


def _fits(op: str, spec: FieldSpec, *, has_options: bool) -> bool:
    """Lists are for choosing, not for typing; history cannot be asked of a list."""
    is_list = OPERATORS[op].arity_for(spec.kind) is Arity.LIST
    return op not in HISTORY_OPERATORS and (has_options or not is_list)


def _input(spec: FieldSpec, arity: Arity, *, has_options: bool, is_linked: bool) -> str:
    if arity is Arity.NONE:
        return ""
    if arity is Arity.DISTANCE:
        return "distance"
    if is_linked:
        return "records"
    return "options" if has_options else INPUTS.get(spec.kind.family, "text")


def _options(spec: FieldSpec) -> list[tuple[Any, Any]]:
    """What there is to choose from."""
    if spec.options is not None:
        return list(spec.options.items())
    if spec.kind.family == "boolean":
        return [("true", _("yes")), ("false", _("no"))]
    if spec.kind.accepts_me:
        found = people()[:MOST_PEOPLE].values_list("pk", "name")
        return [(ME, _("Me")), *found]
    return []
