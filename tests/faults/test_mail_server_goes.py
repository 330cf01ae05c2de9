"""F6: the mail server is away, then says "later", then takes mails again, and says "never" of some."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db.models.functions import Now

from automation.models import Attempt, Run, State
from core.actor import SYSTEM
from processes.models import Process
from records.operations import create_record
from tests.automation.helpers import make_robot
from tests.factories import make_process
from tests.faults.conftest import relay_everything, states
from tests.faults.drain import Drainer
from tests.smtp import MailServer
from tests.stack import wait_for

pytestmark = pytest.mark.faults_b

GOOD, GONE, REFUSED = 40, 5, 5
PATIENCE = 150.0
LATER = ("450 4.2.0 Later, says the address", "451 4.3.0 Later, says the text")
NEVER = "550 5.1.1 Nobody of that name"


class MoodyServer(MailServer):
    """A mail server that may be busy; never takes mail for anybody whose name begins with `gone`."""

    def __init__(self) -> None:
        super().__init__()
        self.is_busy = False
        self.said: Counter[str] = Counter()
        """What was said to how many mails, but for those that were taken."""

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Called by aiosmtpd with every address."""
        if self.is_busy and _number(address) % 2:
            return self._say(LATER[0])
        if not self.is_busy and address.startswith("gone"):
            return self._say(NEVER)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Called by aiosmtpd with every mail."""
        if self.is_busy:
            return self._say(LATER[1])
        if envelope.rcpt_tos[0].startswith("spam"):
            return self._say(NEVER)
        return await super().handle_DATA(server, session, envelope)

    def _say(self, words: str) -> str:
        self.said[words] += 1
        return words


def _number(address: str) -> int:
    return int("".join(sign for sign in address if sign.isdigit()))


@pytest.fixture
def server() -> Iterator[MoodyServer]:
    started = MoodyServer()
    yield started
    started.stop()


def test_f6_mails_wait_for_their_server_and_go_out_once(
    calm_drainer: Drainer, server: MoodyServer, report: Callable[..., None]
) -> None:
    """50 mails by three senders: nobody listens, then half are put off at the address and half at the text, then 40
    are taken and 10 refused for good, five at the address and five at the text. The times between attempts are let
    pass by hand.

    It fails when "later" or nobody there is final, when "never" is tried again, and when a mail goes out twice.
    """
    process = make_process()
    make_robot(process, "send_mail", {"address": "{{ comment }}", "subject": "{{ title }}", "text": "Hello"})
    names = ["client"] * GOOD + ["gone"] * GONE + ["spam"] * REFUSED
    addresses = [f"{name}{number}@example.test" for number, name in enumerate(names)]
    write_to(process, addresses)
    calm_drainer.start(children=3, lanes="mail", EMAIL_URL=f"smtp://127.0.0.1:{server.port}")
    everyone = len(addresses)
    wait_for(lambda: waiting_after(1) == everyone, patience=PATIENCE, every=0.1)
    assert not server.taken

    server.is_busy = True
    server.start()
    let_be_due()
    wait_for(lambda: waiting_after(2) == everyone, patience=PATIENCE, every=0.1)
    put_off = dict(server.said)
    assert not server.taken

    server.is_busy = False
    let_be_due()
    wait_for(lambda: not Run.objects.filter(state__in=[State.READY, State.CLAIMED]).exists(), patience=PATIENCE)
    outcomes = Counter(Attempt.objects.values_list("n", "outcome"))
    ids = Counter(mail["Message-ID"] for mail in server.taken)
    report(
        mails=everyone, states=states(), taken=len(server.taken), different=len(ids), put_off=put_off,
        said=dict(server.said), attempts={f"{n} {end}": count for (n, end), count in sorted(outcomes.items())},
    )  # fmt: skip
    assert states() == {State.SUCCEEDED: GOOD, State.FAILED: GONE + REFUSED}
    assert outcomes == {
        (1, "again"): everyone,
        (2, "again"): everyone,
        (3, "succeeded"): GOOD,
        (3, "failed"): GONE + REFUSED,
    }
    assert put_off == {LATER[0]: everyone // 2, LATER[1]: everyone - everyone // 2}
    assert server.said[NEVER] == GONE + REFUSED
    assert Counter(mail["To"] for mail in server.taken) == dict.fromkeys(addresses[:GOOD], 1)
    keys = Run.objects.filter(state=State.SUCCEEDED).values_list("effect_key", flat=True)
    assert ids == {f"<{key}@localhost>": 1 for key in keys}
    assert all(NEVER[4:] in run.error for run in Run.objects.filter(state=State.FAILED))


def write_to(process: Process, addresses: list[str]) -> None:
    """A record for each address."""
    for number, address in enumerate(addresses):
        create_record(process, values={"title": f"R{number}", "comment": address}, actor=SYSTEM)
    relay_everything()


def waiting_after(attempts: int) -> int:
    """How many runs wait for another attempt after so many."""
    return Run.objects.filter(state=State.READY, attempt=attempts, error_code="temporary").count()


def let_be_due() -> None:
    """The time of the next attempts has come."""
    Run.objects.filter(state=State.READY).update(run_at=Now())
