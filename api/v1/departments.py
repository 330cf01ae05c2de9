"""The tree of departments: its shape, its heads, who works where."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Department, User
from accounts.operations import (
    create_department,
    delete_department,
    move_department,
    set_department,
    update_department,
)
from accounts.queries import people
from accounts.tree import departments_in_order
from api.schema import parameter
from api.v1.people_shapes import HolderBody, PersonOut
from api.v1.strict import Strict, items_of, text
from api.views import ApiView
from core.errors import Invalid, NotFound
from core.text import id_from


class DepartmentRoleOut(serializers.Serializer[Any]):
    """A role that everybody in a department has."""

    id = serializers.IntegerField()
    with_descendants = serializers.BooleanField(help_text="Those in departments below have it too.")


class DepartmentOut(serializers.Serializer[Any]):
    """A department. Parents come before what is below them."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    parent = serializers.IntegerField(source="parent_id", allow_null=True)  # type: ignore[assignment]
    level = serializers.IntegerField(help_text="1 at the top.")
    head = serializers.IntegerField(source="head.id", default=None, allow_null=True, help_text="Id of a person.")
    people = serializers.IntegerField(help_text="Active people in it.")
    people_below = serializers.IntegerField(help_text="The same with all departments below.")
    roles = DepartmentRoleOut(many=True)


class DepartmentPersonOut(PersonOut):
    """A person who works in the department."""


class DepartmentBody(Strict):
    """A department to be. `parent` null puts it at the top."""

    name = text()
    parent = serializers.IntegerField(min_value=1, allow_null=True, required=False, default=None)  # type: ignore[assignment]
    head = serializers.IntegerField(min_value=1, allow_null=True, required=False, default=None)


class DepartmentPatch(Strict):
    """What shall be different."""

    name = text(required=False)
    parent = serializers.IntegerField(min_value=1, allow_null=True, required=False)  # type: ignore[assignment]
    head = serializers.IntegerField(min_value=1, allow_null=True, required=False)


class DepartmentPlace(Strict):
    """Where a department goes: below `parent` (null: the top), in front of `before` or last."""

    parent = serializers.IntegerField(min_value=1, allow_null=True)  # type: ignore[assignment]
    before = serializers.IntegerField(min_value=1, allow_null=True, required=False, default=None)


class Departments(ApiView):
    """The whole tree."""

    @extend_schema(
        operation_id="departments_list", summary="List departments", responses={200: items_of(DepartmentOut)}
    )
    def get(self, request: Request) -> Response:
        """All of them, in the order of the tree."""
        return Response({"items": DepartmentOut(departments_in_order(), many=True).data})

    @extend_schema(
        operation_id="departments_create",
        summary="Create a department",
        request=DepartmentBody,
        responses={201: DepartmentOut},
    )
    def post(self, request: Request) -> Response:
        """The last one below its parent."""
        made = create_department(**_found(self.body(DepartmentBody)), actor=self.actor)
        return Response(_out(made.pk), status=201)


class OneDepartment(ApiView):
    """One department."""

    @extend_schema(operation_id="departments_read", summary="Read a department", responses={200: DepartmentOut})
    def get(self, request: Request, department_id: int) -> Response:
        """One node of the tree."""
        return Response(_out(_department(department_id).pk))

    @extend_schema(
        operation_id="departments_update",
        summary="Change a department",
        request=DepartmentPatch,
        responses={200: DepartmentOut},
    )
    def patch(self, request: Request, department_id: int) -> Response:
        """Another name, parent or head."""
        department = _department(department_id)
        update_department(department, _found(self.body(DepartmentPatch, partial=True)), actor=self.actor)  # type: ignore[arg-type]
        return Response(_out(department.pk))

    @extend_schema(
        operation_id="departments_delete",
        summary="Delete a department",
        parameters=[
            parameter("rehome_to", "The department to which its people and the departments below it go."),
        ],
        responses={204: None},
    )
    def delete(self, request: Request, department_id: int) -> Response:
        """One that is not empty is refused (`department_not_empty`, with counts) unless `rehome_to` is given."""
        home = self.query("rehome_to").get("rehome_to")
        rehome_to = _named("rehome_to", Department, home) if home else None
        delete_department(_department(department_id), rehome_to=rehome_to, actor=self.actor)
        return Response(status=204)


class MoveDepartment(ApiView):
    """Where a department stands."""

    @extend_schema(
        operation_id="departments_move",
        summary="Move a department",
        request=DepartmentPlace,
        responses={200: DepartmentOut},
    )
    def post(self, request: Request, department_id: int) -> Response:
        """Put it elsewhere, with everything below it."""
        body = self.body(DepartmentPlace)
        department = _department(department_id)
        move_department(
            department,
            to=_named("parent", Department, body["parent"]),
            before=_named("before", Department, body["before"]),
            actor=self.actor,
        )
        return Response(_out(department.pk))


class DepartmentPeople(ApiView):
    """Who works in a department."""

    @extend_schema(
        operation_id="departments_people", summary="List its people", responses={200: items_of(DepartmentPersonOut)}
    )
    def get(self, request: Request, department_id: int) -> Response:
        """Active people in it, by name; not those in departments below."""
        found = people().filter(department=_department(department_id))
        return Response({"items": DepartmentPersonOut(found, many=True).data})

    @extend_schema(
        operation_id="departments_add_person", summary="Add a person", request=HolderBody, responses={204: None}
    )
    def post(self, request: Request, department_id: int) -> Response:
        """The person works here from now on, and nowhere else."""
        person = get_object_or_404(User, pk=self.body(HolderBody)["person"])
        set_department(person, department=_department(department_id), actor=self.actor)
        return Response(status=204)


class OneDepartmentPerson(ApiView):
    """One person in a department."""

    @extend_schema(operation_id="departments_remove_person", summary="Remove a person", responses={204: None})
    def delete(self, request: Request, department_id: int, person_id: int) -> Response:
        """The person works in no department."""
        person = get_object_or_404(User, pk=person_id, department_id=department_id)
        set_department(person, department=None, actor=self.actor)
        return Response(status=204)


def _department(department_id: int) -> Department:
    return get_object_or_404(Department, pk=department_id)


def _out(department_id: int) -> Any:
    node = next((node for node in departments_in_order() if node.id == department_id), None)
    if node is None:
        raise NotFound(_("There is no such department."), department=department_id)
    return DepartmentOut(node).data


def _found(body: dict[str, Any]) -> dict[str, Any]:
    """The body with objects in place of ids."""
    models: dict[str, Any] = {"parent": Department, "head": User}
    return {key: _named(key, models[key], value) if key in models else value for key, value in body.items()}


def _named(key: str, model: Any, value: Any) -> Any:
    """The object of an id in the request; None for none. Raises Invalid by the key."""
    if value is None:
        return None
    found = model.objects.filter(pk=id_from(str(value))).first()
    if found is None:
        message = _("There is no such department.") if model is Department else _("There is no such person.")
        raise Invalid(message, {key: [message]})
    return found
