"""Two questions a supervisor asks: is the process alive, and can it do its work?"""

from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError
from django.db.models import Min
from django.db.models.functions import Extract, Now
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from events.models import Event

Answer = dict[str, Any]

REDIS_PATIENCE = 0.5  # seconds


@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """Answer 200 while the process can answer at all."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 with the database reachable, 503 without; Redis and the relay's lag are reported only.

    Without Redis people still work, and automation follows by the relay's poll. So its absence is told but
    does not take the server out of service.
    """
    database = _database()
    healthy = bool(database["ok"])
    answer = {"status": "ok" if healthy else "failing", "database": database, "redis": _redis()}
    return JsonResponse(answer, status=200 if healthy else 503)


def _database() -> Answer:
    """Tell whether the database answers, and how long the oldest event has waited for the relay."""
    try:
        oldest = Event.objects.filter(seq=None).aggregate(
            seconds=Extract(Now() - Min("at"), "epoch"),
        )
    except DatabaseError:
        return {"ok": False}
    return {"ok": True, "relay_lag_seconds": round(float(oldest["seconds"] or 0), 3)}


def _redis() -> Answer:
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=REDIS_PATIENCE,
        socket_connect_timeout=REDIS_PATIENCE,
    )
    try:
        client.ping()
    except redis.RedisError:
        return {"ok": False}
    finally:
        client.close()
    return {"ok": True}
