"""Effects outside: planned, stored, sent under one key, repeated or left to a person."""

import json
import smtplib
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import OperationalError
from django.db.models.functions import Now
from standardwebhooks import Webhook

from automation.drafts import RobotDraft
from automation.engine import ledger
from automation.engine.endpoints import FAILURES
from automation.engine.worker import work
from automation.models import Attempt, Endpoint, Lane, Run, State
from automation.operations import confirm_run, retry_run, update_robot
from automation.queries import run_log
from core import egress
from core.actor import SYSTEM
from notifications.models import Notification
from processes.models import Process
from processes.permissions import access_for
from records.operations import create_record, update_record
from tests.automation.helpers import make_robot, only_run, relay, settle
from tests.factories import actor_of, make_admin, make_process, make_user
from tests.listener import Answer, answer, listening

pytestmark = pytest.mark.django_db

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def process() -> Process:
    return make_process()


def create(process: Process, **values: Any) -> Any:
    return create_record(process, values={"title": "Printer", **values}, actor=SYSTEM)


def make_due() -> None:
    """Let the time of waiting runs and of breakers come."""
    Run.objects.filter(state=State.READY).update(run_at=Now() - timedelta(seconds=1))
    Endpoint.objects.update(open_until=None)


def lose_leases() -> None:
    Run.objects.filter(state=State.CLAIMED).update(lease_until=Now() - timedelta(seconds=1))
    ledger.reap_lost()


def call_settings(url: str, **more: Any) -> dict[str, Any]:
    return {"method": "POST", "url": url, **more}


def test_call_carries_key_signature_secrets_and_values(process: Process, settings: Any) -> None:
    with listening() as listener:
        settings.EGRESS_ALLOW = frozenset({listener.target})
        robot_settings = call_settings(
            listener.url + "/{{ record.id }}?title={{ title }}",
            headers={"X-Amount": "{{ amount }}"},
            secret_headers='{"Authorization": "Bearer 123"}',
            signing_secret=SECRET,
            body='{"title": {{ title }}, "amount": {{ amount }}, "note": "Dear {{ title }}"}',
        )
        make_robot(process, "call_url", robot_settings)
        row = create(process, title='A "quoted" & title', amount=5)
        settle()
    run, received = only_run(), listener.calls[0]
    assert (run.state, run.result) == (State.SUCCEEDED, {"answer": "ok"})
    assert json.loads(received.body) == {
        "title": 'A "quoted" & title',
        "amount": 5,
        "note": 'Dear A "quoted" & title',
    }
    assert received.path == f"/{row.pk}?title=A%20%22quoted%22%20%26%20title"
    assert received.headers["webhook-id"] == f"msg_{run.effect_key.hex}"
    assert received.headers["authorization"] == "Bearer 123"
    assert "123" not in json.dumps(run.intent)
    Webhook(SECRET).verify(received.body, received.headers)
    assert Attempt.objects.get(run_id=run.pk).http_status == 200


def test_call_without_a_body_sends_the_whole_record(process: Process, settings: Any) -> None:
    with listening() as listener:
        settings.EGRESS_ALLOW = frozenset({listener.target})
        make_robot(process, "call_url", call_settings(listener.url))
        row = create(process, amount=5)
        settle()
    record = json.loads(listener.calls[0].body)["record"]
    assert (record["id"], record["stage"], record["values"]["amount"]) == (row.pk, "received", 5)


