"""Services of the test run; fixtures that many tests share."""

import pytest

from tests import services


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what this run has started; the workers of a parallel run leave it to the process above them."""
    if not hasattr(config, "workerinput"):
        services.clean_up()


@pytest.fixture(scope="session")
def running_services() -> None:
    """PostgreSQL and Redis, started by the first test that needs them."""
    if services.are_needed():
        services.embedded().start()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    running_services: None,
    django_db_modify_db_settings_parallel_suffix: None,
) -> None:
    """The servers run before a test database is made."""
