"""Changes to people, departments, roles, tokens and sessions."""

from accounts.operations.codes import use_code
from accounts.operations.departments import (
    create_department,
    delete_department,
    move_department,
    rename_department,
    set_department,
    set_department_head,
    update_department,
)
from accounts.operations.invitations import (
    accept_invitation,
    create_first_admin,
    invitation_for,
    invite_person,
    renew_invitation,
    revoke_invitation,
)
from accounts.operations.letters import ask_for_password
from accounts.operations.past import PastPerson, add_past_people
from accounts.operations.people import (
    change_password,
    deactivate_person,
    reactivate_person,
    remember_choice,
    set_administrator,
    update_profile,
)
from accounts.operations.roles import (
    assign_role,
    assign_role_to_department,
    create_role,
    delete_role,
    held_roles,
    rename_role,
    unassign_role,
    unassign_role_from_department,
)
from accounts.operations.sessions import end_other_sessions, end_session
from accounts.operations.tokens import (
    assign_role_to_token,
    create_service_token,
    create_token,
    note_token_use,
    rename_service_token,
    revoke_token,
    set_token_roles,
    unassign_role_from_token,
)
from accounts.operations.viewing import begin_view, end_view

__all__ = [
    "PastPerson",
    "accept_invitation",
    "add_past_people",
    "ask_for_password",
    "assign_role",
    "assign_role_to_department",
    "assign_role_to_token",
    "begin_view",
    "change_password",
    "create_department",
    "create_first_admin",
    "create_role",
    "create_service_token",
    "create_token",
    "deactivate_person",
    "delete_department",
    "delete_role",
    "end_other_sessions",
    "end_session",
    "end_view",
    "held_roles",
    "invitation_for",
    "invite_person",
    "move_department",
    "note_token_use",
    "reactivate_person",
    "remember_choice",
    "rename_department",
    "rename_role",
    "rename_service_token",
    "renew_invitation",
    "revoke_invitation",
    "revoke_token",
    "set_administrator",
    "set_department",
    "set_department_head",
    "set_token_roles",
    "unassign_role",
    "unassign_role_from_department",
    "unassign_role_from_token",
    "update_department",
    "update_profile",
    "use_code",
]
