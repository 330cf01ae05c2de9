"""docker-compose.yml and deploy/Caddyfile, read for tests: what each container runs, and who is behind the proxy."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from smartcrm.embedded.places import CHECKOUT

COMPOSE_TEXT = (CHECKOUT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "smartcrm"}
CADDYFILE = (CHECKOUT / "deploy/Caddyfile").read_text()
IMAGE_ENVIRONMENT = dict(re.findall(r"^(?:ENV| )\s+(\w+)=(\S+)", (CHECKOUT / "Dockerfile").read_text(), re.MULTILINE))

VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
_HANDLE = re.compile(r"^\thandle (?:(\S+) )?\{\n(.*?)^\t\}", re.MULTILINE | re.DOTALL)


def filled_in(text: str, values: Mapping[str, str] | None = None) -> str:
    """Put values in as compose does: `${NAME:-2}` has a default, `${NAME:?why}` must be given. Raises KeyError."""

    def value(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        given = (values or {}).get(name, "")
        if not given and kind == "?":
            raise KeyError(name)
        return given or (rest if kind == "-" else "")

    return VARIABLE.sub(value, text).replace("$$", "$")


def command_of(name: str, values: Mapping[str, str] | None = None) -> list[str]:
    """What a container runs."""
    return [filled_in(part, values) for part in SERVICES[name]["command"]]


def environment_of(name: str, values: Mapping[str, str]) -> dict[str, str]:
    """With what it runs."""
    return {key: filled_in(str(value), values) for key, value in SERVICES[name]["environment"].items()}


def routes() -> list[tuple[str, str, str]]:
    """(pattern, service, the rest of its block) of the proxy, in order; an empty pattern is everything else."""
    found = []
    for pattern, block in _HANDLE.findall(CADDYFILE):
        upstream = re.search(r"reverse_proxy (\w+):8000", block)
        assert upstream is not None
        found.append((pattern, upstream[1], block))
    return found


def service_behind(path: str) -> str:
    """Which service the proxy asks for a path."""
    for pattern, service, _block in routes():
        prefix = pattern.removesuffix("*")
        if not pattern or (path.startswith(prefix) if pattern.endswith("*") else path == pattern):
            return service
    raise LookupError(path)
