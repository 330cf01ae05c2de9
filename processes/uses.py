"""What else uses a stage or a field: registries into which the apps above register, so that none goes unnoticed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from core.errors import Text
from core.registry import Extension, Registry
from processes.definition_types import Definition
from processes.models import Field, Stage


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a thing is changed: its sort, the key of its process, and which one it is there."""

    sort: str
    """robot, trigger, field, stage, gate, moves, rights, board or list."""
    process: str
    name: int | str = ""
    """Its id; of a gate the way as “source-target”, of a view the query that opens it."""
    pipeline: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that speaks of a field or a stage: what it is, what people call it, and where it is changed."""

    kind: Text
    name: str
    where: Whereabouts | None = None


class StageUse(Extension):
    """One sort of thing that speaks of stages."""

    holds: ClassVar[bool] = True
    """Whether a stage stays as long as there are any; otherwise they go with it."""

    def uses(self, stage: Stage) -> Iterable[Use]:
        """The things that use the stage."""
        raise NotImplementedError


class FieldUse(Extension):
    """One sort of thing that speaks of fields."""

    def uses(self, field: Field) -> Iterable[Use]:
        """The things that use the field."""
        raise NotImplementedError

    def breaks(self, field: Field, definition: Definition) -> Iterable[Use]:
        """Those of them that could not be read any more were the process like this."""
        return ()


field_use_kinds: Registry[FieldUse] = Registry("use of fields")
stage_uses: Registry[StageUse] = Registry("use of stages")
