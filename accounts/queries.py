"""Who acts, and with which roles."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg import sql

from accounts.devices import HANDHELD, browser_and_system
from accounts.models import Department, Invitation, Letter, Role, RoleAssignment, Session, Token, User
from accounts.models.role import ROBOTS_ROLE_KEY
from core.actor import Actor, ActorKind
from core.errors import NotFound
from core.rows import columns_of, instance_of
from core.secrets import digest_of
from core.text import fold

_STANDING = """
    WITH RECURSIVE up(id, parent_id, distance) AS (
        SELECT d.id, d.parent_id, 0 FROM accounts_department d WHERE d.id = %(department)s
        UNION ALL
        SELECT d.id, d.parent_id, up.distance + 1 FROM accounts_department d JOIN up ON d.id = up.parent_id
        WHERE up.distance < 100
    ), down(id, distance) AS (
        SELECT d.id, 0 FROM accounts_department d WHERE d.id = %(department)s
        UNION ALL
        SELECT d.id, down.distance + 1 FROM accounts_department d JOIN down ON d.parent_id = down.id
        WHERE down.distance < 100
    )
    SELECT ARRAY(
        SELECT a.role_id FROM accounts_roleassignment a WHERE a.user_id = %(user)s
        UNION
        SELECT a.role_id FROM accounts_roleassignment a JOIN up ON a.department_id = up.id
        WHERE up.distance = 0 OR a.with_descendants
        UNION
        SELECT a.role_id FROM accounts_roleassignment a WHERE a.token_id = %(token)s
    ) AS roles, ARRAY(SELECT down.id FROM down) AS departments
"""
"""The roles of a person, direct and through their department and those above it; their department and those below.
Or the roles of a service token, of which the rest is null."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a person stands: what their rights are read from."""

    roles: frozenset[int] = frozenset()
    departments: frozenset[int] = frozenset()
    """Their department and all below it."""


def standing_of(user: User) -> Standing:
    """The roles and the departments of a person. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, {"user": user.pk, "department": user.department_id, "token": None})
        roles, departments = cursor.fetchone()
    return Standing(frozenset(roles), frozenset(departments))


def actor_for(user: User) -> Actor:
    """The person as an actor, with the roles they have now. Raises NotFound for a deactivated person."""
    if not user.is_active:
        raise NotFound(_("This person is deactivated."))
    return _person(user, Standing() if user.is_admin else standing_of(user))


def actors_for(users: Iterable[User]) -> dict[int, Actor]:
    """Many people as actors, by id; the deactivated are left out. One query."""
    active = [user for user in users if user.is_active]
    if not active:
        return {}
    statement = sql.SQL(
        "SELECT u.id, s.roles, s.departments FROM accounts_user u, LATERAL ({}) s WHERE u.id = ANY(%s)"
    ).format(sql.SQL(_STANDING % {"user": "u.id", "department": "u.department_id", "token": "NULL"}))
    with connection.cursor() as cursor:
        cursor.execute(statement, [[user.pk for user in active]])
        found = {pk: Standing(frozenset(roles), frozenset(below)) for pk, roles, below in cursor.fetchall()}
    return {user.pk: _person(user, Standing() if user.is_admin else found[user.pk]) for user in active}


def _person(user: User, standing: Standing) -> Actor:
    return Actor(
        kind=ActorKind.PERSON,
        label=user.name,
        user_id=user.pk,
        is_admin=user.is_admin,
        role_ids=standing.roles,
        department_id=user.department_id,
        departments_below=standing.departments,
        language=user.language,
    )


def token_and_actor(secret: str) -> tuple[Token, Actor] | None:
    """The live token behind a secret and the actor it makes; None for an unknown, expired or revoked one,
    and for one whose person is deactivated.

    An administrator's token has the administrator's rights only with the scope `admin`.
    """
    found = _token_and_standing("digest", digest_of(secret))
    return (found[0], _actor_of(*found)) if found is not None and _is_live(found[0]) else None


def actor_of_token(token_id: int) -> Actor:
    """The actor that a token makes, for work that goes on after the request. Raises NotFound for one that is dead."""
    found = _token_and_standing("id", token_id)
    if found is None or not _is_live(found[0]):
        raise NotFound(_("The token has expired or was revoked."))
    return _actor_of(*found)


def is_active_person(person_id: int) -> bool:
    """Whether somebody with this id may be given work. One query, which every value that names a person makes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM accounts_user WHERE id = %s AND is_active", [person_id])
        return cursor.fetchone() is not None


