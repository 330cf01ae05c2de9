"""One's own tokens for programs."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Token, User
from accounts.operations import create_token, revoke_token
from accounts.queries import tokens_of
from web.forms.people import SCOPE_LABELS, TokenForm
from web.forms.refusals import attempt
from web.middleware import PersonalRequest, is_fragment
from web.responses import go, with_events


@login_required
@require_safe
def tokens(request: PersonalRequest) -> HttpResponse:
    """One's own tokens, the newest first."""
    context = {"tokens": tokens_of(request.user), "now": timezone.now(), "scope_labels": SCOPE_LABELS}  # type: ignore[arg-type]
    return render(request, "accounts/tokens.html" + ("#list" if is_fragment(request) else ""), context)


@login_required
@require_http_methods(["GET", "POST"])
def new_token(request: PersonalRequest) -> HttpResponse:
    """Create a token; the answer shows its secret, once."""
    user = cast("User", request.user)
    form = TokenForm(request.POST or None, initial={"scopes": ["read"]})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        made = attempt(
            form,
            lambda: create_token(
                user,
                name=data["name"],
                scopes=data["scopes"],
                expires_at=form.expires_at(),
                actor=request.actor,
            ),
        )
        if made:
            answer = render(request, "accounts/_token_made.html", {"token": made[0], "secret": made[1]})
            return with_events(answer, tokensChanged=True)
    status = 422 if form.is_bound else 200
    return render(request, "accounts/_token_form.html", {"form": form}, status=status)


@login_required
@require_POST
def revoke(request: PersonalRequest, token_id: int) -> HttpResponse:
    """Stop a token at once."""
    token = get_object_or_404(Token, pk=token_id, user=request.user)
    revoke_token(token, actor=request.actor)
    messages.success(request, _("The token “%(name)s” no longer works.") % {"name": token.name})
    return go(request, "tokens")
