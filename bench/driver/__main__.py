"""`python -m bench.driver`: the whole comparison in one run; `make bench` calls it."""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from bench.driver import agreement, idle, report, robots
from bench.driver.machine import Program, answers, free_port, run
from bench.driver.measuring import Bench, as_data
from bench.driver.plan import WORKS, Plan, Work
from bench.driver.sides import Facts, HttpSide, Ours, PlainSql, Reference
from smartcrm.embedded import EmbeddedServices
from smartcrm.embedded.places import make_folder

REFERENCE_SETTINGS = {"DJANGO_SETTINGS_MODULE": "bench.reference.settings"}
OUR_SETTINGS = {"DJANGO_SETTINGS_MODULE": "smartcrm.settings"}


@dataclass(frozen=True, slots=True)
class Options:
    """What to run."""

    size: int
    rounds: int
    requests: int
    records: int
    singles: int
    throw_away: bool
    idle: bool
    profile: str
    results: Path
    folder: Path | None


def main(arguments: Sequence[str]) -> dict[str, Any]:
    """Run the comparison, write the results, return them."""
    options = _parse(arguments)
    with _folder(options) as folder, _services(folder, throw_away=options.throw_away) as environment:
        found = _compare(options, folder, environment)
    if options.idle:
        with _folder(options) as folder:
            found["idle"] = asdict(idle.measure(folder / "up"))
    report.write(found, options.results)
    return found


def _parse(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m bench.driver", description="Compare the product and a hand-written app."
    )
    parser.add_argument("--size", type=int, default=100_000, help="records in each database")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=200, help="requests of one work, side and round")
    parser.add_argument("--records", type=int, default=1_000, help="records with three robots each")
    parser.add_argument("--singles", type=int, default=40, help="records that are followed one by one to their end")
    parser.add_argument("--throw-away", action="store_true", help="a database that loses data with the machine")
    parser.add_argument("--no-idle", dest="idle", action="store_false", help="leave out memory and cold start")
    parser.add_argument("--profile", default="", help="a file for the profile of our requests")
    parser.add_argument("--results", type=Path, default=Path(__file__).parents[1] / "results")
    parser.add_argument("--folder", type=Path, default=None, help="where databases live while the run lasts")
    return Options(**vars(parser.parse_args(arguments)))


