"""What a supervisor asks: is the process alive, can it do its work, does the relay keep up?"""

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

Part = dict[str, Any]

REDIS_PATIENCE = 0.5  # seconds
LONGEST_LAG = 60.0  # seconds


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
    return _answer(healthy=bool(database["ok"]), database=database, redis=_redis())


@never_cache
@require_safe
def relay(request: HttpRequest) -> JsonResponse:
    """Answer 503 when the oldest event has waited for the relay for longer than a minute."""
    database = _database()
    lag = database.get("relay_lag_seconds", LONGEST_LAG)
    return _answer(healthy=lag < LONGEST_LAG, database=database)


def _answer(*, healthy: bool, **parts: Part) -> JsonResponse:
    status = "ok" if healthy else "failing"
    return JsonResponse({"status": status, **parts}, status=200 if healthy else 503)


def _database() -> Part:
    """Tell whether the database answers, and how long the oldest event has waited for the relay."""
    try:
        waiting = Event.objects.filter(seq=None).aggregate(
            seconds=Extract(Now() - Min("at"), "epoch"),
        )
    except DatabaseError:
        return {"ok": False}
    return {"ok": True, "relay_lag_seconds": round(float(waiting["seconds"] or 0), 3)}


def _redis() -> Part:
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
