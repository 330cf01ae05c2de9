"""Both embedded servers of one data folder."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smartcrm.embedded.places import make_folder
from smartcrm.embedded.postgres import EmbeddedPostgres
from smartcrm.embedded.redis import EmbeddedRedis


class EmbeddedServices:
    """PostgreSQL and Redis of one data folder; `fast` trades durability for speed, for throw-away data."""

    def __init__(self, data_dir: Path, *, fast: bool = False) -> None:
        self.data_dir = data_dir
        self.postgres = EmbeddedPostgres(data_dir, fast=fast)
        self.redis = EmbeddedRedis(data_dir)

    @property
    def database_url(self) -> str:
        return self.postgres.url

    @property
    def redis_url(self) -> str:
        return self.redis.url

    def start(self) -> None:
        """Start what does not run yet; safe to call from several processes at once."""
        with self._one_at_a_time():
            self.postgres.start()
            self.redis.start()

    def stop(self) -> None:
        """Stop both cleanly."""
        self.redis.stop()
        self.postgres.stop()

    def stop_immediate(self) -> None:
        """Stop both as a power cut would."""
        self.redis.stop_immediate()
        self.postgres.stop_immediate()

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        make_folder(self.data_dir)
        with (self.data_dir / "start.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