def failing(first: int, then: int = 200, **headers: str) -> Answer:
    """Answers `first` once, then `then`."""
    answers = [answer(first, b"later", **headers)]

    def write(handler: Any, call: Any) -> None:
        (answers.pop() if answers else answer(then))(handler, call)

    return write


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_passing_trouble_is_tried_again_with_the_same_key_and_body(
    process: Process, settings: Any, status: int
) -> None:
    with listening(failing(status)) as listener:
        settings.EGRESS_ALLOW = frozenset({listener.target})
        make_robot(process, "call_url", call_settings(listener.url, body='{"amount": {{ amount }}}'))
        row = create(process, amount=5)
        settle()
        waiting = only_run()
        assert (waiting.state, waiting.attempt) == (State.READY, 1)
        assert waiting.run_at is not None
        update_record(process, row.pk, values={"amount": 6}, actor=SYSTEM)
        make_due()
        settle()
    first, second = listener.calls
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert only_run().state == State.SUCCEEDED
    outcomes = Attempt.objects.order_by("id").values_list("n", "outcome", "http_status")
    assert list(outcomes) == [(1, "again", status), (2, "succeeded", 200)]


@pytest.mark.parametrize("status", [302, 400, 401, 404, 410, 422])
def test_refusal_of_the_other_side_is_final(process: Process, settings: Any, status: int) -> None:
    with listening(answer(status, b"no")) as listener:
        settings.EGRESS_ALLOW = frozenset({listener.target})
        make_robot(process, "call_url", call_settings(listener.url))
        create(process)
        settle()
    assert (only_run().state, only_run().attempt, len(listener.calls)) == (State.FAILED, 1, 1)
    assert str(status) in only_run().error


def test_wish_of_the_other_side_is_obeyed(process: Process, settings: Any) -> None:
    with listening(answer(429, b"", Retry_After="7200")) as listener:
        settings.EGRESS_ALLOW = frozenset({listener.target})
        make_robot(process, "call_url", call_settings(listener.url))
        create(process)
        settle()
    run = only_run()
    assert run.run_at is not None
    assert run.run_at - run.created_at >= timedelta(seconds=7200)


def test_attempts_come_to_an_end(process: Process, settings: Any) -> None:
    with listening(answer(500, b"")) as listener:
        settings.EGRESS_ALLOW = frozenset({listener.target})
        make_robot(process, "call_url", call_settings(listener.url))
        create(process)
        for _attempt in range(12):
            settle()
            make_due()
    assert (only_run().state, only_run().attempt, len(listener.calls)) == (State.FAILED, 8, 8)


def test_private_target_is_refused_when_the_call_is_made(process: Process, settings: Any) -> None:
    settings.EGRESS_ALLOW = frozenset()
    with listening() as listener:
        make_robot(process, "call_url", call_settings(listener.url))
        create(process)
        settle()
    assert (only_run().state, only_run().error_code, listener.connections) == (State.FAILED, "egress_refused", 0)


@pytest.mark.parametrize(
    ("only_once", "expected"), [(False, State.READY), (True, State.UNCERTAIN)], ids=["repeatable", "only once"]
)
def test_worker_that_dies_during_a_call(process: Process, only_once: bool, expected: State) -> None:
    make_robot(process, "call_url", call_settings("https://example.com/", only_once=only_once))
    create(process)
    relay()
    run = ledger.claim(Lane.HTTP, 1, "test")[0]
    assert ledger.begin_sending(run, {"method": "POST"}, in_doubt=only_once)
    lose_leases()
    assert (only_run().state, only_run().crashes) == (expected, 1)


