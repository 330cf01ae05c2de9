"""What a supervisor is told: alive, ready, keeping up."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from events.models import Event


def test_a_living_process_answers_without_a_database(client: Client) -> None:
    assert client.get("/health/live").json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready_tells_of_database_relay_and_redis_in_one_query(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        answer = client.get("/health/ready")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "database": {"ok": True, "relay_lag_seconds": 0.0},
        "redis": {"ok": True},
    }


@pytest.mark.django_db
def test_a_missing_redis_is_told_and_takes_nobody_out_of_service(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"

    answer = client.get("/health/ready")

    assert answer.status_code == 200
    assert answer.json()["redis"] == {"ok": False}


@pytest.mark.django_db
@pytest.mark.parametrize(("age", "status"), [(10, 200), (120, 503)])
def test_a_relay_that_lags_by_a_minute_is_unhealthy(client: Client, age: int, status: int) -> None:
    Event.objects.create(kind="record.created", actor_kind="system", at=timezone.now() - timedelta(seconds=age))

    answer = client.get("/health/relay")

    assert answer.status_code == status
    assert answer.json()["database"]["relay_lag_seconds"] == pytest.approx(age, abs=5)


@pytest.mark.django_db
def test_health_is_never_cached(client: Client) -> None:
    assert "no-store" in client.get("/health/ready")["Cache-Control"]
