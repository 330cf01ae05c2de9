"""Changes to people, roles and tokens."""

from accounts.operations.invitations import (
    accept_invitation,
    create_first_admin,
    invitation_for,
    invite_person,
    renew_invitation,
)
from accounts.operations.people import (
    change_password,
    deactivate_person,
    reactivate_person,
    set_administrator,
    update_profile,
)
from accounts.operations.roles import assign_role, create_role, delete_role, rename_role, unassign_role
from accounts.operations.tokens import create_token, note_token_use, revoke_token

__all__ = [
    "accept_invitation",
    "assign_role",
    "change_password",
    "create_first_admin",
    "create_role",
    "create_token",
    "deactivate_person",
    "delete_role",
    "invitation_for",
    "invite_person",
    "note_token_use",
    "reactivate_person",
    "rename_role",
    "renew_invitation",
    "revoke_token",
    "set_administrator",
    "unassign_role",
    "update_profile",
]