def test_call_whose_end_is_unknown_is_left_to_a_person(
    process: Process, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(egress, "TOTAL_SECONDS", 0.2)

    def hang_up(handler: Any, call: Any) -> None:
        handler.close_connection = True

    with listening(hang_up) as listener:
        settings.EGRESS_ALLOW = frozenset({listener.target})
        make_robot(process, "call_url", call_settings(listener.url, only_once=True))
        create(process)
        settle()
        assert only_run().state == State.UNCERTAIN
        assert confirm_run(only_run(), actor=SYSTEM).state == State.SUCCEEDED
    assert len(listener.calls) == 1


def test_call_that_never_connected_is_tried_again_even_if_only_once(process: Process, settings: Any) -> None:
    settings.EGRESS_ALLOW = frozenset({"127.0.0.1:9"})
    make_robot(process, "call_url", call_settings("http://127.0.0.1:9/", only_once=True))
    create(process)
    settle()
    assert (only_run().state, only_run().error_code) == (State.READY, "temporary")


def test_mail_robot_writes_to_people_and_addresses(process: Process) -> None:
    person = make_user("Anna")
    settings = {
        "recipients": [f"person:{person.pk}"],
        "address": "{{ comment }}",
        "subject": "About {{ title }}",
        "text": 'Hello {{ assignee.name | default:"nobody" }}',
    }
    make_robot(process, "send_mail", settings)
    create(process, comment="client@example.test; client@example.test", title="A\u00a0printer")
    settle()
    message = mail.outbox[0]
    assert message.to == [person.email, "client@example.test"]
    assert (message.subject, message.body) == ("About A printer", "Hello nobody")
    assert str(only_run().effect_key) in message.extra_headers["Message-ID"]


class BrokenServer:
    """A mail server that goes wrong at one place."""

    def __init__(self, at: str, error: Exception) -> None:
        self.at, self.error = at, error

    def open(self) -> None:
        if self.at == "open":
            raise self.error

    def send_messages(self, messages: Any) -> None:
        raise self.error

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("at", "error", "expected"),
    [
        ("open", ConnectionRefusedError("closed"), State.READY),
        ("send", smtplib.SMTPResponseException(451, b"busy"), State.READY),
        ("send", smtplib.SMTPResponseException(550, b"no"), State.FAILED),
        ("send", smtplib.SMTPServerDisconnected("gone"), State.UNCERTAIN),
    ],
)
def test_what_a_failing_mail_server_means(
    process: Process, monkeypatch: pytest.MonkeyPatch, at: str, error: Exception, expected: State
) -> None:
    monkeypatch.setattr("automation.robots.send_mail.get_connection", lambda: BrokenServer(at, error))
    make_robot(process, "send_mail", {"address": "client@example.test", "subject": "s", "text": "t"})
    create(process)
    settle()
    assert only_run().state == expected


def test_mail_to_nobody_is_skipped_and_a_bad_address_fails(process: Process) -> None:
    make_robot(process, "send_mail", {"address": "{{ comment }}", "subject": "s", "text": "t"})
    create(process)
    create(process, comment="not an address")
    settle()
    assert list(Run.objects.order_by("id").values_list("state", flat=True)) == [State.SKIPPED, State.FAILED]
    assert mail.outbox == []


def test_inside_does_not_wait_for_a_call_of_the_same_record(process: Process) -> None:
    make_robot(process, "call_url", call_settings("https://example.com/"))
    make_robot(process)
    create(process)
    relay()
    assert ledger.claim(Lane.HTTP, 1, "test")
    assert work(Lane.INTERNAL) == 1


def test_call_waits_for_earlier_work_inside(process: Process) -> None:
    make_robot(process)
    make_robot(process, "call_url", call_settings("https://example.com/"))
    create(process)
    relay()
    assert ledger.claim(Lane.HTTP, 1, "test") == []
    work(Lane.INTERNAL)
    assert len(ledger.claim(Lane.HTTP, 1, "test")) == 1


def test_retry_of_an_uncertain_run_sends_again_under_its_key(process: Process, settings: Any) -> None:
    with listening() as listener:
        settings.EGRESS_ALLOW = frozenset({listener.target})
        make_robot(process, "call_url", call_settings(listener.url, only_once=True))
        create(process)
        relay()
        run = ledger.claim(Lane.HTTP, 1, "test")[0]
        intent = {"method": "POST", "url": listener.url, "headers": {}, "body": "{}"}
        ledger.begin_sending(run, intent, in_doubt=True)
        lose_leases()
        retry_run(only_run(), actor=SYSTEM)
        settle()
    assert only_run().state == State.SUCCEEDED
    assert listener.calls[0].headers["webhook-id"] == f"msg_{run.effect_key.hex}"


