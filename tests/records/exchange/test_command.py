"""The third door: `manage.py import_records`."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from processes.models import Process
from tests.factories import make_user
from tests.records.exchange.conftest import rows_in


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_bytes("Имя;Amount\nПринтер;1,5\nПлохая;много\n".encode("cp1251"))
    return path


def call(process: Process, file: Path, person: User, *options: str, **more: Any) -> tuple[str, str]:
    out, errors = StringIO(), StringIO()
    call_command(
        "import_records", process.key, str(file), *options, f"--as={person.email}", stdout=out, stderr=errors, **more
    )
    return out.getvalue(), errors.getvalue()


def test_command_checks_then_imports_and_tells(process: Process, anna: User, file: Path, tmp_path: Path) -> None:
    rejected = tmp_path / "rejected.csv"
    out, errors = call(process, file, anna, "--column=Имя=title", f"--rejected={rejected}")
    assert out.splitlines() == [
        "Checked 2 rows: 1 new, 0 updated, 1 rejected.",
        "Imported 2 rows: 1 new, 0 updated, 1 rejected.",
    ]
    assert errors.splitlines()[0] == "row 2 (line 3): Amount: A number is expected."
    assert [row.title for row in rows_in(process)] == ["Принтер"]
    assert rejected.read_text(encoding="utf-8-sig").splitlines()[1] == "Плохая;много;Amount: A number is expected."


def test_command_that_checks_writes_nothing(process: Process, anna: User, file: Path) -> None:
    call(process, file, anna, "--column=Имя=title", "--check")
    assert rows_in(process) == []


def test_command_refuses_in_words(process: Process, anna: User, file: Path) -> None:
    for options, words in (
        (["--column=Нет=title"], "There is no column “Нет”"),
        (["--column=Имя=nothing"], "targets.0: There is no such field."),
        (["--key=title"], "No column goes to what records are found by."),
    ):
        with pytest.raises(CommandError, match=words):
            call(process, file, anna, *options)
    with pytest.raises(CommandError, match="cannot be read"):
        call(process, file / "absent", anna)
    with pytest.raises(CommandError, match="There is no such process"):
        call(process, file, make_user())
