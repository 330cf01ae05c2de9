"""Asks a SmartCRM web server how it is: `python -m smartcrm.probe http://127.0.0.1:8000/health/ready`."""

import os
import sys
import urllib.error
import urllib.request
from urllib.parse import urlsplit

PATIENCE = 5.0  # seconds

# A probe asks the server itself, never a proxy that the environment names.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answers(url: str, patience: float = PATIENCE) -> bool:
    """Return whether the address answers 200, asked under the public name so that host checks hold."""
    public = urlsplit(os.environ.get("BASE_URL", "")).netloc or urlsplit(url).netloc
    request = urllib.request.Request(url, headers={"Host": public})  # noqa: S310
    try:
        with _opener.open(request, timeout=patience) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(0 if answers(sys.argv[1]) else 1)
