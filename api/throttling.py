"""How often one may ask: a bucket per token or person, in this process's memory, so it never waits for anybody."""

import time
from collections import OrderedDict
from threading import Lock
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

MOST_BUCKETS = 10_000


class Buckets:
    """Token buckets by owner: each holds a minute's allowance and fills up evenly."""

    def __init__(self) -> None:
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, owner: str, *, per_minute: int) -> float:
        """Take one; 0 when there was one, otherwise the seconds until there is."""
        now = time.monotonic()
        with self._lock:
            level, since = self._levels.pop(owner, (float(per_minute), now))
            level = min(float(per_minute), level + (now - since) * per_minute / 60)
            wait = 0.0 if level >= 1 else (1 - level) * 60 / per_minute
            self._levels[owner] = (level - 1 if not wait else level, now)
            if len(self._levels) > MOST_BUCKETS:
                self._levels.popitem(last=False)
        return wait

    def clear(self) -> None:
        """Fill every bucket (tests)."""
        with self._lock:
            self._levels.clear()


buckets = Buckets()


class PerOwnerThrottle(BaseThrottle):
    """`API_REQUESTS_PER_MINUTE` for every token and every person, counted per web process; 0 counts nothing."""

    buckets = buckets
    _wait = 0.0

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether the owner has something left."""
        per_minute: int = settings.API_REQUESTS_PER_MINUTE
        if not per_minute:
            return True
        self._wait = self.buckets.take(self.owner(request, view), per_minute=per_minute)
        return not self._wait

    def owner(self, request: Request, view: Any) -> str:
        """Whose bucket it is."""
        return f"t{request.auth.pk}" if request.auth else f"u{request.user.pk}"

    def wait(self) -> float:
        """Seconds until the next request is let through."""
        return self._wait


hook_buckets = Buckets()


class HookThrottle(PerOwnerThrottle):
    """The same for every address that other programs call, in buckets of their own."""

    buckets = hook_buckets

    def owner(self, request: Request, view: Any) -> str:
        """The address."""
        return f"h{view.kwargs['hook_key']}"
