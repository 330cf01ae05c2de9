"""Who is here: oneself, people, roles and who has them."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Department, Role, Token, User
from accounts.operations import (
    assign_role,
    assign_role_to_department,
    assign_role_to_token,
    create_role,
    deactivate_person,
    end_other_sessions,
    invite_person,
    reactivate_person,
    rename_role,
    renew_invitation,
    revoke_invitation,
    set_administrator,
    unassign_role,
    unassign_role_from_department,
    unassign_role_from_token,
)
from accounts.pages import page_of
from accounts.permissions import require_admin
from accounts.queries import departments_with, everybody, holders_of, people, roles, roles_by_department, tokens_with
from api.listing import checked_search, flag_from, limit_from
from api.schema import PAGE_PARAMETERS, parameter
from api.v1.people_shapes import (
    PEOPLE,
    TOKENS,
    AdministratorBody,
    DepartmentHolderBody,
    DepartmentHolderOut,
    HolderBody,
    InvitationBody,
    InvitedOut,
    LinkBody,
    MeOut,
    OnePersonOut,
    PersonOut,
    RoleBody,
    RoleName,
    RoleOut,
    SignedOutOut,
    TokenHolderBody,
    TokenOut,
)
from api.v1.strict import items_of
from api.views import ApiView
from processes.operations import copy_role, remove_role


class Me(ApiView):
    """Who asks."""

    @extend_schema(operation_id="me", summary="Who I am", responses={200: MeOut})
    def get(self, request: Request) -> Response:
        """The person, and the rights of this token or session."""
        actor = self.actor
        user = None if actor.user_id is None else self.person
        return Response(
            {
                "id": actor.user_id,
                "name": user.name if user else actor.label,
                "email": user and user.email,
                "department": actor.department_id,
                "language": actor.language,
                "time_zone": timezone.get_current_timezone_name(),
                "is_admin": actor.is_admin,
                "roles": [role.key for role in roles() if role.pk in actor.role_ids],
                "scopes": None if actor.scopes is None else sorted(actor.scopes),
            }
        )


class PeopleView(ApiView):
    """How people are told of."""

    def people_page(self, found: Any, query: Mapping[str, str]) -> Response:
        """A page of some people, as `cursor` and `limit` ask for it."""
        page = page_of(found, cursor=query.get("cursor"), limit=limit_from(query))
        return Response({"items": PersonOut(page.items, many=True).data, "next": page.next})

    def one(self, user: User) -> Response:
        """One person as the asker may see them."""
        tells = self.actor.is_admin
        roles = user.role_assignments.order_by("role_id").values_list("role_id", flat=True) if tells else None
        by_department = roles_by_department(user).order_by("pk").values_list("pk", flat=True) if tells else None
        return Response(
            {
                **PersonOut(user).data,
                "is_active": user.is_active,
                "is_admin": user.is_admin if tells else None,
                "roles": None if roles is None else list(roles),
                "roles_by_department": None if by_department is None else list(by_department),
            }
        )


class People(PeopleView):
    """Active people."""

    @extend_schema(
        operation_id="people_list",
        summary="List people",
        parameters=[
            parameter("search", "A part of the name or the beginning of the address."),
            parameter("active", "`false` lists the deactivated, to administrators.", bool),
            *PAGE_PARAMETERS,
        ],
        responses={200: PEOPLE},
    )
    def get(self, request: Request) -> Response:
        """A page of the active people by name."""
        query = self.query("search", "active", "cursor", "limit")
        search = checked_search(query.get("search", ""))
        if flag_from(query, "active", default=True):
            return self.people_page(people(search), query)
        require_admin(self.actor)
        return self.people_page(everybody(search).filter(is_active=False), query)

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


class OnePerson(PeopleView):
    """One person."""

    @extend_schema(operation_id="people_read", summary="Read a person", responses={200: OnePersonOut})
    def get(self, request: Request, person_id: int) -> Response:
        """Somebody active; to administrators anybody, and with their roles."""
        user = get_object_or_404(User, pk=person_id)
        if not user.is_active and not self.actor.is_admin:
            raise Http404
        return self.one(user)


class PersonAdministrator(PeopleView):
    """Whether somebody is an administrator."""

    @extend_schema(
        operation_id="people_set_administrator",
        summary="Make or unmake an administrator",
        request=AdministratorBody,
        responses={200: OnePersonOut},
    )
    def put(self, request: Request, person_id: int) -> Response:
        """Administrators may do everything; the last one stays one (409)."""
        body = self.body(AdministratorBody)
        return self.one(set_administrator(get_object_or_404(User, pk=person_id), **body, actor=self.actor))


class DeactivatePerson(PeopleView):
    """Letting nobody in as somebody."""

    @extend_schema(
        operation_id="people_deactivate", summary="Deactivate a person", request=None, responses={200: OnePersonOut}
    )
    def post(self, request: Request, person_id: int) -> Response:
        """Sessions and the person's own tokens stop at once; service tokens that they made go on."""
        return self.one(deactivate_person(get_object_or_404(User, pk=person_id), actor=self.actor))


