"""Who acts. Every operation takes an `Actor`; every event records it."""

from dataclasses import dataclass, replace
from enum import StrEnum


class ActorKind(StrEnum):
    """What sort of hand made a change."""

    PERSON = "person"
    TOKEN = "token"  # noqa: S105  (a kind, not a secret)
    RUN = "run"
    IMPORT = "import"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, with the rights they act under and what caused the act.

    `user_id` is the person, also behind a token (a service token has none); `role_ids` are all roles that apply,
    direct and by department; `department_id` is the person's department, `departments_below` it and all below it;
    `run_id`, `root_id` (the first event of the chain) and `depth` are set when an automation acts. What a `quiet`
    actor does is history like everything else, but sets off no robot and tells nobody.
    """

    kind: ActorKind
    label: str
    user_id: int | None = None
    token_id: int | None = None
    run_id: int | None = None
    root_id: int | None = None
    depth: int = 0
    is_admin: bool = False
    role_ids: frozenset[int] = frozenset()
    department_id: int | None = None
    departments_below: frozenset[int] = frozenset()
    scopes: frozenset[str] | None = None
    language: str = "en"
    quiet: bool = False

    def quieted(self) -> "Actor":
        """The same actor, quiet. A method, because what a page hands over is a proxy that `replace` refuses."""
        return replace(self, quiet=True)


SYSTEM = Actor(kind=ActorKind.SYSTEM, label="SmartCRM", is_admin=True)
"""The product itself: migrations, demo data, maintenance."""
