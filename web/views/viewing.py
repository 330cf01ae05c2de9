"""Looking at the product as somebody else, and coming back."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.operations import begin_view, end_view
from accounts.permissions import require_admin
from core.text import id_from
from web.middleware import PersonalRequest
from web.responses import own_address


@login_required
@require_POST
def begin(request: PersonalRequest) -> HttpResponse:
    """Look as somebody (`person`), beginning with the page `next`."""
    require_admin(request.actor)
    person = get_object_or_404(User, pk=id_from(request.POST.get("person", "")))
    begin_view(person, session=request.session, actor=request.actor)
    # Pages that are open elsewhere were drawn for somebody else: what they send is refused from now on.
    rotate_token(request)
    return redirect(own_address(request, request.POST.get("next", "")))


@login_required
@require_POST
def end(request: PersonalRequest) -> HttpResponse:
    """Back to oneself, on the page `next`."""
    end_view(session=request.session, actor=request.actor)
    rotate_token(request)
    return redirect(own_address(request, request.POST.get("next", "")))
