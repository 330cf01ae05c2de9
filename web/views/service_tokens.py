"""Tokens of programs that work for themselves, as administrators see them."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import queries
from accounts.models import Token
from accounts.operations import create_service_token, rename_service_token, set_token_roles
from accounts.permissions import require_admin
from web.forms.people import NewServiceTokenForm, ServiceTokenForm
from web.forms.refusals import attempt
from web.middleware import PersonalRequest
from web.responses import go
from web.views.tokens import new_token_dialog, revoked, tokens_page


@login_required
@require_safe
def service_tokens(request: PersonalRequest) -> HttpResponse:
    """All of them with their roles, the working ones first."""
    require_admin(request.actor)
    return tokens_page(request, queries.service_tokens(), is_service=True)


@login_required
@require_http_methods(["GET", "POST"])
def new_service_token(request: PersonalRequest) -> HttpResponse:
    """Create one; the answer shows its secret, once."""
    require_admin(request.actor)
    form = NewServiceTokenForm(request.POST or None, initial={"scopes": ["read"]})
    return new_token_dialog(
        request, form, lambda: create_service_token(**form.described(), actor=request.actor), is_service=True
    )


@login_required
@require_http_methods(["GET", "POST"])
def edit_service_token(request: PersonalRequest, token_id: int) -> HttpResponse:
    """Another name, other roles; they hold from its next request on."""
    token = _token(request, token_id)
    now = {"name": token.name, "roles": [role.pk for role in token.roles or ()]}
    form = ServiceTokenForm(request.POST or None, initial=now)
    if request.method == "POST" and form.is_valid() and attempt(form, lambda: _changed(request, token, form)):
        messages.success(request, _("Saved. It holds from the next request on."))
        return go(request, "service-tokens")
    context = {"form": form, "token": token}
    return render(request, "accounts/_token_form.html", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def revoke_service_token(request: PersonalRequest, token_id: int) -> HttpResponse:
    """Stop one at once."""
    return revoked(request, _token(request, token_id), "service-tokens")


@transaction.atomic
def _changed(request: PersonalRequest, token: Token, form: ServiceTokenForm) -> bool:
    rename_service_token(token, name=form.cleaned_data["name"], actor=request.actor)
    set_token_roles(token, roles=form.cleaned_data["roles"], actor=request.actor)
    return True


def _token(request: PersonalRequest, token_id: int) -> Token:
    require_admin(request.actor)
    return get_object_or_404(queries.service_tokens(), pk=token_id)
