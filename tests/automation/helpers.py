"""Making robots and letting them work, for tests."""

from typing import Any

from automation.drafts import RobotDraft, TriggerDraft
from automation.engine.worker import work
from automation.models import Lane, Robot, Run, Trigger
from automation.operations import create_robot, create_trigger
from core.actor import SYSTEM, Actor
from events.relay import relay_batch
from processes.models import Process, Stage
from records.models import Record

COMMENT = {"text": "Hello {{ title }}"}


def stage_of(process: Process, key: str) -> Stage:
    """A stage by key."""
    return Stage.objects.select_related("pipeline__process").get(pipeline__process=process, key=key)


def make_robot(
    process: Process,
    kind: str = "add_comment",
    settings: dict[str, Any] | None = None,
    *,
    stage: str = "received",
    actor: Actor = SYSTEM,
    **more: Any,
) -> Robot:
    """A robot on a stage; one that comments unless said otherwise."""
    draft = RobotDraft(kind=kind, settings=COMMENT if settings is None else settings, **more)
    return create_robot(stage_of(process, stage), draft, actor=actor).robot


def make_trigger(
    process: Process, kind: str, *, stage: str = "in_work", source: str | None = None, **more: Any
) -> Trigger:
    """A trigger that moves records to a stage."""
    source_id = stage_of(process, source).pk if source else None
    draft = TriggerDraft(kind=kind, source=source_id, **more)
    return create_trigger(stage_of(process, stage), draft, actor=SYSTEM).trigger


def relay() -> None:
    """Hand every waiting event to the consumers."""
    while relay_batch().events:
        pass


def stage_now(row: Any) -> str:
    """The key of the stage in which a record stands."""
    return Record.objects.select_related("stage").get(pk=row.pk).stage.key


def settle(rounds: int = 30) -> None:
    """Relay and work until nothing is due any more."""
    for _round in range(rounds):
        relay()
        if not sum(work(lane) for lane in Lane):
            return
    raise AssertionError("This does not settle.")


def only_run(**filters: Any) -> Run:
    """The one run there is."""
    return Run.objects.get(**filters)
