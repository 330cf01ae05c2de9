"""The wizard without scripts: a file, its columns, the check, the run; and who may walk it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from core.actor import SYSTEM
from events.models import Event
from events.relay import relay_batch
from notifications.models import Notification
from processes.models import Operation, Process, Scope
from processes.operations import archive_process, set_grants
from records.exchange.worker import work
from records.models import ImportJob, Record
from tests.factories import EMPLOYEE, make_role, make_user
from tests.web.records.conftest import Visitor, text_of

pytestmark = pytest.mark.django_db

FILE = "Название;Amount;Другое\nПринтер;1 234,5;x\n<b>Плохая</b>;many;y\nПропуск;;\n"
IMPORTS = "/p/requests/imports/"


@pytest.fixture
def importer(process: Process) -> User:
    person = make_user("Irina Importer")
    grants = {**EMPLOYEE, Operation.IMPORT: Scope.ALL, Operation.UPDATE: Scope.ALL}
    set_grants(process, {make_role(people=(person,)).pk: grants}, actor=SYSTEM)
    return person


@pytest.fixture
def visitor(importer: User) -> Visitor:
    return Visitor(importer)


def send(visitor: Visitor, content: str | bytes = FILE) -> Any:
    raw = content.encode() if isinstance(content, str) else content
    return visitor.post(IMPORTS, {"file": SimpleUploadedFile("list.csv", raw)})


def begun(visitor: Visitor, content: str | bytes = FILE) -> str:
    """The address of a fresh import."""
    address: str = send(visitor, content)["Location"]
    return address


def test_wizard_leads_from_a_file_to_records(visitor: Visitor, process: Process, importer: User) -> None:
    address = begun(visitor, FILE.encode("cp1251"))
    page = text_of(visitor.get(address))
    assert "Windows-1251" in page
    assert '<option value="title" selected' in " ".join(page.split())
    assert "1 column is left out" in " ".join(page.split())
    answer = visitor.post(address, {"target-0": "title", "target-1": "amount", "target-2": "", "key": ""})
    assert answer.status_code == 302
    assert 'hx-trigger="every 1s"' in text_of(visitor.get(address))
    work()
    page = text_of(visitor.get(address))
    assert "Import 2 rows" in " ".join(page.split())
    assert "A number is expected." in page
    assert Record.objects.count() == 0
    visitor.post(f"{address}run/")
    work()
    page = text_of(visitor.get(address))
    assert "The import is done" in page
    assert 'hx-trigger="every 1s"' not in page
    assert Record.objects.filter(process=process, author=importer).count() == 2
    file = visitor.get(f"{address}rejected/")
    assert "attachment" in file["Content-Disposition"]
    assert text_of(file).splitlines()[1] == "<b>Плохая</b>;many;y;Amount: A number is expected."


def test_progress_announces_each_quarter_once_and_the_end(visitor: Visitor) -> None:
    address = begun(visitor)
    visitor.post(address, {"target-0": "title"})
    assert "import-said" not in text_of(visitor.get(f"{address}progress/", part=True, said="0"))
    work()
    ended = text_of(visitor.get(f"{address}progress/", part=True, said="0"))
    assert 'id="import-said"' in ended
    assert "every 1s" not in ended


def test_person_is_told_of_the_end_with_counts(visitor: Visitor, importer: User) -> None:
    importer.language = "en"
    address = begun(visitor)
    visitor.post(address, {"target-0": "title", "target-1": "amount"})
    work()
    visitor.post(f"{address}run/")
    work()
    while relay_batch().events:
        pass
    told = Notification.objects.get(user=importer)
    assert (told.kind, told.title, told.text) == (
        "import",
        "list.csv",
        "The import is done. New: 2, updated: 0, rejected: 1.",
    )
    page = text_of(visitor.get("/notifications/"))
    assert f'value="{IMPORTS}"' in page


def test_import_that_runs_robots_tells_the_responsible_and_a_quiet_one_does_not(
    visitor: Visitor, process: Process
) -> None:
    anna = make_user("Anna Karenina")
    set_grants(process, {make_role(people=(anna,)).pk: EMPLOYEE}, actor=SYSTEM)
    for form, told in (({}, 0), ({"run_robots": "on"}, 1)):
        address = begun(visitor, "Title,Responsible\nA,Anna Karenina\n")
        visitor.post(address, {"target-0": "title", "target-1": "assignee", **form})
        work()
        visitor.post(f"{address}run/")
        work()
        while relay_batch().events:
            pass
        assert Notification.objects.filter(user=anna, kind="assigned").count() == told


def test_columns_that_make_no_sense_come_back_with_words(visitor: Visitor) -> None:
    address = begun(visitor)
    answer = visitor.post(
        address, {"target-0": "title", "target-1": "title", "target-2": "", "key": "", "run_robots": "on"}
    )
    page = text_of(answer)
    assert answer.status_code == 422
    assert "Another column goes there already." in page
    assert 'aria-describedby="target-1-error"' in page
    assert ImportJob.objects.get().state == "draft"
    assert visitor.post(address, {"target-0": "", "target-1": ""}).status_code == 422


def test_file_that_is_none_comes_back_with_words(visitor: Visitor) -> None:
    for content, words in ((b"", "Choose a file."), (b"PK\x03\x04", "no Excel workbook"), (b"A,B\n", "no row below")):
        answer = visitor.post(IMPORTS, {} if not content else {"file": SimpleUploadedFile("x.csv", content)})
        assert (answer.status_code, words in text_of(answer)) == (422, True)
    assert ImportJob.objects.count() == 0


def test_another_encoding_reads_the_file_anew(visitor: Visitor) -> None:
    address = begun(visitor)
    visitor.post(f"{address}reread/", {"encoding": "utf-8-sig", "delimiter": ","})
    assert ImportJob.objects.get().headers == ["Название;Amount;Другое"]
    assert visitor.post(f"{address}reread/", {"encoding": "rot13", "delimiter": ","}).status_code == 422


def test_check_can_go_back_to_the_columns_and_be_stopped(visitor: Visitor) -> None:
    address = begun(visitor)
    visitor.post(address, {"target-0": "title"})
    work()
    assert "Where each column goes" in text_of(visitor.get(address, step="columns"))
    visitor.post(f"{address}cancel/")
    assert "The import was stopped" in text_of(visitor.get(address))
    assert visitor.post(f"{address}run/", script=True).status_code == 409


def test_right_to_import_opens_the_wizard_and_its_links(
    visitor: Visitor, employee: User, stranger: User, visit: Callable[[User], Visitor]
) -> None:
    assert f'href="{IMPORTS}"' in text_of(visitor.get("/p/requests/"))
    assert f'href="{IMPORTS}"' in text_of(visitor.get("/p/requests/list/"))
    for person, status in ((employee, 403), (stranger, 404)):
        other = visit(person)
        assert f'href="{IMPORTS}"' not in text_of(other.get("/p/requests/"))
        assert other.get(IMPORTS).status_code == status
        assert send(other).status_code == status
    assert ImportJob.objects.count() == 0


def test_import_of_somebody_else_is_absent(visitor: Visitor, process: Process) -> None:
    address = begun(visitor)
    other = make_user()
    grants = {Operation.VIEW: Scope.ALL, Operation.IMPORT: Scope.ALL, Operation.CREATE: Scope.ALL}
    set_grants(process, {make_role(people=(other,)).pk: grants}, actor=SYSTEM)
    before = Event.objects.count()
    for path in ("", "progress/", "rejected/"):
        assert Visitor(other).get(address + path).status_code == 404
    for path in ("", "run/", "cancel/", "reread/"):
        assert Visitor(other).post(address + path).status_code == 404
    assert Event.objects.count() == before


def test_process_out_of_use_takes_no_file(visitor: Visitor, process: Process) -> None:
    archive_process(process, actor=SYSTEM)
    assert "not in use" in text_of(visitor.get(IMPORTS))
    assert send(visitor).status_code == 409


def test_pages_of_an_import_cost_a_known_number_of_queries(
    visitor: Visitor, django_assert_max_num_queries: Any
) -> None:
    address = begun(visitor, "Title,Amount\n" + "A,x\n" * 3)
    visitor.post(address, {"target-0": "title", "target-1": "amount"})
    work()
    with django_assert_max_num_queries(12):
        visitor.get(f"{address}progress/", part=True)
