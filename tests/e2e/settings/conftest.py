"""An administrator at the product's real processes, and a process to describe."""

import pytest

from accounts.models import User
from processes.models import Process
from tests.factories import make_admin, make_process
from tests.stack import Stack


@pytest.fixture
def boss(stack: Stack) -> User:
    return make_admin("Boss")


@pytest.fixture
def process(stack: Stack) -> Process:
    return make_process(name="Requests", key="requests")
