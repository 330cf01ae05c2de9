"""Where the values of a process live: a port that the app above fills.

Processes describe; `records` stores. A change of definition must change the tables in the same transaction, so
`records` registers its storage here instead of being imported.
"""

from collections.abc import Mapping
from typing import Protocol

from core.actor import Actor
from processes.models import Field, Process


class Storage(Protocol):
    """What a storage does when a definition changes; every method runs in the transaction of the change."""

    def create(self, process: Process) -> None:
        """Make the table and the reporting view of a new process."""

    def add_field(self, process: Process, field: Field) -> None:
        """Make room for the values of a new field. Raises Busy."""

    def drop_field(self, process: Process, field: Field) -> None:
        """Throw the values of a removed field away. Raises Busy."""

    def has_records(self, process: Process) -> bool:
        """Whether there are records, the bin included."""

    def wants_index(self, field: Field) -> bool:
        """Whether an index belongs to the field's column."""

    def drop_uniqueness(self, process: Process, field: Field) -> None:
        """Let values of a field repeat again. Raises Busy."""

    def refresh(self, process: Process, *, patient: bool = True) -> None:
        """Names or order changed: bring the reporting view in step; one try only unless `patient`. Raises Busy."""

    def is_reason_used(self, process: Process, reason_id: int) -> bool:
        """Whether a record has ended for this reason, now or in its past."""

    def count_in_stage(self, process: Process, stage_id: int) -> int:
        """How many records stand in a stage, the bin included."""

    def move_all(self, process: Process, places: Mapping[int, int], *, actor: Actor) -> int:
        """Move every record of the stages (ids) to the stages that follow them, the bin included; how many.

        Writes a quiet `record.moved` for each. Raises Conflict where a hard limit does not let them in.
        """


_storages: list[Storage] = []


def register_storage(cls: type[Storage]) -> type[Storage]:
    """Class decorator for the storage of the app that stores records."""
    _storages.append(cls())
    return cls


def storage() -> Storage:
    """The registered storage."""
    return _storages[0]
