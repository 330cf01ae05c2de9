"""Keeps programs running: starts them, shows what they say, restarts what dies, stops them in order.

honcho ends everything when one program ends and restarts nothing; circus restarts well and brings an event
loop, a message bus and a control daemon of its own. What is needed here is this module. It imports nothing
of Django, so watching costs a few megabytes.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

FIRST_PAUSE = 1.0  # seconds before a dead program is started again
LONGEST_PAUSE = 30.0
LONGEST_LINE = 1024 * 1024  # bytes
HEALTHY_AFTER = 60.0  # a program that lived so long starts again after the first pause

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


@dataclass(frozen=True, slots=True)
class Program:
    """A command to keep running."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    patience: float = 10.0
    """Seconds between the polite and the last signal."""


class Supervisor:
    """Runs programs until SIGINT or SIGTERM; a second signal stops them without waiting."""

    def __init__(self, programs: Sequence[Program], say: Callable[[str], None]) -> None:
        self.programs = programs
        self.say = say
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._width = max(len(program.name) for program in programs)

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    async def run(self) -> None:
        """Keep the programs running; on a signal stop them, the last of the list first."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        keepers = [asyncio.create_task(self._keep(program)) for program in self.programs]
        await self._stopping.wait()
        for program in reversed(self.programs):
            await self._end(program)
        await asyncio.gather(*keepers)

    def stop(self) -> None:
        """Begin to stop; asked again, stop at once."""
        if self._stopping.is_set():
            self._hurry.set()
        self._stopping.set()

    async def pause(self, seconds: float) -> None:
        """Wait, shorter if the supervisor is being stopped."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _keep(self, program: Program) -> None:
        pause = FIRST_PAUSE
        while not self.is_stopping:
            started = time.monotonic()
            code = await self._run_once(program)
            if self.is_stopping:
                return
            if time.monotonic() - started > HEALTHY_AFTER:
                pause = FIRST_PAUSE
            self.say(f"{program.name} {_ending(code)}; starting it again in {pause:g} s")
            await self.pause(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _run_once(self, program: Program) -> int:
        """Run the program until it ends, and see that nothing of its process group outlives it."""
        # A pipe of our own: asyncio's would make `wait` wait for every grandchild that holds it.
        ear, mouth = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *program.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=mouth,
                stderr=mouth,
                env={**os.environ, **program.environment},
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        finally:
            os.close(mouth)
        self._running[program.name] = process
        echo = asyncio.create_task(self._echo(program.name, ear))
        code = await process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await echo
        return code

    async def _echo(self, name: str, ear: int) -> None:
        """Show what a program says, a line at a time, until the last of its group is gone."""
        reader = asyncio.StreamReader(limit=LONGEST_LINE)
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ear, "rb", buffering=0)
        )
        while not reader.at_eof():
            try:
                line = await reader.readline()
            except ValueError:
                line = b"(a line too long to show)\n"
            if line:
                sys.stdout.write(f"{name:<{self._width}} | {line.decode(errors='replace').rstrip()}\n")
                sys.stdout.flush()

    async def _end(self, program: Program) -> None:
        process = self._running.get(program.name)
        if process is None or process.returncode is not None:
            return
        process.terminate()
        waiting = asyncio.create_task(process.wait())
        hurry = asyncio.create_task(self._hurry.wait())
        await asyncio.wait({waiting, hurry}, timeout=program.patience, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        await waiting


def _end_with_parent() -> None:
    """Ask the kernel to end this program with its supervisor, even if that one is killed."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _ending(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"
