"""One's own tokens for programs; and what their page shares with that of service tokens."""

from collections.abc import Callable, Iterable
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
    return tokens_page(request, tokens_of(cast("User", request.user)))


@login_required
@require_http_methods(["GET", "POST"])
def new_token(request: PersonalRequest) -> HttpResponse:
    """Create a token; the answer shows its secret, once."""
    user = cast("User", request.user)
    form = TokenForm(request.POST or None, initial={"scopes": ["read"]})
    return new_token_dialog(request, form, lambda: create_token(user, **form.described(), actor=request.actor))


@login_required
@require_POST
def revoke(request: PersonalRequest, token_id: int) -> HttpResponse:
    """Stop a token at once."""
    return revoked(request, get_object_or_404(Token, pk=token_id, user=request.user), "tokens")


def tokens_page(request: PersonalRequest, found: Iterable[Token], *, is_service: bool = False) -> HttpResponse:
    """A page of tokens, or the list alone."""
    context = {"tokens": found, "is_service": is_service, "now": timezone.now(), "scope_labels": SCOPE_LABELS}
    return render(request, "accounts/_token_list.html" if is_fragment(request) else "accounts/tokens.html", context)


def new_token_dialog(
    request: PersonalRequest, form: TokenForm, make: Callable[[], tuple[Token, str]], *, is_service: bool = False
) -> HttpResponse:
    """The dialog of a token to be; once it is made, its secret."""
    made = attempt(form, make) if form.is_bound and form.is_valid() else None
    if made:
        answer = render(request, "accounts/_token_made.html", {"token": made[0], "secret": made[1]})
        return with_events(answer, tokensChanged=True)
    context = {"form": form, "is_service": is_service}
    return render(request, "accounts/_token_form.html", context, status=422 if form.is_bound else 200)


def revoked(request: PersonalRequest, token: Token, page: str) -> HttpResponse:
    """Stop a token, and back to its page."""
    revoke_token(token, actor=request.actor)
    messages.success(request, _("The token “%(name)s” no longer works.") % {"name": token.name})
    return go(request, page)
