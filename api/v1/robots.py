"""Robots of a process."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.v1.automation_shapes import FindingOut, RobotBody, RobotOrder, RobotOut, RobotPatch, RobotTileOut, StartedOut
from api.v1.strict import items_of
from api.views import ApiView
from automation.drafts import RobotDraft
from automation.operations import (
    SavedRobot,
    create_robot,
    delete_robot,
    reorder_robots,
    start_for_present,
    update_robot,
)
from automation.queries import RobotForm, automation_pages, robot_for
from core.errors import Invalid, NotFound
from processes.definition_types import StageDef
from processes.models import Operation, Stage
from processes.permissions import Access
from processes.queries import process_for, stage_of

DRAFT = (
    *("kind", "name", "condition", "button", "button_question", "delay_seconds", "delay_field", "delay_time"),
    *("wait_for_previous", "keep_running", "is_on"),
)


class RobotView(ApiView):
    """Robots of one process."""

    def stage(self, access: Access, key: str | None) -> Stage:
        """The stage of a key, for changing its robots; the one inside where records go through no stages.

        Raises NotAllowed, Invalid.
        """
        process = process_for(self.actor, access.definition.key, operation=Operation.AUTOMATE)
        if key is None and not access.definition.has_stages:
            return stage_of(process, access.definition.default_pipeline.first_stage.id)
        return stage_of(process, stage_named(access, key, "stage").id)


def stage_named(access: Access, key: str | None, place: str) -> StageDef:
    """The stage that a body names. Raises Invalid at `place`, also where records go through no stages."""
    if not access.definition.has_stages or key is None:
        message = _("Name a stage.") if access.definition.has_stages else _("This process has no stages.")
        raise Invalid(message, {place: [message]})
    try:
        return access.definition.stage(key)
    except NotFound as error:
        raise Invalid(error.message, {place: [error.message]}) from error


def told_place(access: Access, stage_id: int) -> dict[str, str | None]:
    """The keys of a stage and its pipeline, as answers tell them: null where nobody hears of stages."""
    definition = access.definition
    if not definition.has_stages:
        return {"stage": None, "pipeline": None}
    stage = definition.stage_by_id[stage_id]
    return {"stage": stage.key, "pipeline": definition.pipeline_by_id[stage.pipeline_id].key}


class Robots(RobotView):
    """What happens by itself in a process."""

    @extend_schema(operation_id="robots_list", summary="List robots", responses={200: items_of(RobotTileOut)})
    def get(self, request: Request, key: str) -> Response:
        """All robots, stage by stage, in their order, with runs and failures of the last 24 hours."""
        access = self.access(key)
        columns = [column for page in automation_pages(access) for column in page.columns]
        tiles = [(told_place(access, column.stage.id)["stage"], robot) for column in columns for robot in column.robots]
        return Response({"items": [{**RobotTileOut(robot).data, "stage": stage} for stage, robot in tiles]})

    @extend_schema(operation_id="robots_create", summary="Create a robot", request=RobotBody, responses={201: RobotOut})
    def post(self, request: Request, key: str) -> Response:
        """Add a robot at the end of a stage."""
        access, body = self.access(key), self.body(RobotBody)
        stage = self.stage(access, body.pop("stage"))
        saved = create_robot(stage, RobotDraft(**body), actor=self.actor)
        return Response(_saved(access, saved), status=201)


class OneRobot(RobotView):
    """One robot."""

    @extend_schema(operation_id="robots_read", summary="Read a robot", responses={200: RobotOut})
    def get(self, request: Request, key: str, robot_id: int) -> Response:
        """The robot; of a secret only whether there is one."""
        access = self.access(key)
        return Response(_shown(access, robot_for(access, robot_id)))

    @extend_schema(
        operation_id="robots_update", summary="Change a robot", request=RobotPatch, responses={200: RobotOut}
    )
    def patch(self, request: Request, key: str, robot_id: int) -> Response:
        """Change what the body names; `settings` are replaced as a whole, secrets left out stay."""
        access, body = self.access(key), self.body(RobotPatch)
        robot = robot_for(access, robot_id).robot
        draft: dict[str, Any] = {name: body.get(name, getattr(robot, name)) for name in DRAFT}
        settings = body.get("settings", _without_secrets(access, robot_id))
        saved = update_robot(robot, RobotDraft(settings=settings, **draft), actor=self.actor)
        return Response(_saved(access, saved))

    @extend_schema(operation_id="robots_delete", summary="Delete a robot", responses={204: None})
    def delete(self, request: Request, key: str, robot_id: int) -> Response:
        """Remove it; its runs stay in the log."""
        delete_robot(robot_for(self.access(key), robot_id).robot, actor=self.actor)
        return Response(status=204)


class StartRobot(RobotView):
    """A robot and the records that stand in its stage already."""

    @extend_schema(
        operation_id="robots_start",
        summary="Start a robot for present records",
        request=None,
        responses={200: StartedOut},
    )
    def post(self, request: Request, key: str, robot_id: int) -> Response:
        """Do for the records that stand in the stage now what would have been done had the robot been on."""
        robot = robot_for(self.access(key), robot_id).robot
        return Response({"runs": start_for_present(robot, actor=self.actor)})


class RobotOrderOfStage(RobotView):
    """The order of the robots of a stage."""

    @extend_schema(operation_id="robots_reorder", summary="Reorder robots", request=RobotOrder, responses={204: None})
    def put(self, request: Request, key: str) -> Response:
        """Put all robots of a stage in this order."""
        access, body = self.access(key), self.body(RobotOrder)
        reorder_robots(self.stage(access, body["stage"]), body["robots"], actor=self.actor)
        return Response(status=204)


def _without_secrets(access: Access, robot_id: int) -> dict[str, Any]:
    """Settings to keep as they are: a secret that is left out stays."""
    form = robot_for(access, robot_id)
    hidden = {name for name, value in form.settings.items() if form.robot.settings.get(name) != value}
    return {name: value for name, value in form.settings.items() if name not in hidden}


def _saved(access: Access, saved: SavedRobot) -> dict[str, Any]:
    return _shown(access, robot_for(access, saved.robot.pk))


def _shown(access: Access, form: RobotForm) -> dict[str, Any]:
    robot = form.robot
    return {
        "id": robot.pk,
        **told_place(access, robot.stage_id),
        "settings": dict(form.settings),
        **{name: getattr(robot, name) for name in DRAFT},
        "version": robot.version,
        "findings": FindingOut(form.findings, many=True).data,
    }
