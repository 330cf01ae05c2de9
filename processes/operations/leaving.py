"""What is looked at before stages go, and what becomes of the records that stand in them."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import Conflict, Invalid
from processes.models import Operation, Process, Stage
from processes.permissions import access_for
from processes.storage import storage
from processes.uses import stage_uses

MOST_AT_ONCE = 2_000
"""Records that go along when their stage goes: the process stands still meanwhile."""


def require_free(stages: Iterable[Stage]) -> None:
    """Raise Conflict naming what acts on the stages and would be lost or broken with them."""
    users = [use.name for stage in stages for kind in stage_uses if kind.holds for use in kind.uses(stage)]
    if users:
        raise Conflict(_("This stage is used by: %s. Remove or change that first.") % ", ".join(users[:10]), uses=users)


def take_along(process: Process, places: Mapping[Stage, Stage | None], *, actor: Actor) -> int:
    """Move all records of the stages to the stages that follow them; how many. For use inside a change lock.

    The bin goes along. Out of a closed pipeline they go by those who manage access: elsewhere others may see them.
    Raises Conflict (records without a target, or too many), Invalid (a target that goes itself, or is none of the
    process), NotAllowed.
    """
    counts = {stage.pk: storage().count_in_stage(process, stage.pk) for stage in places}
    if sum(counts.values()) > MOST_AT_ONCE:
        raise Conflict(
            _("There are more than %d records in it; move some of them first.") % MOST_AT_ONCE,
            count=sum(counts.values()),
        )
    targets: dict[int, int] = {}
    for stage, to in places.items():
        if to is not None:
            _require_target(process, to, places)
            if counts[stage.pk] and to.pipeline_id != stage.pipeline_id and not stage.pipeline.is_open:
                access_for(actor, process).require(Operation.MANAGE_ACCESS)
            targets[stage.pk] = to.pk
        elif counts[stage.pk]:
            raise Conflict(
                _("There are records in “%(name)s”; say where they go.") % {"name": stage.name},
                stage=stage.key,
                count=counts[stage.pk],
            )
    return storage().move_all(process, {pk: to for pk, to in targets.items() if counts[pk]}, actor=actor)


def _require_target(process: Process, to: Stage, places: Mapping[Stage, Stage | None]) -> None:
    if to in places or to.pipeline.process_id != process.pk:
        message = _("Records go to a stage that stays.")
        raise Invalid(message, {"to": [message]})
