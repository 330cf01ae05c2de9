"""Tells the live servers that `seq` has moved on.

May be lost: they read the events themselves and look now and then.
"""

import logging
from functools import cache

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

CHANNEL = "smartcrm:live"


def announce(seq: int) -> None:
    """Publish the newest `seq`; a silent or absent Redis costs at most the socket's timeout and nothing is lost."""
    try:
        _redis().publish(CHANNEL, seq)
    except redis.RedisError as error:
        logger.warning("Live servers could not be told: %s", error)


@cache
def _redis() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