def people_called(texts: Iterable[str]) -> dict[str, list[int]]:
    """Folded text → ids of the active people whose e-mail address or full name it is. One query."""
    wanted = {fold(text) for text in texts}
    if not wanted:
        return {}
    address = Lower("email")
    known = User.objects.active().alias(address=address).filter(Q(address__in=wanted) | Q(folded_name__in=wanted))
    found: dict[str, list[int]] = {}
    for person_id, email, name in known.order_by("pk").values_list("pk", address, "folded_name"):
        for text in wanted & {email, name}:
            found.setdefault(text, []).append(person_id)
    return found


def departments_called(text: str) -> list[int]:
    """Ids of the departments of this name, whatever its case. One query."""
    return list(Department.objects.filter(name__iexact=text.strip()).values_list("pk", flat=True))


def _token_and_standing(column: str, value: str | int) -> tuple[Token, Standing] | None:
    """The token with its person (if any) loaded, and where they or it stand. One query, which every request of a
    program makes.
    """
    with connection.cursor() as cursor:
        cursor.execute(_token_statement(column), [value])
        row = cursor.fetchone()
    if row is None:
        return None
    width = len(Token._meta.concrete_fields)
    token = instance_of(Token, row[:width])
    token.user = None if token.is_service else instance_of(User, row[width:-2])
    return token, Standing(frozenset(row[-2]), frozenset(row[-1]))


@cache
def _token_statement(column: str) -> str:
    statement = sql.SQL(
        "SELECT {token}, {person}, s.roles, s.departments FROM accounts_token t"
        " LEFT JOIN accounts_user u ON u.id = t.user_id, LATERAL ({standing}) s WHERE t.{column} = %s"
    ).format(
        token=columns_of(Token, "t"),
        person=columns_of(User, "u"),
        standing=sql.SQL(_STANDING % {"user": "u.id", "department": "u.department_id", "token": "t.id"}),
        column=sql.Identifier(column),
    )
    return statement.as_string()


def _is_live(token: Token) -> bool:
    is_expired = token.expires_at is not None and token.expires_at <= timezone.now()
    return token.revoked_at is None and (token.user is None or token.user.is_active) and not is_expired


def _actor_of(token: Token, standing: Standing) -> Actor:
    if token.user is None:
        return service_actor(token, standing.roles)
    is_admin = token.user.is_admin and "admin" in token.scopes
    return Actor(
        kind=ActorKind.TOKEN,
        label=f"{token.user.name} · {token.name}",
        user_id=token.user_id,
        token_id=token.pk,
        is_admin=is_admin,
        role_ids=frozenset() if is_admin else standing.roles,
        department_id=token.user.department_id,
        departments_below=standing.departments,
        scopes=frozenset(token.scopes),
        language=token.user.language,
    )


def service_actor(token: Token, role_ids: Iterable[int]) -> Actor:
    """A service token as an actor: nobody's person, in no department, with these roles and no more."""
    return Actor(
        kind=ActorKind.TOKEN,
        label=token.name,
        token_id=token.pk,
        role_ids=frozenset(role_ids),
        scopes=frozenset(token.scopes),
        language=settings.LANGUAGE_CODE,
    )


def roles() -> QuerySet[Role]:
    """All roles in their order."""
    return Role.objects.all()


def givable_roles() -> QuerySet[Role]:
    """Roles that people, departments and service tokens can have: all but that of the robots."""
    return roles().exclude(key=ROBOTS_ROLE_KEY)


def people(search: str = "") -> Any:
    """Active people by name, optionally those that match a search."""
    found = User.objects.active().by_name()
    return found.search(search) if search else found


