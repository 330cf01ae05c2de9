"""One message that arrives fifty times at once is one event, one run, one move."""

import hashlib
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from standardwebhooks import Webhook

from automation.drafts import TriggerDraft
from automation.models import InboundCall, Run, State
from automation.operations import create_trigger
from core.actor import SYSTEM
from events.models import Event
from records.models import Record
from records.operations import create_record
from tests.automation.helpers import settle, stage_of
from tests.factories import make_process

pytestmark = pytest.mark.faults
TIMES = 50
SETTINGS = {"find_by": "title", "find_path": "number", "values": {}, "when_missing": "create"}


@pytest.mark.parametrize("is_there", [True, False], ids=["found", "created"])
def test_fifty_parallel_calls_with_one_id_are_taken_once(committed: None, is_there: bool) -> None:
    process = make_process(moves=None)
    draft = TriggerDraft(kind="webhook", settings={**SETTINGS, "values": {"title": "number"}})
    saved = create_trigger(stage_of(process, "in_work"), draft, actor=SYSTEM)
    if is_there:
        create_record(process, values={"title": "A-1"}, actor=SYSTEM)
    url = f"/api/v1/hooks/{saved.trigger.hook_key}/"

    def send(number: int) -> tuple[int, str]:
        """The same message; every tenth sender changes its body."""
        body, at = json.dumps({"number": "A-1", **({"n": number} if number % 10 == 9 else {})}), datetime.now(UTC)
        headers = {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(saved.secret).sign("msg_1", at, body),
        }
        try:
            answer = Client().post(url, body, content_type="application/json", headers=headers)
        finally:
            connection.close()
        return answer.status_code, hashlib.sha256(answer.content).hexdigest()

    with ThreadPoolExecutor(TIMES) as pool:
        answers = list(pool.map(send, range(TIMES)))
    settle()
    statuses = Counter(status for status, _digest in answers)
    assert statuses[200] + statuses[400] == TIMES
    assert statuses[200] >= 1
    assert len({digest for status, digest in answers if status == 200}) == 1
    assert (InboundCall.objects.count(), Record.objects.count()) == (1, 1)
    assert Record.objects.get().stage.key == "in_work"
    assert Event.objects.filter(kind="hook.received").count() == int(is_there)
    assert Run.objects.filter(state=State.SUCCEEDED).count() == int(is_there)
    print(json.dumps({"test": "webhook-id", "calls": TIMES, "taken": 1, "answers": dict(statuses)}))
