"""An embedded PostgreSQL server: made on first start, stopped cleanly, found again after a crash."""

import getpass
import os
import shutil
import signal
from pathlib import Path

from smartcrm.embedded.errors import EmbeddedError
from smartcrm.embedded.owner import Owner, postgres_bin, service_owner
from smartcrm.embedded.places import DATABASE, database_url, socket_dir
from smartcrm.embedded.server import Server

SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "80",
    "shared_buffers": "64MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "min_wal_size": "64MB",
    # A process is a table with a dozen indexes, and one statement may lock several of them.
    "max_locks_per_transaction": "256",
    "random_page_cost": "1.1",
    "jit": "off",
    # Three worker processes for reads ahead would cost more memory than they save time here.
    "io_method": "sync",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "cluster_name": "'smartcrm'",
}

# For throw-away servers: nothing that is lost with the machine is missed.
FAST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
}

INCLUDE = """
# Written anew on every start; what stands below this line wins.
include_if_exists 'smartcrm.conf'
"""

ACCESS = f"local all {DATABASE} peer map=smartcrm\n"


START_PATIENCE = 300.0  # seconds; recovery after a crash may take some
STOP_PATIENCE = 60.0


class EmbeddedPostgres(Server):
    """One PostgreSQL server on a Unix socket; only its owner and root may connect."""

    name = "PostgreSQL"
    program = "postgres"

    def __init__(self, data_dir: Path, *, fast: bool = False) -> None:
        super().__init__(data_dir)
        self.cluster = data_dir / "postgres"
        self.sockets = socket_dir(data_dir)
        self.url = database_url(data_dir)
        self.fast = fast

    @property
    def pid_file(self) -> Path:
        return self.cluster / "postmaster.pid"

    @property
    def log_file(self) -> Path:
        return self.log / "postgres.log"

    def start(self) -> None:
        """Start the server, or take over the one that a killed process left; make the cluster if missing."""
        owner = service_owner()
        if not owner.can_reach(self.cluster):
            raise EmbeddedError(f"The user {owner.name} cannot enter {self.cluster.parent}: set SMARTCRM_DATA_DIR.")
        owner.give(self.sockets, 0o700)
        owner.give(self.log, 0o700)
        if not (self.cluster / "PG_VERSION").exists():
            self._create(owner)
        self._check_version(owner)
        if self.is_running():
            return
        if self.process_id() is None:
            # A number that is now another program's, as after a restart of a container.
            self.pid_file.unlink(missing_ok=True)
        self._write_settings(owner)
        self._launch(owner, postgres_bin(owner) / "postgres", "-D", self.cluster, patience=START_PATIENCE)

    def stop(self) -> None:
        """Stop the server as soon as its transactions are rolled back and its files are in order."""
        self._end(signal.SIGINT, STOP_PATIENCE)

    def stop_immediate(self) -> None:
        """Stop the server as a power cut would; the next start recovers."""
        self._end(signal.SIGQUIT, STOP_PATIENCE)

    def is_running(self) -> bool:
        """Return whether the server accepts connections."""
        owner = service_owner()
        return owner.run(postgres_bin(owner) / "pg_isready", "-q", "-h", self.sockets).returncode == 0

    def _create(self, owner: Owner) -> None:
        """Make the cluster beside its place and move it there when complete, so a crash leaves no half."""
        draft = self.cluster.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        owner.give(draft, 0o700)
        binaries = postgres_bin(owner)
        options = ["--no-sync"] if self.fast else []
        made = owner.run(
            binaries / "initdb",
            *("-D", draft, "-U", DATABASE, "--encoding=UTF8"),
            # The wheel has no ICU, and the plain C locale does not know Cyrillic letters.
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            *("--auth-local=peer", "--auth-host=reject", "--no-instructions", *options),
        )
        if made.returncode:
            raise EmbeddedError(f"PostgreSQL could not make its data folder: {_last_line(made.stdout)}")
        with (draft / "postgresql.conf").open("a") as conf:
            conf.write(INCLUDE)
        (draft / "pg_hba.conf").write_text(ACCESS)
        names = sorted({owner.name, "root", getpass.getuser()})
        (draft / "pg_ident.conf").write_text("".join(f"smartcrm {name} {DATABASE}\n" for name in names))
        single = (binaries / "postgres", "--single", "-D", draft, "postgres")
        named = owner.run(*single, stdin=f"CREATE DATABASE {DATABASE}\n")
        if named.returncode:
            raise EmbeddedError(f"PostgreSQL could not make its database: {_last_line(named.stdout)}")
        draft.rename(self.cluster)

    def _check_version(self, owner: Owner) -> None:
        made_by = (self.cluster / "PG_VERSION").read_text().strip()
        installed = owner.run(postgres_bin(owner) / "postgres", "--version").stdout.split()[2].split(".")[0]
        if made_by != installed:
            raise EmbeddedError(
                f"The data in {self.cluster} is of PostgreSQL {made_by}, the server of {installed}: "
                "see docs/operating.md, 'A new PostgreSQL version'."
            )

    def _write_settings(self, owner: Owner) -> None:
        values = {**SETTINGS, **(FAST_SETTINGS if self.fast else {})}
        values["unix_socket_directories"] = f"'{self.sockets}'"
        path = self.cluster / "smartcrm.conf"
        path.write_text("".join(f"{name} = {value}\n" for name, value in values.items()))
        if not owner.is_caller:
            os.chown(path, owner.uid, owner.gid)


def _last_line(text: str) -> str:
    return text.strip().rsplit("\n", 1)[-1]