def viewable_people() -> Any:
    """Those as whom an administrator may look at the product, by name."""
    return User.objects.viewable().by_name()


def everybody(search: str = "", *, department_id: int | None = None) -> Any:
    """All people with their department, direct roles (`role_assignments`) and whether an invitation is open
    (`is_invited`), by name, the deactivated last.
    """
    found = User.objects.search(search) if search else User.objects.all()
    if department_id is not None:
        found = found.filter(department_id=department_id)
    roles = RoleAssignment.objects.select_related("role").order_by("role__position", "role_id")
    return (
        found.order_by("-is_active", "folded_name", "id")
        .select_related("department")
        .annotate(is_invited=Exists(_open_invitations().filter(user=OuterRef("pk"))))
        .prefetch_related(Prefetch("role_assignments", roles))
    )


def roles_by_department(user: User) -> QuerySet[Role]:
    """Roles that a person has through departments, not directly. Two queries."""
    direct = RoleAssignment.objects.filter(user=user).values("role_id")
    return Role.objects.filter(pk__in=standing_of(user).roles).exclude(pk__in=direct)


def last_letter_to(user: User) -> Letter | None:
    """The newest letter that invited a person, however it fared."""
    return Letter.objects.filter(invitation__user=user).order_by("-id").first()


def roles_with_holders() -> QuerySet[Role]:
    """All roles with the people, departments and tokens that have them directly (`assignments`), by name."""
    held = RoleAssignment.objects.select_related("user", "department", "token").order_by(
        F("department__name").asc(nulls_last=True), "user__folded_name", "token__name", "id"
    )
    return Role.objects.prefetch_related(Prefetch("assignments", held))


def holders_of(role: Role) -> Any:
    """The people who have a role directly, the deactivated too."""
    return User.objects.filter(role_assignments__role=role)


def departments_with(role: Role) -> QuerySet[RoleAssignment]:
    """The departments that have a role (`department`, `with_descendants`), by name."""
    found = RoleAssignment.objects.filter(role=role, department__isnull=False).select_related("department")
    return found.order_by("department__name", "id")


def tokens_with(role: Role) -> QuerySet[Token]:
    """The working service tokens that have a role, by name."""
    return service_tokens().filter(role_assignments__role=role, revoked_at=None).order_by("name", "id")


def _open_invitations() -> QuerySet[Invitation]:
    return Invitation.objects.filter(accepted_at=None, expires_at__gt=timezone.now())


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One browser in which a person is signed in. `browser` and `system` are empty where unknown."""

    id: str
    browser: str
    system: str
    is_handheld: bool
    address: str
    started_at: datetime
    seen_at: datetime
    is_this: bool


def sessions_of(user: User, *, this: str = "") -> list[SignedIn]:
    """Where a person is signed in: the session whose key is `this` first, then the last seen. One query."""
    rows = Session.objects.filter(user=user, expire_date__gt=timezone.now()).order_by("-seen_at")
    found = [_signed_in(row, this) for row in rows.defer("session_data")]
    return sorted(found, key=lambda one: not one.is_this)


def _signed_in(row: Session, this: str) -> SignedIn:
    browser, system = browser_and_system(row.browser)
    return SignedIn(
        id=row.public_id,
        browser=browser,
        system=system,
        is_handheld=system in HANDHELD,
        address=row.address or "",
        started_at=row.started_at,
        seen_at=row.seen_at,
        is_this=row.session_key == this,
    )


def tokens_of(user: User) -> QuerySet[Token]:
    """A person's tokens, the working ones first, then by age."""
    return Token.objects.filter(user=user).order_by(F("revoked_at").desc(nulls_first=True), "-id")


def service_tokens() -> QuerySet[Token]:
    """The tokens that work for themselves, with who made them and their roles; the working ones first, then by age."""
    roles = RoleAssignment.objects.select_related("role").order_by("role__position", "role_id")
    found = Token.objects.filter(user=None).select_related("made_by")
    return found.prefetch_related(Prefetch("role_assignments", roles)).order_by(
        F("revoked_at").desc(nulls_first=True), "-id"
    )
