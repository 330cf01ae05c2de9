"""The containers of docker-compose.yml as several machines: they share the work, and one takes over for another."""

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from core.actor import SYSTEM
from events.models import Event
from records.operations import create_record
from tests import stack as stack_module
from tests.compose import service_behind
from tests.factories import make_user
from tests.faults.conftest import unfinished
from tests.faults.load import assert_exact, make_load, outcome, token_for, wait_for_end
from tests.faults.machines import PROXIED, Machines, duty_holder
from tests.faults.rest import RestProducer
from tests.listener import Listener, listening
from tests.live.listener import LiveListener
from tests.stack import wait_for

pytestmark = pytest.mark.faults_b

RECORDS = 1000
TWICE = range(0, RECORDS, 50)
"""Numbers that two clients send to two machines at once."""
FLEET = {
    "web-1": "web",
    "web-2": "web",
    "live-1": "live",
    "relay-1": "relay",
    "relay-2": "relay",
    "worker-1": "worker",
    "worker-2": "worker",
    "outside-1": "worker-outside",
    "bulk-1": "worker-bulk",
}


@pytest.fixture
def listener(clean_typed_tables: None) -> Iterator[Listener]:
    """Whom the robots call."""
    with listening() as started:
        yield started


@pytest.fixture
def machines(listener: Listener, tmp_path: Path) -> Iterator[Machines]:
    """Nine machines as compose would start them, the first answers given."""
    fleet = Machines(tmp_path, EGRESS_ALLOW=listener.target, WEB_PROCESSES="1", API_REQUESTS_PER_MINUTE="0")
    assert fleet.run("prepare") == 0, fleet.running["prepare"].printed()
    for machine, service in FLEET.items():
        fleet.start(service, machine)
    yield fleet
    fleet.stop()


def test_nine_machines_share_the_work_and_a_relay_takes_over(
    machines: Machines, listener: Listener, report: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """1,000 records × 3 robots through two web servers; kill -9 of the relay on duty; order, counts and `seq` exact."""
    process = make_load(listener)
    secret = token_for(process)
    for machine in ("web-1", "web-2", "live-1", "relay-1", "worker-1"):
        machines.wait_until_healthy(FLEET[machine], machine, web="web-1")
    assert service_behind("/live/") == "live"
    stream = LiveListener(machines.addresses["live-1"], make_user(is_admin=True), headers=PROXIED).ready()
    web = [machines.addresses["web-1"], machines.addresses["web-2"]]
    producer = RestProducer(web, f"/api/v1/processes/{process.key}/records/", secret, RECORDS, PROXIED, threads=6)
    producer.start()
    for number in TWICE:
        at_both_at_once(producer, number)
    producer.wait_for(RECORDS // 2)

    producer.pause()
    monkeypatch.setattr("events.publish.ring", lambda: None)  # no bell: only the poll of a relay finds these
    silent = []
    fallen = ""
    while not fallen:
        wait_for(lambda: unfinished() == 0 and is_relayed(), every=0.1)
        with psycopg.connect(stack_module.test_database_url()) as hindrance:
            hindrance.execute("SELECT 1 FROM events_relaystate FOR UPDATE")
            silent.append(create_record(process, values={"title": "silent"}, actor=SYSTEM).pk)
            if (holder := wait_for(duty_holder)).startswith("relay"):  # not a worker that heard a bell of before
                fallen = holder
                machines.running[fallen].kill()
                machines.running[fallen].process.wait()
    killed_at = time.monotonic()
    wait_for(is_relayed)
    taken_over_after = time.monotonic() - killed_at
    producer.resume()
    producer.wait()
    records = RECORDS + len(silent)
    wait_for_end(records)
    found = outcome(process, listener)

    heard = heard_until(stream, records)
    dead = sorted(name for name, started in machines.running.items() if started.process.poll() is not None)
    report(
        machines=len(FLEET), fallen=fallen, taken_over_after_seconds=round(taken_over_after, 2),
        tries=dict(producer.tries), heard_live=len(heard), **found.as_counts(),
    )  # fmt: skip
    assert dead == sorted(["prepare", fallen])
    assert_exact(found, records=records, most_repeats=0)
    assert heard == dict.fromkeys([*producer.ids.values(), *silent], 1)
    assert len(set(producer.ids.values())) == RECORDS


def is_relayed() -> bool:
    """Whether the outbox is empty."""
    return not Event.objects.filter(seq=None).exists()


def at_both_at_once(producer: RestProducer, number: int) -> None:
    """Send a number to both web servers at the same time; whoever comes second is given the first one's answer."""
    clients = [threading.Thread(target=producer.post, args=(number, address)) for address in producer.addresses]
    for client in clients:
        client.start()
    for client in clients:
        client.join(stack_module.PATIENCE)


def heard_until(stream: LiveListener, records: int) -> Counter[int]:
    """How often each new record was told of, once so many were."""
    heard: Counter[int] = Counter()
    last = 0
    while len(heard) < records:
        try:
            message = stream.next()
        except queue.Empty:
            break
        assert int(message["id"]) > last
        last = int(message["id"])
        if message["data"].get("kind") == "record.created":
            heard[message["data"]["record"]] += 1
    return heard
