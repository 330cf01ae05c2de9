"""Changing a process of many records while it is used: `python -m bench.changing --size 1000000`.

Starts throw-away services, fills them, and has `bench.ours.changes` (or another of them) measure there.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from smartcrm.embedded import EmbeddedServices
from smartcrm.embedded.places import make_folder


def main() -> None:
    """Start services, fill them, change fields."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=100_000, help="records")
    parser.add_argument("--linked", action="store_true", help="values of linked records instead of single fields")
    parser.add_argument("--exports", action="store_true", help="files out instead of changes")
    parser.add_argument("--plans", action="store_true", help="plans of lists and boards for every scope of rights")
    parser.add_argument("--alike", action="store_true", help="how long absent and foreign records take")
    parser.add_argument("--only", default="", help="only changes whose name holds this")
    given = parser.parse_args()
    other = next((name for name in ("linked", "exports", "plans", "alike") if getattr(given, name)), "")
    what = [other, str(given.size)] if other else ["changes", str(given.size), given.only]
    data = Path(tempfile.gettempdir()) / f"smartcrm-changing-{os.getpid()}"
    make_folder(data)
    services = EmbeddedServices(data, fast=True)
    try:
        services.start()
        environment = {
            **os.environ,
            "SMARTCRM_DATA_DIR": str(data),
            "DATABASE_URL": services.database_url,
            "REDIS_URL": services.redis_url,
            "LOG_LEVEL": "WARNING",
        }
        for command in (
            ("manage.py", "migrate", "--verbosity", "0"),
            ("-m", f"bench.ours.{what[0]}", *what[1:]),
        ):
            subprocess.run([sys.executable, *command], env=environment, check=True)
    finally:
        services.stop_immediate()
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    main()
