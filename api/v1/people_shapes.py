"""Bodies and answers about people, roles and tokens."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Token
from api.schema import next_cursor
from api.v1.strict import Strict, items_of, optional_text, text


class PersonOut(serializers.Serializer[Any]):
    """A person, as everybody may see them."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    email = serializers.CharField()
    department = serializers.IntegerField(source="department_id", allow_null=True)


class OnePersonOut(PersonOut):
    """One person. What is beyond `is_active` only administrators are told; to others it is null."""

    is_active = serializers.BooleanField()
    is_admin = serializers.BooleanField(allow_null=True)
    roles = serializers.ListField(
        child=serializers.IntegerField(), allow_null=True, help_text="Ids of the roles given to the person."
    )
    roles_by_department = serializers.ListField(
        child=serializers.IntegerField(), allow_null=True, help_text="Ids of those that come with the department."
    )


class AdministratorBody(Strict):
    """Whether the person is an administrator from now on."""

    is_admin = serializers.BooleanField()


class SignedOutOut(serializers.Serializer[Any]):
    """In how many browsers the person was signed in."""

    sessions = serializers.IntegerField()


class MeOut(serializers.Serializer[Any]):
    """Who asks, and with which rights. A service token is nobody: it has a name, and neither an id nor an address."""

    id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    email = serializers.CharField(allow_null=True)
    department = serializers.IntegerField(allow_null=True)
    language = serializers.CharField()
    time_zone = serializers.CharField()
    is_admin = serializers.BooleanField(help_text="As this token or session may act now.")
    roles = serializers.ListField(child=serializers.CharField(), help_text="Keys of roles.")
    scopes = serializers.ListField(child=serializers.CharField(), allow_null=True)


class RoleOut(serializers.Serializer[Any]):
    """A role."""

    id = serializers.IntegerField()
    key = serializers.CharField()
    name = serializers.CharField()


class RoleBody(Strict):
    """A role to be; the key is made from the name unless given."""

    name = text()
    key = optional_text()
    like = serializers.IntegerField(
        allow_null=True, required=False, default=None, min_value=1, help_text="A role whose rights it begins with."
    )


class RoleName(Strict):
    """Another name for a role."""

    name = text()


class HolderBody(Strict):
    """Who gets the role."""

    person = serializers.IntegerField(min_value=1)


class DepartmentHolderBody(Strict):
    """Which department gets the role."""

    department = serializers.IntegerField(min_value=1)
    with_descendants = serializers.BooleanField(
        required=False, default=True, help_text="Those in departments below have it too."
    )


class TokenHolderBody(Strict):
    """Which service token gets the role."""

    token = serializers.IntegerField(min_value=1)


class DepartmentHolderOut(serializers.Serializer[Any]):
    """A department that has the role."""

    id = serializers.IntegerField(source="department_id")
    name = serializers.CharField(source="department.name")
    with_descendants = serializers.BooleanField(help_text="Those in departments below have it too.")


class InvitationBody(Strict):
    """Somebody who shall come in."""

    name = text()
    email = text()
    is_admin = serializers.BooleanField(required=False, default=False)
    language = serializers.ChoiceField(choices=settings.LANGUAGES, required=False)
    department = serializers.IntegerField(min_value=1, allow_null=True, required=False, default=None)
    by_mail = serializers.BooleanField(required=False, default=True, help_text="Send the link to them.")


class LinkBody(Strict):
    """Whether the fresh link is mailed."""

    by_mail = serializers.BooleanField(required=False, default=True)


class InvitedOut(PersonOut):
    """Somebody invited. The link is shown this once."""

    link = serializers.CharField()


class TokenOut(serializers.Serializer[Any]):
    """A token, without its secret."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    roles = serializers.SerializerMethodField()
    made_by = serializers.IntegerField(
        source="made_by_id", allow_null=True, help_text="Who made a service token: the id of a person."
    )
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(
        serializers.ListField(
            child=serializers.IntegerField(),
            allow_null=True,
            help_text="Ids of the roles of a service token; null for a token that works as its person.",
        )
    )
    def get_roles(self, token: Token) -> list[int] | None:
        """Ids of the roles."""
        return None if token.roles is None else [role.pk for role in token.roles]


class NewTokenOut(TokenOut):
    """A token just made. The secret is shown this once."""

    secret = serializers.CharField()


class TokenBody(Strict):
    """A token to be: one that works as the person who asks, or with `roles` a service token."""

    name = text()
    scopes = serializers.ListField(
        child=serializers.CharField(), help_text="`read`, `write`, `admin` (not for a service token)"
    )
    roles = serializers.ListField(
        child=serializers.IntegerField(min_value=1),
        required=False,
        allow_null=True,
        default=None,
        help_text="Ids of roles. Given, even empty, they make a service token; administrators make those.",
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class ServiceTokenPatch(Strict):
    """What shall be different about a service token. `roles` are all it has from now on."""

    name = text(required=False)
    roles = serializers.ListField(child=serializers.IntegerField(min_value=1), required=False)


PEOPLE = items_of(PersonOut, next=next_cursor())
TOKENS = items_of(TokenOut)
