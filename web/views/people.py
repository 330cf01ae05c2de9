"""People: who is here, who may come in, who is an administrator."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role, User
from accounts.operations import (
    assign_role,
    deactivate_person,
    end_other_sessions,
    invite_person,
    reactivate_person,
    renew_invitation,
    revoke_invitation,
    set_administrator,
    set_department,
    unassign_role,
)
from accounts.permissions import require_admin
from accounts.queries import everybody, givable_roles, last_letter_to, roles_by_department, sessions_of
from accounts.tree import departments_in_order
from core.errors import Invalid
from core.text import check_unicode, id_from
from web.forms.people import InvitationForm, PersonDepartmentForm
from web.forms.refusals import attempt
from web.middleware import PersonalRequest, is_fragment
from web.responses import go, with_events, with_toast

PER_PAGE = 50


@login_required
@require_safe
def people(request: PersonalRequest) -> HttpResponse:
    """Everybody by name, the deactivated last."""
    require_admin(request.actor)
    search = check_unicode(request.GET.get("q", "").strip(), field="q")
    page = Paginator(everybody(search), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "search": search, "roles": givable_roles()}
    return render(request, "accounts/people.html" + ("#rows" if is_fragment(request) else ""), context)


@login_required
@require_http_methods(["GET", "POST"])
def invite(request: PersonalRequest) -> HttpResponse:
    """Invite somebody; the answer shows the one-time link, once."""
    require_admin(request.actor)
    nodes = departments_in_order()
    form = InvitationForm(request.POST or None, nodes=nodes, initial={"language": request.user.language})  # type: ignore[union-attr]
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        invited = attempt(form, lambda: invite_person(**data, actor=request.actor))
        if invited:
            return _link(request, *invited, by_mail=data["by_mail"])
    status = 422 if form.is_bound else 200
    return render(request, "accounts/_invite.html", {"form": form}, status=status)


@login_required
@require_POST
def renew_link(request: PersonalRequest, person_id: int) -> HttpResponse:
    """A fresh one-time link for somebody who lost theirs, or their password; with `by_mail=1` it is mailed too."""
    user = _person(request, person_id)
    by_mail = request.POST.get("by_mail") == "1"
    return _link(request, user, renew_invitation(user, by_mail=by_mail, actor=request.actor), by_mail=by_mail)


@login_required
@require_POST
def revoke_link(request: PersonalRequest, person_id: int) -> HttpResponse:
    """The open invitation stops working."""
    user = _person(request, person_id)
    revoke_invitation(user, actor=request.actor)
    messages.success(request, _("The invitation of %(name)s no longer works.") % {"name": user.name})
    return go(request, "person", user.pk)


@login_required
@require_safe
def person(request: PersonalRequest, person_id: int) -> HttpResponse:
    """One person: department, roles, invitation, where they are signed in."""
    require_admin(request.actor)
    user = get_object_or_404(everybody(), pk=person_id)
    context = {
        "person": user,
        "roles": givable_roles(),
        "form": PersonDepartmentForm(nodes=departments_in_order(), initial={"department": user.department_id}),
        "inherited": roles_by_department(user),
        "letter": last_letter_to(user),
        "sessions": sessions_of(user),
    }
    return render(request, "accounts/person.html", context)


@login_required
@require_POST
def choose_department(request: PersonalRequest, person_id: int) -> HttpResponse:
    """Where somebody works (`department`, empty for nowhere)."""
    user = _person(request, person_id)
    form = PersonDepartmentForm(request.POST, nodes=departments_in_order())
    if "department" not in request.POST or not form.is_valid():
        raise Invalid(_("There is no such department."))
    set_department(user, **form.cleaned_data, actor=request.actor)
    messages.success(request, _("Saved."))
    return go(request, "person", user.pk)


@login_required
@require_POST
def sign_out(request: PersonalRequest, person_id: int) -> HttpResponse:
    """Sign somebody out in every browser (but not oneself in this one)."""
    user = _person(request, person_id)
    keep = request.session.session_key or "" if user.pk == request.actor.user_id else ""
    end_other_sessions(user, keep=keep, actor=request.actor)
    messages.success(request, _("%(name)s is signed out everywhere.") % {"name": user.name})
    return go(request, "person", user.pk)


@login_required
@require_POST
def give_role(request: PersonalRequest, person_id: int) -> HttpResponse:
    """One more role for somebody."""
    user = _person(request, person_id)
    role = Role.objects.filter(pk=id_from(request.POST.get("role", "")) or 0).first()
    if role is None:
        raise Invalid(_("There is no such role."))
    assign_role(role, to=user, actor=request.actor)
    return _row(request, user)


@login_required
@require_POST
def take_role(request: PersonalRequest, person_id: int, role_id: int) -> HttpResponse:
    """One role less."""
    user = _person(request, person_id)
    unassign_role(get_object_or_404(Role, pk=role_id), user=user, actor=request.actor)
    return _row(request, user)


@login_required
@require_POST
def set_admin(request: PersonalRequest, person_id: int) -> HttpResponse:
    """Give or take the administrator's rights (`is_admin` 1 or 0)."""
    user, asked_for = _person(request, person_id), request.POST.get("is_admin")
    if asked_for not in ("0", "1"):
        raise Invalid(_("Say whether they shall be an administrator."))
    user = set_administrator(user, is_admin=asked_for == "1", actor=request.actor)
    said = _("%(name)s is an administrator now.") if user.is_admin else _("%(name)s is no longer an administrator.")
    return with_toast(_row(request, user), said % {"name": user.name})


@login_required
@require_POST
def deactivate(request: PersonalRequest, person_id: int) -> HttpResponse:
    """Nobody may sign in as this person any more."""
    user = deactivate_person(_person(request, person_id), actor=request.actor)
    return with_toast(_row(request, user), _("%(name)s can no longer sign in.") % {"name": user.name})


@login_required
@require_POST
def reactivate(request: PersonalRequest, person_id: int) -> HttpResponse:
    """They may sign in again."""
    user = reactivate_person(_person(request, person_id), actor=request.actor)
    return with_toast(_row(request, user), _("%(name)s can sign in again.") % {"name": user.name})


def _person(request: PersonalRequest, person_id: int) -> User:
    require_admin(request.actor)
    return get_object_or_404(User, pk=person_id)


def _row(request: PersonalRequest, user: User) -> HttpResponse:
    context = {"person": everybody().get(pk=user.pk), "roles": givable_roles()}
    return render(request, "accounts/people.html#row", context)


def _link(request: PersonalRequest, user: User, secret: str, *, by_mail: bool) -> HttpResponse:
    link = request.build_absolute_uri(reverse("join", args=[secret]))
    answer = render(request, "accounts/_invited.html", {"person": user, "link": link, "by_mail": by_mail})
    return with_events(answer, peopleChanged=True)
