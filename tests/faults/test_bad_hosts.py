"""F5: whom robots call hangs, drips, resets, redirects in a circle and answers a gigabyte; only its own calls wait."""

import itertools
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest
from django.conf import LazySettings
from django.db.models import F, Max, Min, QuerySet
from django.db.models.functions import Now

from automation.engine.endpoints import FAILURES, IN_FLIGHT
from automation.models import Attempt, Endpoint, Lane, Run, State
from core.egress import ANSWER_LIMIT, TOTAL_SECONDS, call
from records.models import Comment
from tests.automation.helpers import make_robot
from tests.factories import make_process
from tests.faults.conftest import create_many, relay_everything, states
from tests.faults.drain import Drainer
from tests.listener import Answer, Listener, Received, answer, listening
from tests.stack import wait_for

pytestmark = pytest.mark.faults_b

RECORDS, OTHERS, LATER = 8, 200, 5
LEAST_BESIDE = OTHERS // 10
"""Of the others' comments so many are written while the first calls still hang; an idle machine writes all of them."""
CALLERS = 10
"""Processes that call: two more than two hosts may keep busy."""
GIGABYTE = 1 << 30
MOST_PUSHED = 16 << 20
"""Bytes that the system's buffers may have taken of the gigabyte before the caller hung up."""
PATIENCE = 10 * TOTAL_SECONDS
DRIP_EVERY = 0.05


class Host:
    """Somebody who is called; misbehaves until healed."""

    def __init__(self, *behaviour: Answer) -> None:
        self.listener = Listener()
        self.is_healed = threading.Event()
        self._behaviour = itertools.cycle(behaviour)
        self._lock = threading.Lock()

    def respond(self, handler: BaseHTTPRequestHandler, received: Received) -> None:
        """Answer one call."""
        with self._lock:
            behave = answer() if self.is_healed.is_set() else next(self._behaviour)
        behave(handler, received)

    @property
    def calls(self) -> int:
        """How often it was called."""
        return len(self.listener.calls)

    @property
    def failures(self) -> int:
        """In a row, as the breaker has counted; 0 when it is closed."""
        row = Endpoint.objects.filter(host=self.listener.target, open_until__gt=Now()).first()
        return row.failures if row else 0


class Hosts:
    """One host of each bad habit, and a good one."""

    def __init__(self) -> None:
        self.is_over = threading.Event()
        self.pushed = 0
        """Most bytes of the gigabyte that one call let out."""
        drips = [self._drip(head) for head in (b"X", OK, OK + LENGTH + END, OK + CHUNKED + END, OK + END)]
        self.silent = {"hangs": Host(self._hang), "drips": Host(*drips), "resets": Host(_reset)}
        self.talking = {"redirects": Host(_redirect), "gigabyte": Host(self._pour), "good": Host(answer())}
        self.all = {**self.silent, **self.talking}

    def calls(self) -> Counter[str]:
        """How often each was called."""
        return Counter({name: host.calls for name, host in self.all.items()})

    def keep_breakers(self) -> None:
        """The clock stands still: what is open stays open."""
        Endpoint.objects.filter(open_until__gt=Now()).update(open_until=Now() + timedelta(hours=1))

    def let_probe(self) -> None:
        """The time of the breakers is over."""
        Endpoint.objects.update(open_until=Now())

    def _hang(self, handler: BaseHTTPRequestHandler, _call: Received) -> None:
        self.is_over.wait()

    def _drip(self, head: bytes) -> Answer:
        """A byte now and then, without end: of a name of a header, or of a body that follows a head."""

        def write(handler: BaseHTTPRequestHandler, _call: Received) -> None:
            handler.wfile.write(head if head.endswith(END) else OK)
            while not self.is_over.wait(DRIP_EVERY):
                handler.wfile.write(b"1\r\nx\r\n" if CHUNKED in head else b"x")

        return write

    def _pour(self, handler: BaseHTTPRequestHandler, _call: Received) -> None:
        handler.wfile.write(OK + b"Content-Length: %d\r\n" % GIGABYTE + END)
        part, sent = b"g" * 65536, 0
        try:
            while sent < GIGABYTE and not self.is_over.is_set():
                handler.wfile.write(part)
                sent += len(part)
        finally:
            self.pushed = max(self.pushed, sent)


OK, END = b"HTTP/1.1 200 OK\r\n", b"\r\n"
LENGTH, CHUNKED = b"Content-Length: 1000000\r\n", b"Transfer-Encoding: chunked\r\n"


def _reset(handler: BaseHTTPRequestHandler, _call: Received) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def _redirect(handler: BaseHTTPRequestHandler, received: Received) -> None:
    answer(302, b"", Location=received.path)(handler, received)


@pytest.fixture
def hosts(clean_typed_tables: None) -> Iterator[Hosts]:
    found = Hosts()
    with ExitStack() as opened:
        for host in found.all.values():
            host.listener = opened.enter_context(listening(host.respond))
        yield found
        found.is_over.set()