@contextmanager
def _folder(options: Options) -> Iterator[Path]:
    """A folder that the database's own user can reach, gone at the end."""
    made = Path(tempfile.mkdtemp(prefix="smartcrm-bench-", dir=options.folder or "/tmp"))
    make_folder(made)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _services(folder: Path, *, throw_away: bool) -> Iterator[dict[str, str]]:
    """PostgreSQL with a database for each application, Redis; what programs need to find them."""
    services = EmbeddedServices(folder, fast=throw_away)
    try:
        services.start()
        with psycopg.connect(services.database_url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE reference")
        yield {
            "SMARTCRM_DATA_DIR": str(folder),
            "DATABASE_URL": services.database_url,
            "REDIS_URL": services.redis_url,
            "REFERENCE_DATABASE_URL": services.database_url.replace("@/smartcrm?", "@/reference?"),
            "API_REQUESTS_PER_MINUTE": "0",
            "LOG_FORMAT": "text",
            "LOG_LEVEL": "WARNING",
        }
    finally:
        services.stop_immediate()


def _compare(options: Options, folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    mine, theirs = {**environment, **OUR_SETTINGS}, {**environment, **REFERENCE_SETTINGS}
    _say(f"loading {options.size} records twice")
    run("manage.py", "migrate", "--verbosity", "0", environment=mine)
    our_facts = Facts(**json.loads(run("-m", "bench.ours.load", str(options.size), environment=mine)))
    their_facts = Facts(**json.loads(run("-m", "bench.reference.load", str(options.size), environment=theirs)))
    with ExitStack() as stack:
        ours = Ours(our_facts, free_port())
        reference = Reference(their_facts, free_port())
        servers = {
            "ours": _serve(stack, "smartcrm.asgi:application", ours, mine),
            "reference": _serve(stack, "bench.reference.asgi:application", reference, theirs),
        }
        plain = PlainSql(our_facts, their_facts, environment["DATABASE_URL"], environment["REFERENCE_DATABASE_URL"])
        plain.prepare()
        background = _Background(mine)
        stack.callback(background.stop)
        background.start()
        agreed = agreement.compare_loaded(ours, reference, record=min(7, options.size))
        _say(f"both give the same {agreed} answers")
        bench = Bench(
            sides=(ours, reference, plain),
            servers=servers,
            database=_postmaster(folder),
            settle=partial(robots.wait_until_quiet, environment["DATABASE_URL"]),
        )
        results = bench.run(Plan(options.size), rounds=options.rounds, requests=options.requests, say=_say)
        agreed += agreement.compare_worked(ours, reference, record=min(7, options.size))
        robot_figures = robots.measure(
            ours,
            environment["DATABASE_URL"],
            records=options.records,
            singles=options.singles,
            stop=background.stop,
            start=background.start,
        )
        background.stop()
        _say(f"{robot_figures.runs} runs of robots are done")
        found = {
            "size": options.size,
            "rounds": options.rounds,
            "requests": options.requests,
            "durable": not options.throw_away,
            "agreed": agreed,
            "works": as_data(results),
            "statements": {
                side.name: _in_process("count", side, options, settings, times=3)
                for side, settings in ((ours, mine), (reference, theirs))
            },
            "processor_ms": {
                side.name: _in_process("time", side, options, settings, times=options.requests)
                for side, settings in ((ours, mine), (reference, theirs))
            },
            "robots": asdict(robot_figures),
        }
        if options.profile:
            found_profile = _in_process("profile", ours, options, mine, times=options.requests + 1)
            Path(options.profile).write_text(json.dumps(found_profile, indent=1))
    return found


def _serve(stack: ExitStack, application: str, side: HttpSide, environment: Mapping[str, str]) -> int:
    """Start one server process as the product's own start does; its process id."""
    address = f"http://127.0.0.1:{side.port}"
    program = Program(
        *("-m", "uvicorn", application, "--port", str(side.port), "--no-access-log", "--log-level", "warning"),
        environment={**environment, "BASE_URL": address},
    )
    stack.callback(program.stop)
    program.wait_for(lambda: answers(f"{address}/health/live"))
    return program.pid


class _Background:
    """The product's relay and worker."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._running: list[Program] = []

    def start(self) -> None:
        """Start both."""
        lanes = ("--queues", "relay,internal,http,mail,bulk", "--concurrency", "2", "--loglevel", "WARNING")
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
        self._running = [
            Program("manage.py", "relay", environment=self._environment),
            Program("-m", "celery", "--app", "smartcrm", "worker", *lanes, *quiet, environment=self._environment),
        ]

    def stop(self) -> None:
        """Stop both."""
        for program in self._running:
            program.stop()
        self._running = []


def _in_process(
    what: str, side: HttpSide, options: Options, environment: Mapping[str, str], *, times: int
) -> dict[str, Any]:
    """Work → what `bench.in_process` finds about one request of it."""
    given = _requests(side, options, times=times)
    found: dict[str, Any] = json.loads(run("-m", "bench.in_process", what, environment=environment, given=given))
    return found


def _requests(side: HttpSide, options: Options, *, times: int) -> str:
    """Requests of every work for a program that makes them without a server."""
    plan = Plan(options.size, turn=times)
    works = {
        work.name: [asdict(call) for call in side.pieces(work.name, plan.pieces(Work(work.name), times))]
        for work in WORKS
        if work.name != "bulk" and work.connections == 1
    }
    return json.dumps({"authorization": side.authorization, "works": works})


def _postmaster(folder: Path) -> int:
    pid = EmbeddedServices(folder).postgres.process_id()
    assert pid is not None
    return pid


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    # A run that is told to end stops what it has started.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    main(sys.argv[1:])
