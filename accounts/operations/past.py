"""People and departments that a history speaks of."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import Department, User
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

    Whoever has the address already stays as they are; a department of the same name at the root is used. Writes
    `person.added` and `department.created`. Raises NotAllowed.
    """
    require_admin(actor)
    here = {user.email.lower(): user for user in User.objects.filter(email__in=[person.email for person in people])}
    new = [person for person in people if person.email.lower() not in here]
    departments = _departments({person.department for person in new} - {""}, actor)
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


def _departments(names: set[str], actor: Actor) -> dict[str, Department]:
    here = {row.name.casefold(): row for row in Department.objects.filter(parent=None)}
    found = {name: here[name.casefold()] for name in names if name.casefold() in here}
    added = Department.objects.bulk_create(
        Department(name=name, position=len(here) + number) for number, name in enumerate(sorted(names - found.keys()))
    )
    publish_many(
        [event_by(actor, "department.created", data={"department_id": row.pk, "name": row.name}) for row in added]
    )
    return found | {row.name: row for row in added}