class ReactivatePerson(PeopleView):
    """Letting somebody in again."""

    @extend_schema(
        operation_id="people_reactivate", summary="Reactivate a person", request=None, responses={200: OnePersonOut}
    )
    def post(self, request: Request, person_id: int) -> Response:
        """They may sign in again; their old tokens stay revoked."""
        return self.one(reactivate_person(get_object_or_404(User, pk=person_id), actor=self.actor))


class SignOutPerson(ApiView):
    """Ending all sessions of somebody."""

    @extend_schema(
        operation_id="people_sign_out", summary="Sign a person out", request=None, responses={200: SignedOutOut}
    )
    def post(self, request: Request, person_id: int) -> Response:
        """In every browser; an administrator who asks from one stays signed in there."""
        user, keep = get_object_or_404(User, pk=person_id), ""
        require_admin(self.actor)
        if request.auth is None and user.pk == self.actor.user_id:
            keep = request._request.session.session_key or ""
        return Response({"sessions": end_other_sessions(user, keep=keep, actor=self.actor)})


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

    @extend_schema(operation_id="roles_read", summary="Read a role", responses={200: RoleOut})
    def get(self, request: Request, role_id: int) -> Response:
        """Its key and name."""
        return Response(RoleOut(get_object_or_404(Role, pk=role_id)).data)

    @extend_schema(operation_id="roles_rename", summary="Rename a role", request=RoleName, responses={200: RoleOut})
    def patch(self, request: Request, role_id: int) -> Response:
        """Give it another name."""
        role = rename_role(get_object_or_404(Role, pk=role_id), **self.body(RoleName), actor=self.actor)
        return Response(RoleOut(role).data)

    @extend_schema(operation_id="roles_delete", summary="Delete a role", responses={204: None})
    def delete(self, request: Request, role_id: int) -> Response:
        """Remove it with its rights. Refused while gates name it: they would open to everybody."""
        remove_role(get_object_or_404(Role, pk=role_id), actor=self.actor)
        return Response(status=204)


class RoleHolders(PeopleView):
    """People who have a role."""

    @extend_schema(
        operation_id="roles_people",
        summary="List its people",
        parameters=PAGE_PARAMETERS,
        responses={200: PEOPLE},
    )
    def get(self, request: Request, role_id: int) -> Response:
        """A page of those to whom it was given, by name; not those who have it with their department."""
        require_admin(self.actor)
        query = self.query("cursor", "limit")
        return self.people_page(holders_of(get_object_or_404(Role, pk=role_id)), query)

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
        operation_id="roles_departments", summary="List its departments", responses={200: items_of(DepartmentHolderOut)}
    )
    def get(self, request: Request, role_id: int) -> Response:
        """All of them, by name."""
        require_admin(self.actor)
        found = departments_with(get_object_or_404(Role, pk=role_id))
        return Response({"items": DepartmentHolderOut(found, many=True).data})

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


class RoleTokens(ApiView):
    """Service tokens that have a role."""

    @extend_schema(operation_id="roles_tokens", summary="List its tokens", responses={200: TOKENS})
    def get(self, request: Request, role_id: int) -> Response:
        """Those that work, by name."""
        require_admin(self.actor)
        return Response({"items": TokenOut(tokens_with(get_object_or_404(Role, pk=role_id)), many=True).data})

    @extend_schema(
        operation_id="roles_assign_token",
        summary="Give a role to a service token",
        request=TokenHolderBody,
        responses={204: None},
    )
    def post(self, request: Request, role_id: int) -> Response:
        """It has the role from its next request on. A token that works as a person is refused (409)."""
        require_admin(self.actor)
        token = get_object_or_404(Token, pk=self.body(TokenHolderBody)["token"])
        assign_role_to_token(get_object_or_404(Role, pk=role_id), to=token, actor=self.actor)
        return Response(status=204)


class OneRoleToken(ApiView):
    """One service token that has a role."""

    @extend_schema(
        operation_id="roles_unassign_token", summary="Take a role from a service token", responses={204: None}
    )
    def delete(self, request: Request, role_id: int, token_id: int) -> Response:
        """Its next request is without it."""
        require_admin(self.actor)
        token = get_object_or_404(Token, pk=token_id)
        unassign_role_from_token(get_object_or_404(Role, pk=role_id), token=token, actor=self.actor)
        return Response(status=204)


def _invited(user: User, secret: str) -> dict[str, Any]:
    return {**PersonOut(user).data, "link": f"{settings.BASE_URL}/join/{secret}/"}
