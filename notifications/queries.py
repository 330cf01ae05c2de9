"""What a person has been told."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from accounts.models import User
from core.actor import Actor
from notifications.models import Notification
from processes.models import Process

PAGE = 30


@dataclass(frozen=True, slots=True)
class Told:
    """One notification as its person sees it."""

    id: int
    kind: str
    title: str
    text: str
    process_key: str
    record_id: int | None
    actor_label: str
    created_at: datetime
    is_read: bool


@dataclass(frozen=True, slots=True)
class ToldPage:
    """Some notifications, the newest first, and the id below which the next ones begin."""

    items: tuple[Told, ...]
    next: int | None


def unread_count(user: User | int) -> int:
    """How many notifications the person has not read; one query that reads an index only."""
    return Notification.objects.filter(user=user, read_at=None).count()


def notification_page(actor: Actor, *, before: int | None = None, unread_only: bool = False) -> ToldPage:
    """A page of the actor's own notifications. Two queries."""
    rows = Notification.objects.filter(user_id=actor.user_id or 0)
    if before is not None:
        rows = rows.filter(id__lt=before)
    if unread_only:
        rows = rows.filter(read_at=None)
    found = list(rows.order_by("-id")[: PAGE + 1])
    shown = found[:PAGE]
    keys = _process_keys(shown)
    items = tuple(_told(row, keys.get(row.process_id or 0, "")) for row in shown)
    return ToldPage(items, shown[-1].pk if len(found) > PAGE else None)


def address_of(notification: Notification) -> str:
    """The full address of what it speaks of."""
    key = _process_keys([notification]).get(notification.process_id or 0)
    if key is None or notification.record_id is None:
        return settings.BASE_URL + "/"
    return f"{settings.BASE_URL}/p/{key}/records/{notification.record_id}/"


def _told(row: Notification, process_key: str) -> Told:
    return Told(
        id=row.pk,
        kind=row.kind,
        title=row.title,
        text=row.text,
        process_key=process_key,
        record_id=row.record_id,
        actor_label=row.actor_label,
        created_at=row.created_at,
        is_read=row.read_at is not None,
    )


def _process_keys(rows: list[Notification]) -> dict[int, str]:
    ids = {row.process_id for row in rows if row.process_id is not None}
    return dict(Process.objects.filter(pk__in=ids).values_list("pk", "key")) if ids else {}
