"""Runs of robots and triggers: the log of a process, one run, what a person does with it."""

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.listing import number_from
from api.schema import next_number, parameter
from api.v1.automation_shapes import RunOut
from api.v1.strict import items_of
from api.views import ApiView
from automation.models import State
from automation.operations import cancel_run, confirm_run, retry_run, run_again
from automation.queries import RunFilter, run_detail, run_log, run_of
from core.errors import Invalid


class Runs(ApiView):
    """The log of a process."""

    @extend_schema(
        operation_id="runs_list",
        summary="List runs",
        parameters=[
            parameter("state", "Only runs in this state.", enum=State.values),
            parameter("robot", "Only runs of this robot.", int),
            parameter("trigger", "Only runs of this trigger.", int),
            parameter("record", "Only runs for this record.", int),
            parameter("before", "`next` of the page before.", int),
        ],
        responses={200: items_of(RunOut, next=next_number())},
    )
    def get(self, request: Request, key: str) -> Response:
        """A page of runs, the newest first."""
        query = self.query("state", "robot", "trigger", "record", "before")
        if query.get("state", State.READY) not in State.values:
            message = _("There is no such state.")
            raise Invalid(message, {"state": [message]})
        wanted = RunFilter(
            states=[query["state"]] if "state" in query else (),
            robot_id=number_from(query, "robot"),
            trigger_id=number_from(query, "trigger"),
            record_id=number_from(query, "record"),
        )
        page = run_log(self.access(key), wanted, before=number_from(query, "before"))
        return Response({"items": RunOut(page.runs, many=True).data, "next": page.next})


class RunView(ApiView):
    """One run of a process."""

    def shown(self, key: str, run_id: int) -> Response:
        """The answer that shows the run."""
        return Response(RunOut(run_detail(self.access(key), run_id).run).data)


class OneRun(RunView):
    """One run."""

    @extend_schema(operation_id="runs_read", summary="Read a run", responses={200: RunOut})
    def get(self, request: Request, key: str, run_id: int) -> Response:
        """The run as it is now."""
        return self.shown(key, run_id)


class ActOnRun(RunView):
    """What a person does with a run."""

    operations: ClassVar[dict[str, Any]] = {
        "retry": retry_run,
        "again": run_again,
        "cancel": cancel_run,
        "confirm": confirm_run,
    }

    @extend_schema(
        operation_id="runs_act", summary="Retry, repeat, cancel or confirm a run", request=None, responses={200: RunOut}
    )
    def post(self, request: Request, key: str, run_id: int, act: str) -> Response:
        """Do it, and answer with the run that came of it."""
        self.shown(key, run_id)
        return self.shown(key, self.operations[act](run_of(self.actor, run_id), actor=self.actor).pk)
