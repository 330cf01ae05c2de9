"""People and what they hold."""

from accounts.models.department import Department
from accounts.models.invitation import Invitation
from accounts.models.letter import Letter
from accounts.models.role import Role, RoleAssignment
from accounts.models.session import Session
from accounts.models.token import Token
from accounts.models.user import User

__all__ = ["Department", "Invitation", "Letter", "Role", "RoleAssignment", "Session", "Token", "User"]
