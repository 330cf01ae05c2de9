"""The supervisor: what dies comes back, what is stopped leaves in order, nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from smartcrm import supervisor
from smartcrm.supervisor import Program, Supervisor

PATIENCE = 20.0  # seconds until a test gives up waiting


def shell(name: str, script: str, **options: float) -> Program:
    return Program(name, lambda: os.execv("/bin/sh", ["/bin/sh", "-c", script]), **options)


def supervise(programs: list[Program], until: Callable[[], bool]) -> list[str]:
    """Run the programs until the condition holds, then send SIGTERM; return what the supervisor said."""
    said: list[str] = []
    deadline = time.monotonic() + PATIENCE

    def stop_when_true() -> None:
        if until() or time.monotonic() > deadline:
            os.kill(os.getpid(), signal.SIGTERM)

    Supervisor([[program] for program in programs], said.append, stop_when_true).run()
    assert time.monotonic() < deadline, "the condition never came true"
    return said


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def test_a_dead_program_is_started_again_after_growing_pauses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE", 0.03)
    starts = tmp_path / "starts"

    said = supervise([shell("mortal", f"echo x >> {starts}; exit 3")], until=lambda: len(lines(starts)) >= 4)

    assert said[:3] == [
        "mortal ended with code 3; starting it again in 0.01 s",
        "mortal ended with code 3; starting it again in 0.02 s",
        "mortal ended with code 3; starting it again in 0.03 s",
    ]


def test_a_killed_program_is_told_by_its_signal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.01)
    starts = tmp_path / "starts"

    said = supervise([shell("victim", f"echo x >> {starts}; kill -9 $$")], until=lambda: len(lines(starts)) >= 2)

    assert said[0].startswith("victim was ended by SIGKILL")


def test_groups_are_stopped_from_the_last_to_the_first(tmp_path: Path) -> None:
    ready, ends = tmp_path / "ready", tmp_path / "ends"
    script = 'trap "echo {0} >> {1}; exit 0" TERM; echo {0} >> {2}; while :; do sleep 0.05; done'
    programs = [shell(name, script.format(name, ends, ready)) for name in ("worker", "relay", "web")]

    supervise(programs, until=lambda: len(lines(ready)) == 3)

    assert lines(ends) == ["web", "relay", "worker"]


def test_a_program_that_will_not_leave_is_killed(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    stubborn = shell("stubborn", f"trap '' TERM; echo $$ > {pid}; while :; do sleep 0.05; done", patience=0.3)

    supervise([stubborn], until=lambda: bool(lines(pid)))

    assert not is_alive(int(pid.read_text()))


def test_children_do_not_outlive_their_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.01)
    children = tmp_path / "children"
    script = f"sleep 300 & echo $! >> {children}; kill -9 $$"

    supervise([shell("parent", script)], until=lambda: len(lines(children)) >= 2)

    assert not is_alive(int(lines(children)[0]))


def test_programs_end_with_a_killed_supervisor(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    program = (
        "import os, sys; from smartcrm.supervisor import Program, Supervisor; "
        "child = Program('child', lambda: os.execv('/bin/sh', ['sh', '-c', sys.argv[1]])); "
        "Supervisor([[child]], print).run()"
    )
    watched = subprocess.Popen([sys.executable, "-c", program, f"echo $$ > {pid}; exec sleep 300"])
    deadline = time.monotonic() + PATIENCE
    while not lines(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    child = int(pid.read_text())

    watched.kill()
    watched.wait()

    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(child)


def test_every_line_is_shown_under_the_name_of_its_program(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    done = tmp_path / "done"
    talker = shell("talker", f"echo one; echo two >&2; printf unfinished; echo x > {done}; exec sleep 300")

    supervise([talker, shell("web", "exec sleep 300")], until=lambda: bool(lines(done)))

    assert capfd.readouterr().out.splitlines() == ["talker | one", "talker | two", "talker | unfinished"]


def test_a_second_signal_stops_without_waiting(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    stubborn = shell("stubborn", f"trap '' TERM; echo $$ > {pid}; while :; do sleep 0.05; done", patience=600)
    started = time.monotonic()

    def insist() -> None:
        if lines(pid):
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    try:
        Supervisor([[stubborn]], lambda text: None, insist).run()
    finally:
        signal.signal(signal.SIGALRM, before)

    assert time.monotonic() - started < PATIENCE
    assert not is_alive(int(pid.read_text()))
