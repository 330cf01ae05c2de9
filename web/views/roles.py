"""Roles and who has them."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Department, Role
from accounts.operations import (
    assign_role_to_department,
    create_role,
    rename_role,
    unassign_role_from_department,
)
from accounts.permissions import require_admin
from accounts.queries import departments_with, holders_of, roles_with_holders, tokens_with
from accounts.tree import departments_in_order
from processes.gate_use import gates_of_role
from processes.operations import copy_role, remove_role
from web.forms.departments import DepartmentRoleForm
from web.forms.people import NewRoleForm, RoleForm
from web.forms.refusals import attempt
from web.middleware import PersonalRequest
from web.responses import go
from web.uses import shown_uses

MOST_MEMBERS = 200


@login_required
@require_safe
def roles(request: PersonalRequest) -> HttpResponse:
    """All roles with the people and departments that have them."""
    require_admin(request.actor)
    return render(request, "accounts/roles.html", {"roles": roles_with_holders()})


@login_required
@require_http_methods(["GET", "POST"])
def new_role(request: PersonalRequest) -> HttpResponse:
    """Create a role, from nothing or with the rights of another."""
    require_admin(request.actor)
    form = NewRoleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        like, name = form.cleaned_data["like"], form.cleaned_data["name"]
        role = attempt(
            form,
            lambda: (
                copy_role(like, name=name, actor=request.actor) if like else create_role(name=name, actor=request.actor)
            ),
        )
        if role:
            without = _("The role “%(name)s” is there. Give it rights in each process.")
            said = _("The role “%(name)s” has the rights of “%(like)s”.") if like else without
            messages.success(request, said % {"name": role, "like": like})
            return go(request, "roles")
    return _form(request, form)


@login_required
@require_http_methods(["GET", "POST"])
def edit_role(request: PersonalRequest, role_id: int) -> HttpResponse:
    """Give a role another name."""
    require_admin(request.actor)
    role = get_object_or_404(Role, pk=role_id)
    form = RoleForm(request.POST or None, initial={"name": role.name})
    if request.method == "POST" and form.is_valid():
        if attempt(form, lambda: rename_role(role, **form.cleaned_data, actor=request.actor)):
            return go(request, "roles")
    return _form(request, form, role)


@login_required
@require_safe
def members(request: PersonalRequest, role_id: int) -> HttpResponse:
    """Who has a role: departments, service tokens, people by name."""
    require_admin(request.actor)
    role = get_object_or_404(Role, pk=role_id)
    holders = holders_of(role)
    context = {
        "role": role,
        "departments": departments_with(role),
        "tokens": tokens_with(role),
        "people": holders.by_name()[:MOST_MEMBERS],
        "more": max(holders.count() - MOST_MEMBERS, 0),
    }
    return render(request, "accounts/_role_members.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def delete_role(request: PersonalRequest, role_id: int) -> HttpResponse:
    """What goes with a role, and the gates that keep it; on POST it goes with its rights."""
    require_admin(request.actor)
    role = get_object_or_404(roles_with_holders(), pk=role_id)
    if request.method == "POST":
        remove_role(role, actor=request.actor)
        messages.success(request, _("The role “%(name)s” is deleted.") % {"name": role.name})
        return go(request, "roles")
    gates = shown_uses(gates_of_role(role), request.actor)
    return render(request, "accounts/_role_delete.html", {"role": role, "gates": gates})


@login_required
@require_http_methods(["GET", "POST"])
def give_to_department(request: PersonalRequest, role_id: int) -> HttpResponse:
    """Everybody in a department gets the role."""
    require_admin(request.actor)
    role = get_object_or_404(Role, pk=role_id)
    form = DepartmentRoleForm(request.POST or None, nodes=departments_in_order())
    if request.method == "POST" and form.is_valid():
        if attempt(form, lambda: assign_role_to_department(role, **form.cleaned_data, actor=request.actor)):
            return go(request, "roles")
    status = 422 if form.is_bound else 200
    return render(request, "accounts/_role_department.html", {"form": form, "role": role}, status=status)


@login_required
@require_POST
def take_from_department(request: PersonalRequest, role_id: int, department_id: int) -> HttpResponse:
    """A department loses the role."""
    require_admin(request.actor)
    role = get_object_or_404(Role, pk=role_id)
    department = get_object_or_404(Department, pk=department_id)
    unassign_role_from_department(role, department=department, actor=request.actor)
    return go(request, "roles")


def _form(request: PersonalRequest, form: RoleForm, role: Role | None = None) -> HttpResponse:
    status = 422 if form.is_bound else 200
    return render(request, "accounts/_role_form.html", {"form": form, "role": role}, status=status)
