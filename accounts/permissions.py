"""What one must be to change people and roles."""

from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import NotAllowed


def require_admin(actor: Actor) -> None:
    """Raises NotAllowed unless the actor is an administrator."""
    if not actor.is_admin:
        raise NotAllowed(_("Only an administrator may do this."))
