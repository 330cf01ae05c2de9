"""One server's work without the server: counts the statements of each request, times or profiles it.

`python -m bench.in_process count|time|profile`, with the settings of either application; requests come as JSON
on stdin, figures go as JSON to stdout.
"""

import cProfile
import io
import json
import pstats
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

application = get_wsgi_application()
ROOT = str(Path(__file__).resolve().parent.parent)
DEEPEST = 40
"""Lines of the list of functions."""


def ask(request: dict[str, Any], authorization: str) -> None:
    """Make one request through the whole of Django. Raises RuntimeError unless it is answered with 2xx."""
    body = b"" if request["body"] is None else orjson.dumps(request["body"])
    made = RequestFactory().generic(
        request["method"],
        request["path"],
        body,
        "application/json",
        headers={"authorization": authorization, "host": "127.0.0.1"},
    )
    said: list[str] = []

    def start(status: str, headers: Any, exc_info: Any = None, /) -> Callable[[bytes], object]:
        said.append(status)
        return lambda chunk: None

    chunks = application(made.environ, start)
    answer = b"".join(chunks)
    if close := getattr(chunks, "close", None):
        close()
    if not said[0].startswith("2"):
        raise RuntimeError(f"{request['path']}: {said[0]} {answer[:400]!r}")


def count(requests: list[dict[str, Any]], authorization: str) -> int:
    """Statements of the last of the requests, the first ones being there to warm up."""
    for request in requests[:-1]:
        ask(request, authorization)
    with CaptureQueriesContext(connection) as captured:
        ask(requests[-1], authorization)
    return len([query for query in captured.captured_queries if query["sql"]])


def processor_ms(requests: list[dict[str, Any]], authorization: str) -> float:
    """Processor time of one request in milliseconds: what is left of noise when others use the machine too.

    A part of the requests warms up; each is made once, because a change that was made already changes nothing.
    """
    warm = len(requests) // 5
    for request in requests[:warm]:
        ask(request, authorization)
    begun = time.process_time()
    for request in requests[warm:]:
        ask(request, authorization)
    return (time.process_time() - begun) / (len(requests) - warm) * 1000


def profile(requests: list[dict[str, Any]], authorization: str) -> dict[str, Any]:
    """Where the time goes: share by package (own time) and the functions with the most time in them."""
    warm = len(requests) // 5
    for request in requests[:warm]:
        ask(request, authorization)
    profiler = cProfile.Profile(time.process_time)  # waiting for the database is no work
    profiler.enable()
    for request in requests[warm:]:
        ask(request, authorization)
    profiler.disable()
    stats = pstats.Stats(profiler, stream=(text := io.StringIO()))
    stats.sort_stats("cumulative").print_stats(DEEPEST)
    by_package: dict[str, float] = {}
    for (file, _line, _name), (_calls, _all, own, _cumulative, _callers) in stats.stats.items():  # type: ignore[attr-defined]
        package = _package(file)
        by_package[package] = by_package.get(package, 0.0) + own
    total = sum(by_package.values())
    shares = sorted(((name, own / total) for name, own in by_package.items()), key=lambda pair: -pair[1])
    return {"shares": shares, "ms": total / (len(requests) - warm) * 1000, "functions": text.getvalue()}


def _package(file: str) -> str:
    if "site-packages" in file:
        parts = file.partition("site-packages/")[2].split("/")
        return ".".join(parts[:2]).removesuffix(".py") if parts[0] == "django" else parts[0].removesuffix(".py")
    if file.startswith(ROOT):
        return file[len(ROOT) + 1 :].split("/")[0]
    return "python"


def main(what: str) -> dict[str, Any]:
    """Figures for every work."""
    given = json.load(sys.stdin)
    do: Callable[[list[dict[str, Any]]], Any] = {
        "count": lambda requests: count(requests, given["authorization"]),
        "time": lambda requests: processor_ms(requests, given["authorization"]),
        "profile": lambda requests: profile(requests, given["authorization"]),
    }[what]
    return {work: do(requests) for work, requests in given["works"].items()}


if __name__ == "__main__":
    json.dump(main(sys.argv[1]), sys.stdout)
