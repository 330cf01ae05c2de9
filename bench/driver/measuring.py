"""Rounds: every work by every side in alternation, timed, with the processor time of its server."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from bench.driver.client import in_parallel
from bench.driver.machine import processor_seconds
from bench.driver.plan import WORKS, Plan, Work
from bench.driver.sides import Side

WARM_UP = 20
"""Requests before the first round that nobody counts."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One work of one side in one round. Times are milliseconds; processor times are per unit.

    A unit is what is compared: a request, or a record where the work is bulk.
    """

    units: int
    per_second: float
    p50: float
    p95: float
    server_ms: float | None
    database_ms: float


Results = Mapping[str, Mapping[str, list[Measured]]]
"""Work → side → one figure for each round."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Who is compared and what is looked at."""

    sides: Sequence[Side]
    servers: Mapping[str, int]
    """Side → process id of its server; plain SQL has none."""
    database: int
    settle: Callable[[], None]
    """Waits until nothing works in the background."""

    def run(self, plan: Plan, *, rounds: int, requests: int, say: Callable[[str], None]) -> Results:
        """All works in every round; the side that begins changes from round to round."""
        results: dict[str, dict[str, list[Measured]]] = {}
        for number in range(rounds + 1):
            is_warm_up = number == 0
            for work in WORKS:
                planned = plan.pieces(work, WARM_UP if is_warm_up else requests)
                for side in self._order(number):
                    self.settle()
                    found = self._measure(work, side, planned)
                    if not is_warm_up:
                        results.setdefault(work.label, {}).setdefault(side.name, []).append(found)
            say("warm" if is_warm_up else f"round {number} of {rounds} is done")
        return results

    def _order(self, number: int) -> list[Side]:
        shift = number % len(self.sides)
        return [*self.sides[shift:], *self.sides[:shift]]

    def _measure(self, work: Work, side: Side, planned: Sequence[Any]) -> Measured:
        pieces = side.pieces(work.name, planned)
        units = sum(map(len, planned)) if work.name == "bulk" else len(planned)
        with ExitStack() as stack:
            hands = [stack.enter_context(side.hand()) for _number in range(min(work.connections, len(pieces)))]
            before = self._processor(side)
            begun = time.perf_counter()
            seconds = sorted(in_parallel(pieces, hands))
            wall = time.perf_counter() - begun
            after = self._processor(side)
        server = None if before[0] is None or after[0] is None else (after[0] - before[0]) / units * 1000
        return Measured(
            units=units,
            per_second=units / wall,
            p50=median(seconds) * 1000,
            p95=seconds[round(0.95 * (len(seconds) - 1))] * 1000,
            server_ms=server,
            database_ms=(after[1] - before[1]) / units * 1000,
        )

    def _processor(self, side: Side) -> tuple[float | None, float]:
        server = self.servers.get(side.name)
        return None if server is None else processor_seconds(server), processor_seconds(self.database)


def as_data(results: Results) -> dict[str, Any]:
    """The figures for a file."""
    return {
        work: {side: [asdict(measured) for measured in rounds] for side, rounds in sides.items()}
        for work, sides in results.items()
    }
