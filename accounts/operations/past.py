"""People and departments that a history speaks of."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models.functions import Lower

from accounts.models import Department, User
from accounts.operations.departments import create_department
from accounts.permissions import require_admin
from core.actor import Actor
from core.text import fold
from events.publish import event_by, publish_many


@dataclass(frozen=True, slots=True)
class PastPerson:
    """Somebody who did something before this installation was there. Without a department the name is empty."""

    email: str
    name: str
    department: str = ""


@transaction.atomic
def add_past_people(people: Sequence[PastPerson], *, actor: Actor) -> dict[str, User]:
    """Add people by whom a history is told: deactivated, without a password, in their departments; users by e-mail.

    Whoever has the address already stays as they are; a department of the same name at the top is used. Writes
    `person.added` and `department.created`. Raises NotAllowed, Invalid (the name of a department).
    """
    require_admin(actor)
    with_department_last = sorted(people, key=lambda person: bool(person.department))
    wanted = {person.email.lower(): person for person in with_department_last}
    known = User.objects.annotate(address=Lower("email")).filter(address__in=wanted)
    here = {user.email.lower(): user for user in known}
    new = [person for address, person in wanted.items() if address not in here]
    departments = {name: _department(name, actor) for name in sorted({person.department for person in new} - {""})}
    password = make_password(None)
    added = User.objects.bulk_create(
        User(
            email=person.email,
            name=person.name,
            folded_name=fold(person.name),
            department=departments.get(person.department),
            password=password,
            is_active=False,
        )
        for person in new
    )
    publish_many([event_by(actor, "person.added", data={"user_id": user.pk, "email": user.email}) for user in added])
    here |= {user.email.lower(): user for user in added}
    return {person.email: here[person.email.lower()] for person in people}


def _department(name: str, actor: Actor) -> Department:
    found = Department.objects.filter(parent=None, name__iexact=name).first()
    return found or create_department(name=name, actor=actor)
