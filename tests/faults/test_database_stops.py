"""F3: PostgreSQL stops as by a power cut under the load of F1; who was not answered asks again under the same key."""

import random
from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from records.models import Record
from smartcrm.embedded import EmbeddedPostgres
from tests import services
from tests import stack as stack_module
from tests.faults.load import Workers, assert_exact, make_load, outcome, token_for, wait_for_end
from tests.faults.rest import RestProducer
from tests.listener import listening
from tests.stack import Stack

pytestmark = pytest.mark.faults_b

RECORDS = 2000
STOPS = 2
KILLS = 2
HTTP_WORKERS = 2


@pytest.fixture
def durable_database(clean_typed_tables: None) -> Iterator[EmbeddedPostgres]:
    """The server of this run; what it has committed is written at once, as outside of tests."""
    if not services.are_needed():
        pytest.skip("This run is on services that are not its own.")
    set_in_database("SET synchronous_commit = on")
    connection.close()
    yield services.embedded().postgres
    services.embedded().postgres.start()
    connection.close()
    set_in_database("RESET synchronous_commit")


def set_in_database(setting: str) -> None:
    """Change a setting for the sessions that begin from now on."""
    with psycopg.connect(stack_module.test_database_url(), autocommit=True) as other:
        name = sql.Identifier(str(connection.settings_dict["NAME"]))
        other.execute(sql.SQL("ALTER DATABASE {} " + setting).format(name))
        other.execute("CHECKPOINT")


def test_f3_database_stopped_twice_loses_and_doubles_nothing(
    patient_stack: Stack, durable_database: EmbeddedPostgres, fault_seed: int, report: Callable[..., None]
) -> None:
    """2,000 records over REST by four clients; two immediate stops, two kills of workers."""
    chance = random.Random(fault_seed)
    with listening() as listener:
        process = make_load(listener)
        secret = token_for(process)
        address = patient_stack.web(API_REQUESTS_PER_MINUTE="0")
        patient_stack.relay()
        workers = Workers(patient_stack, listener, concurrency=HTTP_WORKERS)
        producer = RestProducer([address], f"/api/v1/processes/{process.key}/records/", secret, RECORDS).start()
        for stop in range(STOPS):
            producer.wait_for(RECORDS * (2 * stop + 1) // 5)
            connection.close()
            durable_database.stop_immediate()
            durable_database.start()
            producer.wait_for(RECORDS * (2 * stop + 2) // 5)
            workers.kill_one(chance)
        producer.wait()
        wait_for_end(RECORDS)
        found = outcome(process, listener)
    report(stops=STOPS, kills=workers.kills, tries=dict(producer.tries), **found.as_counts())
    assert_exact(found, records=RECORDS, most_repeats=KILLS + STOPS * HTTP_WORKERS)
    assert len(set(producer.ids.values())) == RECORDS
    assert Record.objects.values("title").distinct().count() == RECORDS
    assert sum(producer.tries[name] for name in producer.tries if name not in ("201", "replayed")) > 0
