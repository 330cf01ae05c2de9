"""Makers of people, roles and processes for tests. They go through the operations, as everybody does."""

from typing import Any

from django.conf import settings
from django.test import Client

from accounts.models import Department, Role, User
from accounts.operations import assign_role, create_department, create_role
from accounts.queries import actor_for
from core.actor import SYSTEM, Actor
from processes.drafts import FieldDraft, ProcessDraft, StageDraft
from processes.models import Operation, Process, Scope, Stage
from processes.operations import create_process

PASSWORD = "correct horse battery"

_count = iter(range(1, 10**9))

EMPLOYEE = {
    Operation.VIEW: Scope.ALL,
    Operation.CREATE: Scope.ALL,
    Operation.UPDATE: Scope.OWN,
    Operation.MOVE: Scope.OWN,
    Operation.ASSIGN: Scope.OWN,
    Operation.COMMENT: Scope.ALL,
    Operation.HISTORY: Scope.ALL,
    Operation.RUN_BUTTON: Scope.OWN,
    Operation.BULK: Scope.ALL,
}
"""What an ordinary worker gets in tests: sees all, changes own."""

STAGES = (
    StageDraft("Received", key="received", color="blue"),
    StageDraft("In work", key="in_work", color="amber"),
    StageDraft("Completed", Stage.Kind.WON, "green", "completed"),
    StageDraft("Rejected", Stage.Kind.LOST, "red", "rejected"),
)
MOVES = (
    ("received", "in_work"),
    ("received", "rejected"),
    ("in_work", "completed"),
    ("in_work", "rejected"),
    ("in_work", "received"),
    ("completed", "in_work"),
)
FIELDS = (
    FieldDraft("Request date", "date", key="request_date", on_card=True),
    FieldDraft("Amount", "number", key="amount", on_card=True),
    FieldDraft(
        "Source",
        "choice",
        key="source",
        settings={"options": [{"key": "site", "label": "Site"}, {"key": "phone", "label": "Phone"}]},
    ),
    FieldDraft("Responsible", "person", key="responsible"),
    FieldDraft("Comment", "long_text", key="comment"),
)


def make_user(name: str = "", **fields: Any) -> User:
    """A person who can sign in with PASSWORD."""
    number = next(_count)
    name = name or f"Person {number}"
    return User.objects.create_user(f"person{number}@example.test", PASSWORD, name=name, **fields)


def make_admin(name: str = "Admin") -> User:
    """An administrator."""
    return make_user(name, is_admin=True)


def signed_in(user: User) -> Client:
    """Django's test client in which somebody has signed in."""
    client = Client()
    client.force_login(user, settings.AUTHENTICATION_BACKENDS[-1])
    return client


def session_of(user: User) -> str:
    """A session key of somebody who has signed in, for a browser or a bare connection."""
    return signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value


def make_role(name: str = "", *, people: tuple[User, ...] = ()) -> Role:
    """A role in the hands of some people."""
    role = create_role(name=name or f"Role {next(_count)}", actor=SYSTEM)
    for person in people:
        assign_role(role, to=person, actor=SYSTEM)
    return role


def actor_of(user: User) -> Actor:
    """The person as an actor, with present roles."""
    return actor_for(user)


def make_process(actor: Actor | None = None, **changes: Any) -> Process:
    """The process Requests: five fields, four stages, listed moves; `changes` replace parts of the draft."""
    draft = {
        "name": f"Requests {next(_count)}",
        "noun": "request",
        "noun_plural": "requests",
        "stages": STAGES,
        "fields": FIELDS,
        "moves": MOVES,
    }
    return create_process(ProcessDraft(**{**draft, **changes}), actor=actor or SYSTEM)


def make_department(name: str, parent: Department | None = None) -> Department:
    """A department."""
    return create_department(name=name, parent=parent, actor=SYSTEM)
