"""A process with two fields of text, with real commits."""

import pytest

from processes.drafts import FieldDraft
from processes.models import Process
from tests.factories import make_process


@pytest.fixture
def process(committed: None) -> Process:
    return make_process(fields=(FieldDraft("Sum", "text", key="sum"), FieldDraft("Other", "text", key="other")))
