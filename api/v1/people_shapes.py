"""Bodies and answers about people, roles and tokens."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from api.v1.strict import Strict, optional_text, text


class PersonOut(serializers.Serializer[Any]):
    """A person, as everybody may see them."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    email = serializers.CharField()
    department = serializers.IntegerField(source="department_id", allow_null=True)


class MeOut(PersonOut):
    """Who asks, and with which rights."""

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
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


class NewTokenOut(TokenOut):
    """A token just made. The secret is shown this once."""

    secret = serializers.CharField()


class TokenBody(Strict):
    """A token to be."""

    name = text()
    scopes = serializers.ListField(child=serializers.CharField(), help_text="`read`, `write`, `admin`")
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
