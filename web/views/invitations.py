"""The other end of a one-time link: a first password, and in."""

from allauth.account.utils import perform_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.operations import accept_invitation, invitation_for
from core.errors import NotFound
from web.forms.people import JoinForm
from web.forms.refusals import attempt


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """Set the first password and sign in, by the second factor where there is one; a used or old link says so."""
    try:
        invitation = invitation_for(secret)
    except NotFound as error:
        return render(request, "accounts/join_closed.html", {"error": error}, status=404)
    form = JoinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        password = form.cleaned_data["password"]
        user = attempt(form, lambda: accept_invitation(secret, password=password))
        if user:
            entered: HttpResponse = perform_login(request, user, redirect_url="/")
            return entered
    context = {"form": form, "person": invitation.user}
    return render(request, "accounts/join.html", context, status=422 if form.is_bound else 200)