def test_host_that_does_not_answer_is_left_alone_and_others_are_called(process: Process, settings: Any) -> None:
    """Five failures in a row open its breaker; what waits is charged no attempt; an answer closes it."""
    answers = [answer(503)]
    with listening() as good, listening(lambda handler, call: answers[-1](handler, call)) as bad:
        settings.EGRESS_ALLOW = frozenset({good.target, bad.target})
        make_robot(process, "call_url", call_settings(bad.url), name="Bad")
        for _number in range(8):
            create(process)
        settle()
        assert len(bad.calls) == FAILURES
        waiting = Run.objects.filter(name="Bad", attempt=0)
        assert (waiting.count(), set(waiting.values_list("state", flat=True))) == (3, {State.READY})
        log = run_log(access_for(SYSTEM, process)).runs
        assert any("does not answer" in row.reason for row in log)
        make_robot(process, "call_url", call_settings(good.url), name="Good")
        create(process)
        settle()
        assert (len(good.calls), len(bad.calls)) == (1, FAILURES)
        answers.append(answer())
        make_due()
        settle()
    assert set(Run.objects.values_list("state", flat=True)) == {State.SUCCEEDED}
    assert not Endpoint.objects.exists()


def test_answer_that_refuses_does_not_open_the_breaker(process: Process, settings: Any) -> None:
    with listening(answer(404)) as listener:
        settings.EGRESS_ALLOW = frozenset({listener.target})
        make_robot(process, "call_url", call_settings(listener.url))
        for _number in range(FAILURES + 2):
            create(process)
        settle()
    assert (len(listener.calls), Endpoint.objects.count()) == (FAILURES + 2, 0)


def test_at_most_four_calls_to_one_host_are_in_flight(process: Process) -> None:
    make_robot(process, "call_url", call_settings("https://example.com/"))
    for _number in range(6):
        create(process)
    relay()
    claimed = [ledger.claim(Lane.HTTP, 1, "test") for _number in range(6)]
    assert [len(runs) for runs in claimed] == [1, 1, 1, 1, 0, 0]


def test_address_that_is_gone_switches_its_robot_off_and_tells_the_author(process: Process, settings: Any) -> None:
    author = make_admin("Alice")
    with listening(answer(410)) as listener:
        settings.EGRESS_ALLOW = frozenset({listener.target})
        robot = make_robot(process, "call_url", call_settings(listener.url), actor=actor_of(author))
        create(process)
        create(process)
        settle()
    robot.refresh_from_db()
    assert (robot.is_on, len(listener.calls)) == (False, 1)
    assert sorted(Run.objects.values_list("state", flat=True)) == [State.CANCELLED, State.FAILED]
    assert Notification.objects.filter(user=author, kind="gone").count() == 1


def test_address_that_an_older_version_called_leaves_the_mended_robot_on(process: Process, settings: Any) -> None:
    with listening(answer(410)) as listener:
        settings.EGRESS_ALLOW = frozenset({listener.target})
        robot = make_robot(process, "call_url", call_settings(listener.url))
        create(process)
        relay()
        draft = RobotDraft(kind="call_url", settings=call_settings("https://example.com/"))
        update_robot(robot, draft, actor=SYSTEM)
        settle()
    robot.refresh_from_db()
    assert (only_run().state, robot.is_on) == (State.FAILED, True)


def test_call_whose_answer_cannot_be_written_down_is_not_sent_twice_if_only_once(
    process: Process, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, broken = ledger.finish, iter([True])

    def break_once(run: Run, end: ledger.End, **more: Any) -> bool:
        if end.move == "succeed" and next(broken, False):
            raise OperationalError("the database is away")
        return finish(run, end, **more)

    monkeypatch.setattr(ledger, "finish", break_once)
    with listening() as listener:
        settings.EGRESS_ALLOW = frozenset({listener.target})
        make_robot(process, "call_url", call_settings(listener.url, only_once=True))
        create(process)
        settle()
        make_due()
        settle()
    assert (len(listener.calls), only_run().state) == (1, State.UNCERTAIN)
