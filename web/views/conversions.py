"""A field of another type: the dialog with its preview, what did not convert, the way back."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import Invalid
from core.text import id_from
from processes.fieldtype import field_types
from processes.models import Field, Process
from processes.models.pipeline import COLORS
from processes.permissions import access_for
from processes.queries import field_of, process_for
from records.operations import convert_field, forget_former_form, revert_field
from records.queries.conversion import conversion_of, unconverted
from records.queries.conversion_preview import preview_conversion
from web.forms.conversion import ConversionForm, first_settings
from web.forms.declared import PREFIX, declared_form, settings_from
from web.forms.refusals import attempt
from web.middleware import PersonalRequest
from web.responses import go
from web.uses import shown_uses

SHOWN = 5
"""Values of each sort in a preview."""


@login_required
@require_http_methods(["GET", "POST"])
def convert(request: PersonalRequest, key: str, field_key: str) -> HttpResponse:
    """Choose what a field is to become (`?type=` gives the part about that type); on POST the change begins."""
    process = process_for(request.actor, key)
    field = field_of(process, field_key)
    if request.method == "GET":
        form = ConversionForm(initial={"type": request.GET.get("type", "")}, field=field)
        settings = first_settings(access_for(request.actor, process), field, form.chosen) if form.chosen else {}
        template = "_convert_as.html" if "type" in request.GET else "_convert.html"
        return _dialog(request, process, field, form, settings, template)
    form = ConversionForm(request.POST, field=field)
    access = access_for(request.actor, process)
    settings = settings_from(form.chosen, request.POST, context=access) if form.chosen else {}
    if form.is_valid():
        chosen, confirmed = form.cleaned_data["type"], form.cleaned_data["confirm"]

        def begin() -> object:
            return convert_field(field, type=chosen, settings=settings, confirmed=confirmed, actor=request.actor)

        if attempt(form, begin, elsewhere=settings):
            messages.success(request, _("“%(name)s” changes its type.") % {"name": field.label})
            return go(request, "process-fields", key)
    return _dialog(request, process, field, form, settings, "_convert.html")


@login_required
@require_POST
def preview(request: PersonalRequest, key: str, field_key: str) -> HttpResponse:
    """What would become of the values."""
    process = process_for(request.actor, key)
    field = field_of(process, field_key)
    form = ConversionForm(request.POST, field=field)
    context: dict[str, Any] = {"process": process, "field": field, "shown": SHOWN}
    if form.chosen:
        access = access_for(request.actor, process)
        settings = settings_from(form.chosen, request.POST, context=access)
        try:
            found = preview_conversion(access, field, form.chosen.key, settings)
            context |= {
                "preview": found,
                "breaks": shown_uses(found.breaks, request.actor),
                "empty": found.looked_at - found.filled,
                "type": form.chosen,
            }
        except Invalid as error:
            context["wrong"] = [str(message) for messages in error.fields.values() for message in messages]
    return render(request, "processes/settings/_convert_preview.html", context)


@login_required
@require_safe
def left(request: PersonalRequest, key: str, field_key: str) -> HttpResponse:
    """What did not convert, with links to the records; the part after the record in `?after=`."""
    process = process_for(request.actor, key)
    access = access_for(request.actor, process)
    found = conversion_of(access, field_key)
    after = id_from(request.GET.get("after", "")) or 0
    context = {"process": process, "found": found, "page": unconverted(access, found.field, after=after)}
    template = "_unconverted_rows.html" if after else "_unconverted.html"
    return render(request, f"processes/settings/{template}", context)


@login_required
@require_POST
def revert(request: PersonalRequest, key: str, field_key: str) -> HttpResponse:
    """Give the field its former type back."""
    field = revert_field(field_of(process_for(request.actor, key), field_key), actor=request.actor)
    names = {"name": field.label, "type": field_types[field.type].label}
    messages.success(request, _("“%(name)s” is changed back: %(type)s.") % names)
    return go(request, "process-fields", key)


@login_required
@require_POST
def forget(request: PersonalRequest, key: str, field_key: str) -> HttpResponse:
    """Give up the way back."""
    field = field_of(process_for(request.actor, key), field_key)
    forget_former_form(field, actor=request.actor)
    messages.success(request, _("The former values of “%(name)s” are being deleted.") % {"name": field.label})
    return go(request, "process-fields", key)


def _dialog(
    request: PersonalRequest,
    process: Process,
    field: Field,
    form: ConversionForm,
    settings: Mapping[str, Any],
    template: str,
) -> HttpResponse:
    data = request.POST if form.is_bound else None
    kind = form.chosen
    context = {
        "process": process,
        "field": field,
        "form": form,
        "type": field_types[field.type],
        "former": form.former and field_types[form.former.type],
        "kind": kind,
        "settings": kind
        and declared_form(kind, settings, data=data, context=access_for(request.actor, process), prefix=PREFIX),
        "colors": COLORS,
    }
    return render(request, f"processes/settings/{template}", context, status=422 if form.is_bound else 200)
