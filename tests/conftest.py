"""Services of the test run; fixtures that many tests share."""

from collections.abc import Iterator

import pytest
from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
from django.utils import translation

from accounts.models import Role
from accounts.models.role import ROBOTS_ROLE_KEY
from processes.definition import forget_definitions
from records.typed import forget_models
from tests import services
from tests import stack as stack_module


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


@pytest.fixture(autouse=True)
def _language_of_nobody() -> Iterator[None]:
    """A request speaks its reader's language; the next test does not."""
    yield
    translation.deactivate()


@pytest.fixture
def committed(transactional_db: None) -> Iterator[None]:
    """A test with real commits: what it makes is visible to other processes and gone afterwards."""
    yield
    stack_module.end_other_sessions()
    stack_module.drop_typed_tables()
    forget_models()
    forget_definitions()


@pytest.fixture
def stack(committed: None) -> Iterator[stack_module.Stack]:
    """Real processes of the product against the test database; see tests/stack.py."""
    started = stack_module.Stack()
    yield started
    started.stop()


def restore_built_in_rows(sender: AppConfig, **kwargs: object) -> None:
    """A flush takes away what migrations have put in; it ends with this signal."""
    Role.objects.get_or_create(key=ROBOTS_ROLE_KEY, defaults={"name": "Robots", "position": 1000})


post_migrate.connect(restore_built_in_rows, sender=apps.get_app_config("accounts"))
