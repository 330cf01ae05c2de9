"""Who is here: oneself, people, roles and who has them."""

from typing import Any

from django.conf import settings
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Department, Role, User
from accounts.operations import (
    assign_role,
    assign_role_to_department,
    create_role,
    delete_role,
    invite_person,
    rename_role,
    renew_invitation,
    revoke_invitation,
    unassign_role,
    unassign_role_from_department,
)
from accounts.queries import people, roles
from api.listing import checked_search
from api.schema import parameter
from api.v1.people_shapes import (
    DepartmentHolderBody,
    HolderBody,
    InvitationBody,
    InvitedOut,
    LinkBody,
    MeOut,
    PersonOut,
    RoleBody,
    RoleName,
    RoleOut,
)
from api.v1.strict import items_of
from api.views import ApiView
from processes.operations import copy_role

MOST_PEOPLE = 200


class Me(ApiView):
    """Who asks."""

    @extend_schema(operation_id="me", summary="Who I am", responses={200: MeOut})
    def get(self, request: Request) -> Response:
        """The person, and the rights of this token or session."""
        actor, user = self.actor, self.person
        return Response(
            {
                "id": user.pk,
                "name": user.name,
                "email": user.email,
                "department": user.department_id,
                "language": user.language,
                "time_zone": user.time_zone,
                "is_admin": actor.is_admin,
                "roles": [role.key for role in roles() if role.pk in actor.role_ids],
                "scopes": None if actor.scopes is None else sorted(actor.scopes),
            }
        )


class People(ApiView):
    """Active people."""

    @extend_schema(
        operation_id="people_list",
        summary="List people",
        parameters=[parameter("search", "A part of the name or the beginning of the address.")],
        responses={200: items_of(PersonOut)},
    )
    def get(self, request: Request) -> Response:
        """The first 200 active people by name."""
        found = people(checked_search(self.query("search").get("search", "")))[:MOST_PEOPLE]
        return Response({"items": PersonOut(found, many=True).data})

    secret_keys = ("link",)

    @extend_schema(
        operation_id="people_invite",
        summary="Invite a person",
        request=InvitationBody,
        responses={201: InvitedOut},
    )
    def post(self, request: Request) -> Response:
        """They set a password by a one-time link; it is in this answer and, unless told otherwise, mailed."""
        body = {"language": self.person.language, **self.body(InvitationBody)}
        department = body.pop("department")
        if department is not None:
            department = get_object_or_404(Department, pk=department)
        user, secret = invite_person(**body, department=department, actor=self.actor)
        return Response(_invited(user, secret), status=201)


class PersonInvitation(ApiView):
    """The open invitation of one person."""

    secret_keys = ("link",)

    @extend_schema(
        operation_id="people_invite_again",
        summary="Make a fresh link",
        request=LinkBody,
        responses={201: InvitedOut},
    )
    def post(self, request: Request, person_id: int) -> Response:
        """Earlier links stop working; a present password stays until this one is used."""
        user = get_object_or_404(User, pk=person_id)
        secret = renew_invitation(user, **self.body(LinkBody), actor=self.actor)
        return Response(_invited(user, secret), status=201)

    @extend_schema(operation_id="people_revoke_invitation", summary="Revoke the link", responses={204: None})
    def delete(self, request: Request, person_id: int) -> Response:
        """The open link stops working; a letter that waits does not go out."""
        revoke_invitation(get_object_or_404(User, pk=person_id), actor=self.actor)
        return Response(status=204)


class Roles(ApiView):
    """Named sets of rights."""

    @extend_schema(operation_id="roles_list", summary="List roles", responses={200: items_of(RoleOut)})
    def get(self, request: Request) -> Response:
        """All roles."""
        return Response({"items": RoleOut(roles(), many=True).data})

    @extend_schema(operation_id="roles_create", summary="Create a role", request=RoleBody, responses={201: RoleOut})
    def post(self, request: Request) -> Response:
        """Create a role, from nothing or with the rights of another."""
        body = self.body(RoleBody)
        like = body.pop("like")
        if like is None:
            role = create_role(**body, actor=self.actor)
        else:
            role = copy_role(get_object_or_404(Role, pk=like), **body, actor=self.actor)
        return Response(RoleOut(role).data, status=201)


class OneRole(ApiView):
    """One role."""

    @extend_schema(operation_id="roles_rename", summary="Rename a role", request=RoleName, responses={200: RoleOut})
    def patch(self, request: Request, role_id: int) -> Response:
        """Give it another name."""
        role = rename_role(get_object_or_404(Role, pk=role_id), **self.body(RoleName), actor=self.actor)
        return Response(RoleOut(role).data)

    @extend_schema(operation_id="roles_delete", summary="Delete a role", responses={204: None})
    def delete(self, request: Request, role_id: int) -> Response:
        """Remove it with its rights."""
        delete_role(get_object_or_404(Role, pk=role_id), actor=self.actor)
        return Response(status=204)


class RoleHolders(ApiView):
    """People who have a role."""

    @extend_schema(operation_id="roles_assign", summary="Give a role", request=HolderBody, responses={204: None})
    def post(self, request: Request, role_id: int) -> Response:
        """Give the role to a person."""
        person = get_object_or_404(User, pk=self.body(HolderBody)["person"])
        assign_role(get_object_or_404(Role, pk=role_id), to=person, actor=self.actor)
        return Response(status=204)


class OneRoleHolder(ApiView):
    """One person who has a role."""

    @extend_schema(operation_id="roles_unassign", summary="Take a role", responses={204: None})
    def delete(self, request: Request, role_id: int, person_id: int) -> Response:
        """Take the role from the person."""
        person = get_object_or_404(User, pk=person_id)
        unassign_role(get_object_or_404(Role, pk=role_id), user=person, actor=self.actor)
        return Response(status=204)


class RoleDepartments(ApiView):
    """Departments that have a role."""

    @extend_schema(
        operation_id="roles_assign_department",
        summary="Give a role to a department",
        request=DepartmentHolderBody,
        responses={204: None},
    )
    def post(self, request: Request, role_id: int) -> Response:
        """Everybody who works there has the role."""
        body = self.body(DepartmentHolderBody)
        assign_role_to_department(
            get_object_or_404(Role, pk=role_id),
            to=get_object_or_404(Department, pk=body["department"]),
            with_descendants=body["with_descendants"],
            actor=self.actor,
        )
        return Response(status=204)


class OneRoleDepartment(ApiView):
    """One department that has a role."""

    @extend_schema(
        operation_id="roles_unassign_department", summary="Take a role from a department", responses={204: None}
    )
    def delete(self, request: Request, role_id: int, department_id: int) -> Response:
        """People lose it unless they have it otherwise."""
        department = get_object_or_404(Department, pk=department_id)
        unassign_role_from_department(get_object_or_404(Role, pk=role_id), department=department, actor=self.actor)
        return Response(status=204)


def _invited(user: User, secret: str) -> dict[str, Any]:
    return {**PersonOut(user).data, "link": f"{settings.BASE_URL}/join/{secret}/"}
