"""Keeps programs running: forks them, shows what they say, restarts what dies, stops them in order.

honcho ends everything when one program ends and restarts nothing; circus restarts well, but brings an event
loop, a message bus and a control daemon, and starts every program from nothing. Here the programs are forks
of one process that has loaded the product: they share its memory, and they are there at once.
"""

import contextlib
import ctypes
import multiprocessing
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from multiprocessing.context import ForkProcess

FIRST_PAUSE = 1.0  # seconds before a dead program is started again
LONGEST_PAUSE = 30.0
HEALTHY_AFTER = 60.0  # a program that lived so long starts again after the first pause
TICK = 0.25

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
_fork = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True)
class Program:
    """A function to keep running in a process of its own."""

    name: str
    run: Callable[[], object]
    patience: float = 10.0
    """Seconds between the polite and the last signal."""


class _Place:
    """One program and the process that runs it now, if any."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: ForkProcess | None = None
        self.started_at = self.start_at = 0.0
        self.pause = FIRST_PAUSE

    def start(self, mouth: int) -> None:
        """Fork the program, its words going into the pipe."""
        self.process = _fork.Process(target=_be, args=(self.program, mouth, os.getpid()))
        self.process.start()
        self.started_at = time.monotonic()

    def has_ended(self) -> bool:
        return self.process is not None and self.process.exitcode is not None

    def bury(self) -> int:
        """See that nothing of the process group outlives its program; return the exit code."""
        assert self.process is not None
        assert self.process.pid is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.join()
        code = self.process.exitcode or 0
        self.process = None
        return code

    def put_off(self) -> float:
        """Set the next start, later each time the program dies young; return the pause in seconds."""
        now = time.monotonic()
        if now - self.started_at > HEALTHY_AFTER:
            self.pause = FIRST_PAUSE
        pause, self.pause = self.pause, min(self.pause * 2, LONGEST_PAUSE)
        self.start_at = now + pause
        return pause


class Supervisor:
    """Runs programs until SIGINT or SIGTERM; a second signal stops them without waiting.

    Programs come in groups. The groups are stopped one after the other, the last first.
    `on_tick` is called a few times a second for whatever else wants looking after.
    """

    def __init__(
        self,
        groups: Sequence[Sequence[Program]],
        say: Callable[[str], None],
        on_tick: Callable[[], None] = lambda: None,
    ) -> None:
        self.say = say
        self.on_tick = on_tick
        self._groups = [[_Place(program) for program in group] for group in groups]
        self._width = max(len(program.name) for group in groups for program in group)
        self._selector = selectors.DefaultSelector()
        self._stopping = False
        self._in_a_hurry = False

    def run(self) -> None:
        """Keep the programs running until a signal, then stop them."""
        with self._signals():
            while not self._stopping:
                for place in chain.from_iterable(self._groups):
                    self._look_after(place)
                self._listen()
                self.on_tick()
            for group in reversed(self._groups):
                self._end(group)
            self._listen()

    def stop(self) -> None:
        """Begin to stop; asked again, stop at once."""
        self._in_a_hurry = self._stopping
        self._stopping = True

    def _look_after(self, place: _Place) -> None:
        if place.has_ended():
            code = place.bury()
            pause = place.put_off()
            self.say(f"{place.program.name} {_ending(code)}; starting it again in {pause:g} s")
        elif place.process is None and time.monotonic() >= place.start_at:
            self._start(place)

    def _start(self, place: _Place) -> None:
        ear, mouth = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        place.start(mouth)
        os.close(mouth)
        os.set_blocking(ear, False)
        self._selector.register(ear, selectors.EVENT_READ, _Voice(f"{place.program.name:<{self._width}} | "))

    def _end(self, group: Sequence[_Place]) -> None:
        """Ask the group to leave; kill who stays longer than its patience."""
        running = [place for place in group if place.process is not None]
        asked_at = time.monotonic()
        for place in running:
            _send(place, signal.SIGTERM)
        while running:
            self._listen()
            waited = time.monotonic() - asked_at
            for place in list(running):
                if self._in_a_hurry or waited > place.program.patience:
                    _send(place, signal.SIGKILL)
                if place.has_ended():
                    place.bury()
                    running.remove(place)

    def _listen(self) -> None:
        """Show what the programs say; return after a tick, sooner if something happens."""
        for key, _ in self._selector.select(TICK):
            said = _read(key.fd)
            if key.data is not None:
                key.data.say(said)
                if said == b"":
                    self._selector.unregister(key.fd)
                    os.close(key.fd)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Let signals end the waiting in `_listen`, and the first of them begin the stop."""
        ear, mouth = os.pipe()
        os.set_blocking(ear, False)
        os.set_blocking(mouth, False)
        self._selector.register(ear, selectors.EVENT_READ)
        handlers = [lambda *_: self.stop(), lambda *_: self.stop(), lambda *_: None]
        before = [signal.signal(number, handler) for number, handler in zip(SIGNALS, handlers, strict=True)]
        signal.set_wakeup_fd(mouth)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in zip(SIGNALS, before, strict=True):
                signal.signal(number, handler)
            self._selector.close()
            os.close(ear)
            os.close(mouth)


class _Voice:
    """Puts a program's name before each of its lines."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._unfinished = b""

    def say(self, said: bytes | None) -> None:
        """Show the lines that are complete, and the rest when the program has gone silent for good."""
        *lines, self._unfinished = (self._unfinished + (said or b"")).split(b"\n")
        if said == b"" and self._unfinished:
            lines.append(self._unfinished)
        for line in lines:
            sys.stdout.write(f"{self.name}{line.decode(errors='replace').rstrip()}\n")
        sys.stdout.flush()


def _read(descriptor: int) -> bytes | None:
    """Return what is there, empty at the end, None for a false alarm."""
    try:
        return os.read(descriptor, 65536)
    except BlockingIOError:
        return None


def _send(place: _Place, number: signal.Signals) -> None:
    assert place.process is not None
    assert place.process.pid is not None
    with contextlib.suppress(ProcessLookupError):
        os.kill(place.process.pid, number)


def _be(program: Program, mouth: int, supervisor: int) -> None:
    """Become the program: a session of its own, its own signals, its words into the pipe."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    # The kernel ends this program with its supervisor, even if that one is killed.
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != supervisor:
        return
    os.dup2(mouth, 1)
    os.dup2(mouth, 2)
    os.close(mouth)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    program.run()


def _ending(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"
