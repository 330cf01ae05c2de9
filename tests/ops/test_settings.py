"""Settings under a real environment, each time in a process of its own."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from smartcrm.embedded.places import CHECKOUT

KEY = "an-example-key-that-is-long-enough-and-has-many-letters-0123456789"

SHOW = """
import json, smartcrm.settings as s
names = [n for n in dir(s) if n.isupper()]
print(json.dumps({n: getattr(s, n) for n in names}, default=lambda value: None))
"""


def settings(**environment: str) -> dict[str, Any]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SMARTCRM_DATA_DIR") if name in os.environ}
    given = {
        "SECRET_KEY": KEY,
        "DATABASE_URL": "postgres://a:b@db/c",
        "REDIS_URL": "redis://r/0",
        **environment,
    }
    done = subprocess.run(
        [sys.executable, "-c", SHOW],
        env={**kept, **given},
        cwd=CHECKOUT,
        capture_output=True,
        check=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def deployment_check(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["scripts/check-deployment", sys.executable],
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment},
        cwd=CHECKOUT,
        capture_output=True,
        check=False,
        text=True,
    )


def test_https_makes_everything_strict() -> None:
    found = settings(BASE_URL="https://crm.example.com")

    assert found["SESSION_COOKIE_SECURE"] is found["CSRF_COOKIE_SECURE"] is found["SECURE_SSL_REDIRECT"] is True
    assert found["SECURE_HSTS_SECONDS"] > 0
    assert found["ALLOWED_HOSTS"] == ["crm.example.com"]
    assert found["CSRF_TRUSTED_ORIGINS"] == ["https://crm.example.com"]


def test_this_machine_alone_works_without_https() -> None:
    found = settings()

    assert found["SESSION_COOKIE_SECURE"] is found["CSRF_COOKIE_SECURE"] is found["SECURE_SSL_REDIRECT"] is False
    assert found["SECURE_HSTS_SECONDS"] == 0
    assert {"127.0.0.1", "localhost"} <= set(found["ALLOWED_HOSTS"])


def test_debugging_is_off_unless_asked_for() -> None:
    assert settings()["DEBUG"] is False
    assert settings(DEBUG="true")["DEBUG"] is True


@pytest.mark.parametrize(
    ("given", "redis", "celery"),
    [
        ("redis://r:6379/3", "redis://r:6379/3", "redis://r:6379/3"),
        ("unix:///run/r.sock?db=3", "unix:///run/r.sock?db=3", "redis+socket:///run/r.sock?virtual_host=3"),
        (
            "redis+socket:///run/r.sock?virtual_host=3",
            "unix:///run/r.sock?db=3",
            "redis+socket:///run/r.sock?virtual_host=3",
        ),
    ],
)
def test_one_redis_address_serves_both_clients(given: str, redis: str, celery: str) -> None:
    found = settings(REDIS_URL=given)

    assert (found["REDIS_URL"], found["CELERY_BROKER_URL"]) == (redis, celery)


def test_the_statement_timeout_reaches_the_server() -> None:
    options = settings(DATABASE_STATEMENT_TIMEOUT="7")["DATABASES"]["default"]["OPTIONS"]["options"]

    assert "-c statement_timeout=7s" in options


def test_content_security_policy_allows_nothing_but_ourselves() -> None:
    directives = settings()["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]

    assert directives.pop("img-src") == ["'self'", "data:"]
    assert {source for sources in directives.values() for source in sources} == {"'self'", "'none'"}
    assert directives["default-src"] == ["'none'"]


def test_a_real_installation_passes_the_deployment_check() -> None:
    done = deployment_check()

    assert done.returncode == 0, done.stderr


def test_the_deployment_check_can_fail() -> None:
    done = deployment_check(HSTS_SECONDS="0")

    assert done.returncode != 0
    assert "security.W004" in done.stderr
