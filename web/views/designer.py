"""Settings of a living process: their frame, how it is called and looks."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Invalid
from processes.models import Operation, Process
from processes.models.pipeline import COLORS
from processes.operations import archive_process, publish_process, update_process
from processes.permissions import access_for
from processes.queries import process_for
from web.forms.draft import read_json
from web.forms.process import ProcessForm
from web.forms.refusals import attempt
from web.icons import ICONS
from web.middleware import PersonalRequest
from web.navigation import process_tabs


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def general(request: PersonalRequest, key: str) -> HttpResponse:
    """How the process is called and looks; putting it away."""
    process = process_for(request.actor, key)
    form = ProcessForm(request.POST) if request.method == "POST" else ProcessForm.showing(process)
    if form.is_bound and form.is_valid():
        if attempt(form, lambda: update_process(process, actor=request.actor, **form.cleaned_data)):
            messages.success(request, _("Saved."))
            return redirect("process-settings", key)
    context = {"form": form, "icons": ICONS, "colors": COLORS}
    return page(request, process, "general", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def archive(request: PersonalRequest, key: str) -> HttpResponse:
    """Put the process away."""
    process = archive_process(process_for(request.actor, key), actor=request.actor)
    messages.success(request, _("“%(name)s” is archived. Its records stay.") % {"name": process.name})
    return redirect("processes")


@login_required
@require_POST
def publish(request: PersonalRequest, key: str) -> HttpResponse:
    """Take the process out again."""
    process = publish_process(process_for(request.actor, key), actor=request.actor)
    messages.success(request, _("“%(name)s” is in use again.") % {"name": process.name})
    return redirect("processes")


def page(
    request: PersonalRequest, process: Process, section: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """A page of the settings inside their frame."""
    access = access_for(request.actor, process)
    frame = {
        "process": process,
        "section": section,
        "tabs": process_tabs(access, "process-settings"),
        "can_design": access.can(Operation.DESIGN),
        "can_manage_access": access.can(Operation.MANAGE_ACCESS),
    }
    return render(request, f"processes/settings/{section}.html", {**frame, **context}, status=status)


def order_of(request: PersonalRequest) -> list[str]:
    """The keys of `{"order": […]}`. Raises Invalid."""
    order = read_json(request.body).get("order")
    if not isinstance(order, list) or not all(isinstance(key, str) for key in order):
        raise Invalid(_("An order is expected."))
    return order