def test_f5_bad_hosts_hold_up_their_own_calls_and_nothing_else(
    hosts: Hosts, calm_drainer: Drainer, report: Callable[..., None]
) -> None:
    """Eight records × (a comment, five calls to bad hosts, one to a good one), and 200 comments of another process that
    are due when the first calls hang; then five records more while the breakers are open, a probe that fails, and one
    after the hosts have recovered."""
    process, other = make_process(), make_process()
    make_robot(process)
    make_robot(other)
    for name, host in hosts.all.items():
        make_robot(process, "call_url", {"method": "POST", "url": f"{host.listener.url}/"}, name=name)
    create_many(process, RECORDS)
    create_many(other, OTHERS)
    relay_everything()
    others = Run.objects.filter(process_id=other.pk)
    others.update(run_at=Now() + timedelta(hours=1))
    calm_drainer.start(children=1, lanes="internal")
    wait_for(lambda: Comment.objects.count() == RECORDS, patience=PATIENCE, every=0.1)
    calm_drainer.start(
        children=CALLERS, lanes="http", EGRESS_ALLOW=",".join(host.listener.target for host in hosts.all.values())
    )

    wait_for(lambda: hosts.all["hangs"].calls and hosts.all["drips"].calls, patience=PATIENCE)
    others.update(run_at=Now())

    opened_after = when_open(hosts, at_least=FAILURES)
    first_cut_at = attempts_of("hangs", "drips").aggregate(at=Min("finished_at"))["at"]
    beside = others.filter(finished_at__lt=first_cut_at).count()

    create_many(process, LATER)
    relay_everything()
    everyone = RECORDS + LATER
    wait_for(lambda: runs()["good", State.SUCCEEDED] == everyone, patience=PATIENCE, every=0.1)
    wait_for(lambda: runs()["gigabyte", State.SUCCEEDED] == everyone, patience=PATIENCE, every=0.1)
    wait_for(lambda: Comment.objects.count() == everyone + OTHERS, patience=PATIENCE, every=0.1)
    while_open = hosts.calls() - opened_after

    hosts.let_probe()
    probes = when_open(hosts, at_least=FAILURES + 1) - opened_after - while_open
    longest = attempts_of(*hosts.all).aggregate(value=Max(F("finished_at") - F("started_at")))["value"].total_seconds()

    for host in hosts.silent.values():
        host.is_healed.set()
    hosts.let_probe()
    Run.objects.filter(state=State.READY, lane=Lane.HTTP).update(run_at=Now())
    wait_for(lambda: not runs().keys() & {(name, State.READY) for name in hosts.all}, patience=PATIENCE, every=0.1)
    wait_for(lambda: not Run.objects.filter(state=State.CLAIMED).exists(), patience=PATIENCE, every=0.1)
    at_once = {name: most_at_once(name) for name in hosts.all}
    report(
        opened_after=dict(opened_after), while_open=dict(while_open), probes=dict(probes), calls=dict(hosts.calls()),
        most_at_once=at_once,
        states=states(), longest_call_seconds=round(longest, 2), pushed_bytes=hosts.pushed, beside=beside,
    )  # fmt: skip
    assert beside >= LEAST_BESIDE
    assert {name: opened_after[name] for name in hosts.silent} == dict.fromkeys(hosts.silent, FAILURES)
    assert {name: while_open[name] for name in hosts.silent} == dict.fromkeys(hosts.silent, 0)
    assert {name: probes[name] for name in hosts.silent} == dict.fromkeys(hosts.silent, 1)
    assert max(at_once.values()) <= IN_FLIGHT
    assert longest < PATIENCE
    assert 0 < hosts.pushed < MOST_PUSHED
    ends = dict.fromkeys(hosts.all, State.SUCCEEDED) | {"redirects": State.FAILED}
    assert runs() == dict.fromkeys(ends.items(), everyone)
    assert not Endpoint.objects.exists()
    for name, host in hosts.all.items():
        keys = Counter(received.headers["webhook-id"] for received in host.listener.calls)
        failed = FAILURES + 1 if name in hosts.silent else 0
        assert (len(keys), keys.total()) == (everyone, everyone + failed)


def test_f5_no_more_than_its_limit_is_read_of_an_answer(hosts: Hosts, settings: LazySettings) -> None:
    """Of a gigabyte 64 KiB are kept, and the other side is told to stop."""
    settings.EGRESS_ALLOW = frozenset({hosts.talking["gigabyte"].listener.target})
    found = call("GET", hosts.talking["gigabyte"].listener.url)
    assert (len(found.body), found.is_cut) == (ANSWER_LIMIT, True)
    wait_for(lambda: hosts.pushed)
    assert hosts.pushed < MOST_PUSHED


def when_open(hosts: Hosts, *, at_least: int) -> Counter[str]:
    """Wait until every silent host's breaker has opened after so many failures; how often each was called by then."""

    def is_open() -> bool:
        hosts.keep_breakers()
        return all(host.failures >= at_least for host in hosts.silent.values())

    wait_for(is_open, patience=PATIENCE, every=0.1)
    at_work = Run.objects.filter(name__in=hosts.silent, state=State.CLAIMED)
    wait_for(lambda: not at_work.exists(), patience=PATIENCE, every=0.1)
    hosts.keep_breakers()
    return hosts.calls()


def runs() -> Counter[tuple[str, str]]:
    """(host, state) → its runs."""
    return Counter(Run.objects.filter(lane=Lane.HTTP).values_list("name", "state"))


def attempts_of(*names: str) -> QuerySet[Attempt]:
    """Attempts to call these hosts."""
    return Attempt.objects.filter(run_id__in=Run.objects.filter(name__in=names).values("pk"))


def most_at_once(name: str) -> int:
    """How many calls to a host were under way at one moment, by the ledger's clock."""
    moments = attempts_of(name).values_list("started_at", "finished_at")
    changes = sorted((at, change) for began, ended in moments for at, change in ((began, 1), (ended, -1)))
    return max(itertools.accumulate(change for _at, change in changes))
