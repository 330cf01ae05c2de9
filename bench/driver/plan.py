"""What is asked, of everybody the same: works, and the pieces of a work in a round."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from bench.workload import SOURCES, STAGES, Sample, sample

BULK = 1_000


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of request: its name, over how many connections, and its pieces as a share of `--requests`."""

    name: str
    connections: int = 1
    share: float = 1.0

    @property
    def label(self) -> str:
        """Name and connections."""
        return f"{self.name}@{self.connections}" if self.name == "create" else self.name

    def count(self, requests: int) -> int:
        """How many pieces in a round."""
        return max(1, round(requests * self.share))


WORKS = (
    Work("create", 1),
    Work("create", 8),
    Work("create", 32),
    Work("bulk", 8, share=0),
    Work("list_filtered", share=0.5),
    Work("list_newest"),
    Work("board", share=0.5),
    Work("move"),
    Work("read"),
    Work("update"),
)


class Plan:
    """Hands out the pieces; remembers where every record stands, so that each move goes to another stage."""

    def __init__(self, size: int, turn: int = 0) -> None:
        """Plans of another `turn` write other values and move to other stages."""
        self.size = size
        self._turn = turn
        self._next = size + 1
        self._at = 0
        self._stages: dict[int, int] = {}
        self._value = turn * 1_000_000
        self._makers: dict[str, Callable[[int], Sequence[Any]]] = {
            "create": self._new,
            "bulk": lambda count: [self._new(min(BULK, self.size))],
            "list_filtered": lambda count: [SOURCES[place % len(SOURCES)] for place in range(count)],
            "list_newest": lambda count: [None] * count,
            "board": lambda count: [None] * count,
            "move": lambda count: [self._move(number) for number in islice(self._numbers(), count)],
            "read": lambda count: list(islice(self._numbers(), count)),
            "update": lambda count: [self._update(number) for number in islice(self._numbers(), count)],
        }

    def pieces(self, work: Work, requests: int) -> Sequence[Any]:
        """The pieces of one round."""
        return self._makers[work.name](work.count(requests))

    def _new(self, count: int) -> list[Sample]:
        first, self._next = self._next, self._next + count
        return [sample(number) for number in range(first, self._next)]

    def _numbers(self) -> Iterator[int]:
        """Numbers of loaded records, spread over all of them, every one before any comes again."""
        while True:
            self._at += 1
            yield self._at * 7919 % self.size + 1

    def _move(self, number: int) -> tuple[int, str]:
        target = (self._stages.get(number, sample(number).stage) + 1 + self._turn % 5) % len(STAGES)
        self._stages[number] = target
        return number, STAGES[target][0]

    def _update(self, number: int) -> tuple[int, str]:
        self._value += 1
        return number, f"C-changed-{self._value}"
