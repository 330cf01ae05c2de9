"""Services of their own for tests that stop, kill and break them."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from smartcrm.embedded import EmbeddedServices


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder with a short path, as a socket needs, that the database's user can enter."""
    made = Path(tempfile.mkdtemp(prefix="smartcrm-ops-", dir="/tmp"))
    made.chmod(0o711)
    yield made
    EmbeddedServices(made).stop_immediate()
    shutil.rmtree(made)


@pytest.fixture
def embedded(data_dir: Path) -> EmbeddedServices:
    """Throw-away services, not started."""
    return EmbeddedServices(data_dir, fast=True)
