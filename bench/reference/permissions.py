"""Who may do what."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from bench.reference.models import User


class WorksWithRequests(BasePermission):
    """Everybody who is signed in reads, workers write."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """By the role of the person."""
        person = request.user
        if not isinstance(person, User):
            return False
        return request.method in SAFE_METHODS or person.role == User.Role.WORKER
