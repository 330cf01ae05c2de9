"""Where an installation keeps its data, and the addresses that follow from it."""

import hashlib
import os
import secrets
import tempfile
from pathlib import Path

from smartcrm.embedded.errors import EmbeddedError

CHECKOUT = Path(__file__).resolve().parents[2]
SYSTEM_HOME = Path("/var/lib/smartcrm")

# What the demo has said about its logins; there while the database holds the demo.
DEMO_LOGINS = "demo.txt"

DATABASE = "smartcrm"
POSTGRES_SOCKET = ".s.PGSQL.5432"
REDIS_SOCKET = "redis.sock"

# sun_path of a Unix socket address on Linux holds 107 characters and a NUL.
LONGEST_SOCKET_PATH = 107


def data_dir() -> Path:
    """Return the data folder of this checkout; two checkouts never share one.

    SMARTCRM_DATA_DIR wins. Root keeps data under /var/lib, everybody else under XDG_DATA_HOME.
    """
    if given := os.environ.get("SMARTCRM_DATA_DIR"):
        return Path(given).absolute()
    name = f"{CHECKOUT.name}-{_short_hash(CHECKOUT)}"
    if os.geteuid() == 0:
        return SYSTEM_HOME / name
    home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local/share")
    return Path(home).absolute() / "smartcrm" / name


def socket_dir(data: Path) -> Path:
    """Return the folder of the sockets: inside the data folder, or a short one if that path is too long."""
    inside = data / "run"
    if len(str(inside / POSTGRES_SOCKET)) <= LONGEST_SOCKET_PATH:
        return inside
    return Path(tempfile.gettempdir()) / f"smartcrm-{os.geteuid()}-{_short_hash(data)}"


def database_url(data: Path) -> str:
    """Return the address of the embedded database, good for libpq and for Django."""
    return f"postgres://{DATABASE}@/{DATABASE}?host={socket_dir(data)}"


def redis_url(data: Path) -> str:
    """Return the address of the embedded Redis as redis-py spells it."""
    return f"unix://{socket_dir(data) / REDIS_SOCKET}"


def secret_key(data: Path) -> str:
    """Return this installation's secret key, made once and readable by its owner only."""
    path = data / "secret_key"
    try:
        if not path.exists():
            make_folder(data)
            _create_once(path, secrets.token_urlsafe(48))
        return path.read_text().strip()
    except OSError as error:
        raise EmbeddedError(
            f"The data folder {data} cannot be used ({error.strerror}): set SMARTCRM_DATA_DIR."
        ) from error


def mail_url(data: Path) -> str:
    """Return the address by which mails become files in a folder of their owner's: they hold links that open doors."""
    folder = data / "mail"
    try:
        make_folder(data)
        make_folder(folder, 0o700)
    except OSError as error:
        raise EmbeddedError(f"The folder {folder} cannot be used ({error.strerror}): set EMAIL_URL.") from error
    return f"filemail:///{folder}"


def make_folder(path: Path, mode: int = 0o711) -> None:
    """Make a folder and its parents; others may pass through to what they own, and may not look around."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)


def _create_once(path: Path, text: str) -> None:
    """Write a private file so that two processes starting at once agree on one content."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _short_hash(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:8]
