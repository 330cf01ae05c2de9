"""The tree of departments, and who works in each."""

from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Department, User
from accounts.operations import (
    create_department,
    delete_department,
    move_department,
    set_department,
    update_department,
)
from accounts.permissions import require_admin
from accounts.queries import everybody, givable_roles, people
from accounts.tree import Node, department_tree, departments_in_order
from core.errors import Invalid
from core.text import id_from
from web.forms.departments import DeleteDepartmentForm, DepartmentForm, NewDepartmentForm
from web.forms.refusals import attempt
from web.middleware import PersonalRequest
from web.responses import go, with_toast

PER_PAGE = 50


@login_required
@require_safe
def departments(request: PersonalRequest) -> HttpResponse:
    """The whole tree."""
    require_admin(request.actor)
    return render(request, "accounts/departments.html", {"tree": department_tree(), "form": NewDepartmentForm()})


@login_required
@require_POST
def add(request: PersonalRequest) -> HttpResponse:
    """A department at the top, from the line under the tree."""
    require_admin(request.actor)
    form = NewDepartmentForm(request.POST)
    made = None
    if form.is_valid():
        made = attempt(form, lambda: create_department(**form.cleaned_data, actor=request.actor))
    if made:
        answer = _tree(request, NewDepartmentForm(), just_added=True)
        return with_toast(answer, _("The department “%(name)s” is there.") % {"name": made.name})
    return _tree(request, form, status=422)


@login_required
@require_http_methods(["GET", "POST"])
def new_department(request: PersonalRequest) -> HttpResponse:
    """Create a department with all that can be said of it, below `?parent=`."""
    require_admin(request.actor)
    form = DepartmentForm(
        request.POST or None, nodes=departments_in_order(), initial={"parent": request.GET.get("parent")}
    )
    if request.method == "POST" and form.is_valid():
        made = attempt(form, lambda: create_department(**form.described(), actor=request.actor))
        if made:
            messages.success(request, _("The department “%(name)s” is there.") % {"name": made.name})
            return go(request, "departments")
    return _dialog(request, "accounts/_department_form.html", form)


@login_required
@require_http_methods(["GET", "POST"])
def edit_department(request: PersonalRequest, department_id: int) -> HttpResponse:
    """Another name, place or head."""
    department = _department(request, department_id)
    form = DepartmentForm.showing(department, request.POST or None, nodes=_elsewhere(department))
    if request.method == "POST" and form.is_valid():
        seen = form.cleaned_data["seen"]
        if attempt(form, lambda: update_department(department, form.described(), seen=seen, actor=request.actor)):
            return go(request, "departments")
    return _dialog(request, "accounts/_department_form.html", form, department)


@login_required
@require_POST
def shift(request: PersonalRequest, department_id: int) -> HttpResponse:
    """One place up or down among its neighbours (`direction`)."""
    department, direction = _department(request, department_id), request.POST.get("direction")
    if direction not in ("up", "down"):
        raise Invalid(_("Up or down?"))
    neighbours = list(Department.objects.filter(parent=department.parent_id).order_by("position", "id"))
    place = neighbours.index(department)
    others = [one for one in neighbours if one != department]
    after = place - 1 if direction == "up" else place + 1
    before = others[max(after, 0)] if after < len(others) else None
    move_department(department, to=department.parent, before=before, actor=request.actor)
    return with_toast(_tree(request, NewDepartmentForm()), _("“%(name)s” is moved.") % {"name": department.name})


@login_required
@require_http_methods(["GET", "POST"])
def remove_department(request: PersonalRequest, department_id: int) -> HttpResponse:
    """Delete a department; the dialog asks where people and departments go if there are any."""
    department = _department(request, department_id)
    node = next(one for one in departments_in_order() if one.id == department.pk)
    is_empty = not node.children and not User.objects.filter(department=department).exists()
    form = DeleteDepartmentForm(
        request.POST if request.method == "POST" else None,
        nodes=_elsewhere(department),
        initial={"rehome_to": department.parent_id},
    )
    if request.method == "POST" and (is_empty or form.is_valid()):
        home = None if is_empty else form.cleaned_data["rehome_to"]
        done = attempt(form, lambda: delete_department(department, rehome_to=home, actor=request.actor) or True)
        if done:
            messages.success(request, _("The department “%(name)s” is deleted.") % {"name": department.name})
            return go(request, "departments")
    context = {"form": form, "node": node, "is_empty": is_empty}
    return render(request, "accounts/_department_delete.html", context, status=422 if form.is_bound else 200)


@login_required
@require_safe
def department(request: PersonalRequest, department_id: int) -> HttpResponse:
    """One department: who works there, what is below it, which roles it gives."""
    found = _department(request, department_id)
    node = next(one for one in departments_in_order() if one.id == found.pk)
    page = Paginator(everybody(department_id=found.pk), PER_PAGE).get_page(request.GET.get("page"))
    others = people().exclude(department=found)
    context = {"node": node, "page": page, "roles": givable_roles(), "others": others, "parent": found.parent}
    return render(request, "accounts/department.html", context)


@login_required
@require_POST
def add_person(request: PersonalRequest, department_id: int) -> HttpResponse:
    """Somebody works here from now on (`person`)."""
    found = _department(request, department_id)
    user = User.objects.filter(pk=id_from(request.POST.get("person", ""))).first()
    if user is None:
        raise Invalid(_("There is no such person."))
    set_department(user, department=found, actor=request.actor)
    messages.success(
        request, _("%(name)s works in “%(department)s” now.") % {"name": user.name, "department": found.name}
    )
    return go(request, "department", found.pk)


@login_required
@require_POST
def remove_person(request: PersonalRequest, department_id: int, person_id: int) -> HttpResponse:
    """Somebody no longer works here."""
    found = _department(request, department_id)
    user = get_object_or_404(User, pk=person_id, department=found)
    set_department(user, department=None, actor=request.actor)
    messages.success(
        request,
        _("%(name)s no longer works in “%(department)s”.") % {"name": user.name, "department": found.name},
    )
    return go(request, "department", found.pk)


def _department(request: PersonalRequest, department_id: int) -> Department:
    require_admin(request.actor)
    return get_object_or_404(Department.objects.select_related("parent", "head"), pk=department_id)


def _elsewhere(department: Department) -> Sequence[Node]:
    """All departments but this one and those below it."""
    nodes = departments_in_order()
    own = next(node for node in nodes if node.id == department.pk)
    inside = {own.id, *(node.id for node in own.descendants)}
    return [node for node in nodes if node.id not in inside]


def _tree(
    request: PersonalRequest, form: NewDepartmentForm, *, status: int = 200, just_added: bool = False
) -> HttpResponse:
    context = {"tree": department_tree(), "form": form, "just_added": just_added}
    return render(request, "accounts/departments.html#tree", context, status=status)


def _dialog(
    request: PersonalRequest, template: str, form: DepartmentForm, department: Department | None = None
) -> HttpResponse:
    context = {"form": form, "department": department}
    return render(request, template, context, status=422 if form.is_bound else 200)
