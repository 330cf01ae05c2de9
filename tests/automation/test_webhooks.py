"""Calls from outside: signed, taken once, answered the same way."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from standardwebhooks import Webhook

from api.throttling import hook_buckets
from automation.drafts import TriggerDraft
from automation.engine import limits
from automation.models import InboundCall, Run, State, Trigger
from automation.operations import SavedTrigger, create_trigger, renew_secret, switch_trigger
from automation.queries import trigger_for
from core.actor import SYSTEM
from events.models import Event
from processes.models import Process
from processes.permissions import visible_access
from records.models import Record
from records.operations import create_record, move_record
from tests.automation.helpers import settle, stage_of
from tests.factories import make_process

pytestmark = pytest.mark.django_db
SETTINGS = {"find_by": "title", "find_path": "data.number", "values": {"amount": "data.paid"}, "when_missing": "ignore"}


@pytest.fixture
def process() -> Process:
    return make_process(moves=None)


def make_hook(process: Process, **settings: Any) -> SavedTrigger:
    draft = TriggerDraft(kind="webhook", settings={**SETTINGS, **settings}, name="Payment")
    return create_trigger(stage_of(process, "in_work"), draft, actor=SYSTEM)


class Sender:
    """Another program with the address and the secret."""

    def __init__(self, saved: SavedTrigger) -> None:
        self.url = f"/api/v1/hooks/{saved.trigger.hook_key}/"
        self.secret = saved.secret

    def send(
        self, body: Any, message_id: str = "msg_1", *, secret: str = "", late: timedelta = timedelta(), **headers: str
    ) -> Any:
        """Send it; `headers` replace those of the signature."""
        text = body if isinstance(body, str) else json.dumps(body)
        at = datetime.now(UTC) - late
        signed = {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(secret or self.secret).sign(message_id, at, text),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return Client().post(self.url, text, content_type="application/json", headers=signed)


def paid(number: str = "A-1", amount: Any = 5) -> dict[str, Any]:
    return {"type": "payment", "data": {"number": number, "paid": amount}}


def test_signed_call_moves_the_record_and_fills_its_fields(process: Process) -> None:
    saved = make_hook(process)
    row = create_record(process, values={"title": "A-1"}, actor=SYSTEM)
    answer = Sender(saved).send(paid())
    assert answer.status_code == 200
    event = Event.objects.get(kind="hook.received")
    assert answer.json() == {"outcome": "accepted", "record": row.pk, "event": event.pk}
    settle()
    run = Run.objects.get()
    assert (run.state, run.name, run.event_id) == (State.SUCCEEDED, "Payment", event.pk)
    assert Record.objects.get(pk=row.pk).stage.key == "in_work"
    kinds = list(Event.objects.filter(record_id=row.pk, run_id=run.pk).order_by("id").values_list("kind", flat=True))
    assert kinds == ["record.updated", "record.moved"]
    assert Event.objects.get(kind="record.updated").changes == {"amount": [None, 5]}


def test_repeated_id_gets_the_same_answer_and_does_nothing(process: Process) -> None:
    sender = Sender(make_hook(process))
    create_record(process, values={"title": "A-1"}, actor=SYSTEM)
    first, second = sender.send(paid()), sender.send(paid())
    assert first.json() == second.json()
    other = sender.send(paid(amount=6))
    assert (other.status_code, other.json()["code"]) == (400, "other_body")
    settle()
    assert (Run.objects.count(), InboundCall.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "whsec_" + base64.b64encode(b"x" * 32).decode()},
        {"late": timedelta(minutes=6)},
        {"late": timedelta(minutes=-6)},
        {"webhook_signature": ""},
        {"webhook_signature": "v1"},
        {"webhook_signature": "v1,%%%"},
        {"webhook_signature": "v2,AAAA"},
        {"webhook_timestamp": "soon"},
        {"webhook_timestamp": "9" * 400},
        {"webhook_id": "other"},
    ],
)
def test_call_that_is_not_signed_right_is_refused_and_leaves_nothing(process: Process, wrong: dict[str, Any]) -> None:
    sender = Sender(make_hook(process))
    create_record(process, values={"title": "A-1"}, actor=SYSTEM)
    before = Event.objects.count()
    answer = sender.send(paid(), **wrong)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_signed")
    assert (InboundCall.objects.count(), Event.objects.count()) == (0, before)


def test_trigger_without_a_secret_takes_no_calls(process: Process) -> None:
    sender = Sender(saved := make_hook(process))
    Trigger.objects.filter(pk=saved.trigger.pk).update(settings={**SETTINGS})
    assert sender.send(paid()).status_code == 403


def test_unknown_and_switched_off_addresses_are_not_found(process: Process) -> None:
    sender = Sender(saved := make_hook(process))
    switch_trigger(saved.trigger, is_on=False, actor=SYSTEM)
    assert sender.send(paid()).status_code == 404
    sender.url = "/api/v1/hooks/nothing/"
    assert sender.send(paid()).status_code == 404


def test_renewed_secret_replaces_the_old_one(process: Process) -> None:
    sender = Sender(saved := make_hook(process))
    renewed = renew_secret(saved.trigger, actor=SYSTEM)
    assert sender.send(paid()).status_code == 403
    assert sender.send(paid(), secret=renewed.secret).status_code == 200


def test_given_secret_is_kept_sealed_and_never_shown(process: Process) -> None:
    secret = "whsec_" + base64.b64encode(b"the sender's own secret").decode()
    saved = make_hook(process, secret=secret)
    assert saved.secret == ""
    assert secret not in json.dumps(Trigger.objects.get().settings)
    assert trigger_for(visible_access(SYSTEM, process.key), saved.trigger.pk).settings["secret"] is True
    assert Sender(saved).send(paid(), secret=secret).status_code == 200


def test_missing_record_is_ignored_or_created_as_the_trigger_says(process: Process) -> None:
    ignoring = Sender(make_hook(process))
    assert ignoring.send(paid()).json() == {"outcome": "ignored", "record": None, "event": None}
    creating = Sender(make_hook(process, when_missing="create", values={"title": "data.number", "amount": "data.paid"}))
    answer = creating.send(paid()).json()
    record = Record.objects.get()
    assert answer == {"outcome": "created", "record": record.pk, "event": None}
    assert (record.title, record.stage.key) == ("A-1", "in_work")
    assert creating.send(paid()).json() == answer
    assert Record.objects.count() == 1


def test_wrong_values_are_told_to_the_sender_and_may_be_sent_again(process: Process) -> None:
    sender = Sender(make_hook(process))
    create_record(process, values={"title": "A-1"}, actor=SYSTEM)
    refused = sender.send(paid(amount="much"))
    assert (refused.status_code, list(refused.json()["details"]["fields"])) == (400, ["amount"])
    assert InboundCall.objects.count() == 0
    assert sender.send(paid(amount=7)).status_code == 200


@pytest.mark.parametrize(
    "body", ["", "[]", "1", "{", '{"a": NaN}', '{"a": 1e999}', '{"a": "\\u0000"}', '{"a": "\\ud800"}', "[" * 5000]
)
def test_body_that_is_no_storable_object_is_refused(process: Process, body: str) -> None:
    sender = Sender(make_hook(process))
    answer = sender.send(body)
    assert (answer.status_code, InboundCall.objects.count()) == (400, 0)


def test_body_over_64_kib_is_refused(process: Process) -> None:
    assert Sender(make_hook(process)).send({"a": "x" * 65_536}).status_code == 400


@pytest.mark.parametrize("value", [None, {"a": 1}, [1], True, "", "9" * 400, "x\u2028y"])
def test_strange_lookups_find_nothing_and_break_nothing(process: Process, value: Any) -> None:
    for find_by in ("id", "title", "amount", "source"):
        answer = Sender(make_hook(process, find_by=find_by, values={})).send(paid(value))
        assert answer.status_code in (200, 400)
    assert not Event.objects.filter(kind="hook.received").exists()


def test_of_several_records_the_newest_open_one_is_meant(process: Process) -> None:
    rows = [create_record(process, values={"title": "A-1"}, actor=SYSTEM) for _number in range(2)]
    closed = create_record(process, values={"title": "A-1"}, stage="completed", actor=SYSTEM)
    answer = Sender(make_hook(process)).send(paid()).json()
    assert answer["record"] == rows[1].pk != closed.pk


def test_address_has_a_bucket_of_its_own(process: Process, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 2
    hook_buckets.clear()
    sender, other = Sender(make_hook(process)), Sender(make_hook(process))
    statuses = [sender.send(paid(), f"m{number}").status_code for number in range(3)]
    assert statuses == [200, 200, 429]
    assert other.send(paid()).status_code == 200


def test_calls_are_forgotten_after_ninety_days(process: Process) -> None:
    sender = Sender(make_hook(process))
    for number in range(3):
        assert sender.send(paid(), f"old_{number}").status_code == 200
    InboundCall.objects.filter(message_id__in=["old_0", "old_1"]).update(at=Now() - timedelta(days=91))
    sender.send(paid(), "new")
    assert set(InboundCall.objects.values_list("message_id", flat=True)) == {"old_2", "new"}


@pytest.mark.parametrize("value", ["", "  ", None])
@pytest.mark.parametrize("find_by", ["id", "title", "amount", "source"])
def test_empty_value_names_no_record(process: Process, find_by: str, value: Any) -> None:
    """Least of all one whose field is empty."""
    create_record(process, values={"title": "A-1"}, actor=SYSTEM)
    answer = Sender(make_hook(process, find_by=find_by, values={})).send(paid(value))
    assert answer.json().get("outcome", answer.status_code) in ("ignored", 400)
    assert not Event.objects.filter(kind="hook.received").exists()


def test_values_come_in_although_the_record_stands_further_on(process: Process) -> None:
    row = create_record(process, values={"title": "A-1"}, stage="completed", actor=SYSTEM)
    assert Sender(make_hook(process)).send(paid(amount=7)).json()["outcome"] == "accepted"
    settle()
    run = Run.objects.get()
    assert (Record.objects.get(pk=row.pk).stage.key, run.state) == ("completed", State.SUCCEEDED)
    assert Event.objects.get(kind="record.updated").changes == {"amount": [None, 7]}


def test_call_about_a_record_of_another_stage_is_told_so(process: Process) -> None:
    create_record(process, values={"title": "A-1"}, stage="completed", actor=SYSTEM)
    draft = TriggerDraft(kind="webhook", settings=SETTINGS, source=stage_of(process, "received").pk)
    saved = create_trigger(stage_of(process, "in_work"), draft, actor=SYSTEM)
    assert Sender(saved).send(paid()).json()["outcome"] == "ignored"
    settle()
    assert Run.objects.count() == 0


def test_robot_that_calls_our_own_address_in_a_circle_is_held(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call begins a chain of its own; the number of runs on one record brakes them."""
    monkeypatch.setattr(limits, "PER_RECORD", 6)
    saved = make_hook(process, values={})
    Trigger.objects.filter(pk=saved.trigger.pk).update(allow_backward=True)
    create_record(process, values={"title": "A-1"}, actor=SYSTEM)
    sender = Sender(saved)
    for number in range(10):
        assert sender.send(paid(), f"m{number}").status_code == 200
        settle()
        move_record(process, Record.objects.get().pk, to="received", actor=SYSTEM)
        settle()
    states = list(Run.objects.values_list("state", flat=True))
    assert (states.count(State.SUCCEEDED), states.count(State.HELD)) == (6, 4)
