"""Codes of authenticator apps: each lets somebody in once."""

from django.db.models import Q

from accounts.models import User


def use_code(user: User, *, step: int) -> bool:
    """Take the code of a time step; whether it was still to be had. Of many at once one gets it, whatever process."""
    unused = Q(last_code_step=None) | Q(last_code_step__lt=step)
    return bool(User.objects.filter(unused, pk=user.pk).update(last_code_step=step))
