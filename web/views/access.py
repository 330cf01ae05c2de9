"""Who may do what in a process."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.queries import roles, viewable_people
from processes.models import Operation
from processes.operations import set_grants
from processes.permissions import access_for
from processes.queries import differing_grants, process_for
from web.forms.access import differing_from, grants_from, matrix_of, pipelines_from, warnings_about
from web.middleware import PersonalRequest
from web.navigation import process_url
from web.views.designer import page


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def access(request: PersonalRequest, key: str) -> HttpResponse:
    """The matrix of all roles; saving it takes effect with the next request of everybody."""
    process = process_for(request.actor, key, operation=Operation.MANAGE_ACCESS)
    shown = list(roles())
    definition = access_for(request.actor, process).definition
    pipelines = definition.pipelines if definition.has_stages else ()
    if request.method == "POST":
        set_grants(
            process,
            grants_from(request.POST, shown),
            differing=differing_from(request.POST, shown, [stage for item in pipelines for stage in item.stages]),
            pipelines=pipelines_from(request.POST, shown, pipelines),
            actor=request.actor,
        )
        messages.success(request, _("Saved. It holds from the next request on."))
        return redirect("process-access", key)
    matrix = matrix_of(shown, definition.grants, pipelines, *differing_grants(process))
    context = {
        "matrix": matrix,
        "warnings": warnings_about(definition.grants, shown),
        "viewable": viewable_people() if request.actor.is_admin else (),
        "process_url": process_url(process),
    }
    return page(request, process, "access", context)


@login_required
@require_POST
def check(request: PersonalRequest, key: str) -> HttpResponse:
    """What looks like an oversight in a matrix that is not saved yet."""
    process_for(request.actor, key, operation=Operation.MANAGE_ACCESS)
    shown = list(roles())
    warnings = warnings_about(grants_from(request.POST, shown), shown)
    return render(request, "processes/settings/_warnings.html", {"warnings": warnings})
