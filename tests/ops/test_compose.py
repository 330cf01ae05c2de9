"""The containers: their commands exist, their settings are explained, only the proxy has a door outside."""

import re
from pathlib import Path

import click
import pytest
from celery.bin.celery import celery
from django.core.management import get_commands
from uvicorn.main import main as uvicorn

from smartcrm.embedded.places import CHECKOUT
from smartcrm.live.app import STREAM_HEADERS
from tests.compose import CADDYFILE, COMPOSE, COMPOSE_TEXT, OURS, SERVICES, command_of, routes, service_behind

VARIABLE = re.compile(r"\$\{(\w+)")
EXAMPLE = re.compile(r"^(\w+)=", re.MULTILINE)

# Every place where the product reads its environment.
READS = re.compile(r"""(?:env\.\w+|environ\.get)\(\s*"(\w+)\"""")
NOT_OURS = {"XDG_DATA_HOME"}


def lanes(command: list[str]) -> set[str]:
    found = [part.removeprefix("--queues=").split(",") for part in command if part.startswith("--queues=")]
    return {lane for part in found for lane in part}


@pytest.mark.parametrize("name", [name for name, service in OURS.items() if service["command"][0] == "python"])
def test_management_commands_exist(name: str) -> None:
    program, script, command, *_ = OURS[name]["command"]

    assert (program, script) == ("python", "manage.py")
    assert command in get_commands()


@pytest.mark.parametrize("name", [name for name, service in OURS.items() if service["command"][0] == "uvicorn"])
def test_uvicorn_knows_every_option(name: str) -> None:
    context = uvicorn.make_context("uvicorn", command_of(name)[1:])

    assert context.params["app"] == "smartcrm.asgi:application"


@pytest.mark.parametrize("name", [name for name, service in OURS.items() if service["command"][0] == "celery"])
def test_celery_knows_every_option(name: str) -> None:
    arguments = command_of(name)[1:]
    here = arguments.index("worker")
    worker = celery.commands["worker"]

    before, _, _ = celery.make_parser(click.Context(celery)).parse_args(arguments[:here])
    options, rest, _ = worker.make_parser(click.Context(worker)).parse_args(arguments[here + 1 :])

    assert before["app"] == "smartcrm"
    assert options["queues"]
    assert rest == []


def test_every_lane_has_exactly_one_worker() -> None:
    found = [lane for service in OURS.values() for lane in sorted(lanes(service["command"]))]

    assert sorted(found) == ["bulk", "http", "internal", "mail", "relay"]


def test_every_variable_is_in_the_example_and_the_other_way_round() -> None:
    used = set(VARIABLE.findall(COMPOSE_TEXT))
    explained = set(EXAMPLE.findall((CHECKOUT / ".env.example").read_text()))

    assert used == explained


def test_every_setting_is_in_the_operating_manual() -> None:
    sources = Path(CHECKOUT / "smartcrm").rglob("*.py")
    read = {name for path in sources for name in READS.findall(path.read_text())} - NOT_OURS
    manual = (CHECKOUT / "docs/operating.md").read_text()

    assert len(read) > 20
    assert {name for name in read if f"`{name}`" not in manual} == set()


def test_only_the_proxy_has_ports_on_the_host() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]


def test_every_lasting_service_says_how_it_is() -> None:
    silent = [name for name, service in SERVICES.items() if "test" not in service.get("healthcheck", {})]

    assert silent == ["prepare"]


def test_only_those_with_business_outside_can_get_out() -> None:
    outside = {name for name, service in SERVICES.items() if "outside" in service["networks"]}

    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert outside == {"proxy", "web", "worker-outside"}


@pytest.mark.parametrize("name", OURS)
def test_our_containers_cannot_change_themselves(name: str) -> None:
    service = OURS[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]


def test_nothing_starts_before_the_database_is_up_to_date() -> None:
    late = {name for name in OURS if name != "prepare"}

    assert {name for name in late if OURS[name]["depends_on"].get("prepare")} == late
    assert OURS["prepare"]["environment"]["DATABASE_STATEMENT_TIMEOUT"] == "0"


def test_the_proxy_knows_the_services_it_sends_to() -> None:
    assert [(pattern, service) for pattern, service, _block in routes()] == [("/live/*", "live"), ("", "web")]
    assert {service for _pattern, service, _block in routes()} <= set(OURS)
    assert "./deploy/Caddyfile:/etc/caddy/Caddyfile:ro" in SERVICES["proxy"]["volumes"]


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/live/", "live"),
        ("/live/since/", "live"),
        ("/", "web"),
        ("/lively/", "web"),
        ("/api/v1/processes/", "web"),
        ("/health/ready", "web"),
        ("/static/js/app.js", "web"),
    ],
)
def test_the_proxy_sends_streams_to_the_live_server_and_pages_to_the_web(path: str, service: str) -> None:
    assert service_behind(path) == service


def test_the_proxy_holds_no_message_of_a_stream_back() -> None:
    """At once to the browser, and never compressed: a compressor waits for more."""
    stream = next(block for pattern, _service, block in routes() if pattern == "/live/*")
    assert "flush_interval -1" in stream
    assert "encode" not in CADDYFILE
    assert (b"content-encoding", b"identity") in STREAM_HEADERS


def test_the_proxy_refuses_what_the_product_would_refuse() -> None:
    proxy, web = SERVICES["proxy"]["environment"], OURS["web"]["environment"]
    assert "max_size {$MAX_UPLOAD_MB}MiB" in CADDYFILE
    assert proxy["MAX_UPLOAD_MB"] == web["MAX_UPLOAD_MB"]


def test_the_web_server_believes_the_proxy_and_only_it_can_come_near() -> None:
    """It is told of the client by headers, so nobody else may send it any."""
    assert OURS["web"]["environment"]["FORWARDED_ALLOW_IPS"] == "*"
    assert all("ports" not in service for service in OURS.values())


def test_the_database_is_made_with_letters_that_have_a_case() -> None:
    options = SERVICES["database"]["environment"]["POSTGRES_INITDB_ARGS"]

    assert "--builtin-locale=C.UTF-8" in options
    assert "--encoding=UTF8" in options
