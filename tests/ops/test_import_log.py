"""An event log becomes a living process by one command; no row is lost without a word."""

import os
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Department, Role, User
from accounts.queries import actor_for
from core.errors import NotFound
from events.models import Event
from processes.definition import definition_of
from processes.models import Operation, Process
from processes.permissions import access_for
from records.models import Record, StageVisit
from records.queries.timeline import timeline_page
from records.typed import model_for
from tests.factories import make_role, make_user
from tests.factories.log import PATH, UNLICENSED, log_row, log_rows, write_log

pytestmark = pytest.mark.django_db

REAL = Path(os.environ.get("RECEIPT_CSV") or Path(__file__).parents[3] / "shared" / "data" / "receipt.csv")


def bring(path: Path, **options: Any) -> tuple[str, str]:
    """What the command says about a file, and what it complains of."""
    out, err = StringIO(), StringIO()
    call_command("import_log", str(path), name="Permit applications", stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write_log(tmp_path / "log.csv", cases=60)


def test_every_row_becomes_an_event_of_its_case(log: Path) -> None:
    said, complaints = bring(log)
    rows = list(log_rows(cases=60))
    assert f"Rows: {len(rows)} read = {len(rows)} imported + 0 refused." in said
    assert complaints == ""
    process = Process.objects.get(key="permit_applications")
    found = Counter(
        Event.objects.filter(process_id=process.pk, kind__startswith="record.").values_list(
            "data__snapshot__title", flat=True
        )
    )
    assert found == Counter(row["case:concept:name"] for row in rows)


def test_activities_are_stages_in_the_order_of_the_cases_and_the_usual_ends_are_closed(log: Path) -> None:
    bring(log)
    stages = definition_of("permit_applications").default_pipeline.stages
    names = [stage.name for stage in stages]
    assert [name for name in names if name in PATH] == list(PATH)
    assert [name for name in names if name in UNLICENSED] == list(UNLICENSED)
    assert [stage.name for stage in stages if not stage.is_open] == [PATH[-1], UNLICENSED[-1]] == names[-2:]


def test_columns_of_the_case_become_fields_of_the_type_that_the_data_has(log: Path) -> None:
    bring(log)
    fields = {field.key: field.type.key for field in definition_of("permit_applications").fields}
    assert fields == {
        "channel": "choice",
        "case_deadline": "datetime",
        "case_department": "choice",
        "enddate": "datetime",
        "group": "choice",
        "fee": "number",
        "note": "text",
        "startdate": "date",
    }
    row = model_for(definition_of("permit_applications")).objects.get(title="case-1003")
    expected = next(row for row in log_rows(cases=4) if row["case:concept:name"] == "case-1003")
    assert row.values()["fee"] == float(expected["case:fee"])
    assert row.values()["startdate"] == expected["case:startdate"]
    assert row.values()["enddate"].replace("T", " ")[:19] == expected["case:enddate"].replace("T", " ")[:19]


def test_people_are_deactivated_users_in_the_departments_of_their_groups(log: Path) -> None:
    bring(log)
    added = User.objects.get(email="resource01@permit-applications.invalid")
    assert (added.name, added.is_active, added.has_usable_password()) == ("Resource01", False, False)
    assert added.department is not None
    assert set(Department.objects.values_list("name", flat=True)) == {"Group 1", "Group 2", "Group 3", "Group 4"}
    assert {user.name for user in User.objects.filter(name__iexact="test")} == {"test", "TEST"}
    with pytest.raises(NotFound):
        actor_for(added)


def test_a_known_address_is_the_person_who_has_it(tmp_path: Path) -> None:
    anna = make_user("Anna")
    row = log_row(resource=anna.email.upper(), responsible=anna.email.upper())
    bring(write_log(tmp_path / "log.csv", cases=3, more=(row,)))
    record = Record.objects.get(title="case-extra")
    assert (record.author, record.assignee) == (anna, anna)
    anna.refresh_from_db()
    assert (anna.name, anna.is_active, anna.department) == ("Anna", True, None)


def test_two_spellings_of_an_address_or_a_group_are_one(tmp_path: Path) -> None:
    rows = (
        log_row(resource="Eve@example.test", responsible="eve@example.test") | {"org:group": "Group 1"},
        log_row(resource="Bob", time="2011-01-01T00:00:00Z") | {"org:group": "GROUP 1"},
    )
    bring(write_log(tmp_path / "log.csv", cases=1, more=rows))
    eve, bob = User.objects.get(email__iexact="eve@example.test"), User.objects.get(name="Bob")
    assert eve.department == bob.department is not None


def test_timeline_of_a_case_is_its_rows(log: Path) -> None:
    bring(log)
    employee = make_user()
    role = Role.objects.get(key="employee")
    role.assignments.create(user=employee)
    access = access_for(actor_for(employee), "permit_applications")
    record = Record.objects.get(title="case-1005")
    page = timeline_page(access, record.pk)
    rows = [row for row in log_rows(cases=6) if row["case:concept:name"] == "case-1005"]
    told = [(entry.who, entry.at.isoformat(sep=" ")) for entry in reversed(page.entries)]
    assert told == [(row["org:resource"], row["time:timestamp"]) for row in rows]
    assert [entry.changes[0].after for entry in page.entries[:-1]] == [row["concept:name"] for row in rows[:0:-1]]


def test_employees_may_look_and_do_nothing_else(log: Path) -> None:
    role = make_role("Employee")
    Role.objects.filter(pk=role.pk).update(key="employee")
    bring(log)
    assert definition_of("permit_applications").grants[role.pk].keys() == {Operation.VIEW, Operation.HISTORY}
    assert Role.objects.filter(name="Employee").count() == 1


def test_bad_rows_are_named_by_line_and_the_others_taken(tmp_path: Path) -> None:
    good = sum(1 for _row in log_rows(cases=5))
    bad = (
        log_row(case=""),
        log_row(activity=""),
        log_row(time="yesterday"),
        log_row(time="2999-01-01 00:00:00+00:00"),
        log_row(resource="a\x01b"),
        log_row(activity="x" * 101),
        log_row(note="a\ud800b".encode("utf-8", "surrogatepass").decode("latin-1").replace("í", "\x00")),
    )
    path = write_log(tmp_path / "log.csv", cases=5, more=bad)
    with path.open("a") as file:
        file.write("one,two\n")
    said, complaints = bring(path)
    assert f"Rows: {good + 8} read = {good} imported + 8 refused." in said
    first = good + 2
    told = dict(line.split(": ", 1) for line in complaints.splitlines())
    assert list(told) == [f"line {first + number}" for number in range(8)]
    assert [next(iter(reason.split(":"))) for reason in told.values()] == [
        "no case",
        "no activity",
        "no time",
        "a time in the future",
        "person",
        "activity",
        "case",
        "2 values for 16 columns",
    ]


def test_text_that_is_not_utf8_is_refused_by_line(tmp_path: Path) -> None:
    path = write_log(tmp_path / "log.csv", cases=2, more=(log_row(activity="Prüfung"),))
    path.write_bytes(path.read_bytes().replace("Prüfung".encode(), "Prüfung".encode("latin-1")))
    _said, complaints = bring(path)
    assert complaints.startswith("line ")
    assert "cannot be stored" in complaints


def test_values_that_change_within_a_case_are_told(tmp_path: Path) -> None:
    more = (log_row(channel="Desk"), log_row(channel="Post", time="2011-01-01 00:00:00+00:00"))
    said, _complaints = bring(write_log(tmp_path / "log.csv", cases=20, more=more))
    assert "case:channel: 1 rows say something else than the first row of their case" in said


def test_the_same_key_twice_is_refused_and_nothing_is_written(log: Path) -> None:
    bring(log)
    before = (Record.objects.count(), Event.objects.count(), User.objects.count())
    with pytest.raises(CommandError, match="There is a process “permit_applications” already"):
        bring(log)
    assert (Record.objects.count(), Event.objects.count(), User.objects.count()) == before
    bring(log, key="permits_again")
    assert Process.objects.count() == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "No column case:concept:name, concept:name, time:timestamp. The file has: nothing."),
        ("a,b\n1,2\n", "The file has: a, b."),
        ("case:concept:name,concept:name,time:timestamp\n", "There is no event in the file"),
        ("case:concept:name,concept:name,time:timestamp,x,x\n", "Column x stands there twice"),
    ],
)
def test_a_file_that_is_no_log_is_refused_with_the_reason(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "log.csv"
    path.write_text(text)
    with pytest.raises(CommandError) as caught:
        bring(path)
    assert words in str(caught.value)
    assert not Process.objects.exists()


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        bring(tmp_path / "none.csv")


def test_too_many_activities_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    more = tuple(log_row(activity=f"Step {number}") for number in range(60))
    with pytest.raises(CommandError, match="at most 50 stages"):
        bring(write_log(tmp_path / "log.csv", cases=3, more=more))
    assert not Process.objects.exists()
    assert not User.objects.exists()


def test_columns_may_be_called_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("id,what,who,when\nA,Begin,Eve,2020-01-01T10:00\nA,End,,2020-01-02\nB,Begin,Eve,2020-01-03\n")
    bring(path, case_column="id", activity_column="what", person_column="who", time_column="when")
    events = Event.objects.filter(kind__startswith="record.").order_by("id")
    assert [(event.kind, event.actor_label) for event in events] == [
        ("record.created", "Eve"),
        ("record.moved", "Unknown"),
        ("record.created", "Eve"),
    ]


def test_the_real_log_becomes_a_process() -> None:
    if not REAL.exists():
        pytest.skip(f"no real event log: neither RECEIPT_CSV nor {REAL.name} in ../shared/data")
    said, complaints = bring(REAL)
    assert complaints == ""
    assert "Rows: 8577 read = 8577 imported + 0 refused." in said
    assert "Cases: 1434, events: 8577, people: 53, departments: 6" in said
    definition = definition_of("permit_applications")
    assert len(definition.default_pipeline.stages) == 27
    assert Record.objects.count() == 1434
    events = Event.objects.filter(process_id=definition.id)
    kinds = Counter(events.filter(kind__startswith="record.").values_list("kind", flat=True))
    assert kinds == {"record.created": 1434, "record.moved": 7137, "record.reordered": 6}
    assert StageVisit.objects.count() == 1434 + 7137
    assert StageVisit.objects.filter(left_at=None).count() == 1434
