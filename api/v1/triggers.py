"""Triggers and automatic transitions of a process."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.v1.automation_shapes import (
    FindingOut,
    StartedOut,
    TriggerBody,
    TriggerOrder,
    TriggerOut,
    TriggerPatch,
    TriggerTileOut,
)
from api.v1.robots import RobotView, stage_named, told_place
from api.v1.strict import items_of
from automation.drafts import TriggerDraft
from automation.operations import (
    SavedTrigger,
    create_trigger,
    delete_trigger,
    renew_secret,
    reorder_triggers,
    start_for_present,
    update_trigger,
)
from automation.queries import TriggerForm, TriggerTile, automation_pages, hook_url, trigger_for
from processes.permissions import Access

DRAFT = ("kind", "name", "condition", "allow_backward", "is_on")


class Triggers(RobotView):
    """What moves records by itself in a process."""

    secret_keys = ("secret",)

    @extend_schema(operation_id="triggers_list", summary="List triggers", responses={200: items_of(TriggerTileOut)})
    def get(self, request: Request, key: str) -> Response:
        """All triggers and automatic transitions, stage by stage, with runs and failures of the last 24 hours."""
        access = self.access(key)
        columns = [column for page in automation_pages(access) for column in page.columns]
        into = [(column.stage, tile) for column in columns for tile in column.triggers]
        out_of = [(target, tile) for column in columns for tile, target in column.leaving]
        return Response({"items": [_tile(tile, told_place(access, stage.id)) for stage, tile in (*into, *out_of)]})

    @extend_schema(
        operation_id="triggers_create", summary="Create a trigger", request=TriggerBody, responses={201: TriggerOut}
    )
    def post(self, request: Request, key: str) -> Response:
        """Add a trigger that moves records to a stage. A signing secret that is made for it is shown this once."""
        access, body = self.access(key), self.body(TriggerBody)
        stage = self.stage(access, body.pop("stage"))
        source = _stage(access, body.pop("from_stage", None), "from_stage")
        draft = TriggerDraft(**body, source=source)
        return Response(_saved(access, create_trigger(stage, draft, actor=self.actor)), status=201)


class OneTrigger(RobotView):
    """One trigger."""

    secret_keys = ("secret",)

    @extend_schema(operation_id="triggers_read", summary="Read a trigger", responses={200: TriggerOut})
    def get(self, request: Request, key: str, trigger_id: int) -> Response:
        """The trigger; of a secret only whether there is one."""
        access = self.access(key)
        return Response(_shown(access, trigger_for(access, trigger_id)))

    @extend_schema(
        operation_id="triggers_update", summary="Change a trigger", request=TriggerPatch, responses={200: TriggerOut}
    )
    def patch(self, request: Request, key: str, trigger_id: int) -> Response:
        """Change what the body names; `settings` are replaced as a whole, a secret left out stays."""
        access, body = self.access(key), self.body(TriggerPatch)
        form = trigger_for(access, trigger_id)
        draft: dict[str, Any] = {name: body.get(name, getattr(form.trigger, name)) for name in DRAFT}
        source = _stage(access, body["from_stage"], "from_stage") if "from_stage" in body else form.trigger.source_id
        target = _stage(access, body.get("stage"), "stage")
        draft |= {"settings": body.get("settings", _without_secrets(form)), "source": source, "stage": target}
        return Response(_saved(access, update_trigger(form.trigger, TriggerDraft(**draft), actor=self.actor)))

    @extend_schema(operation_id="triggers_delete", summary="Delete a trigger", responses={204: None})
    def delete(self, request: Request, key: str, trigger_id: int) -> Response:
        """Remove it; its runs stay in the log."""
        delete_trigger(trigger_for(self.access(key), trigger_id).trigger, actor=self.actor)
        return Response(status=204)


class StartTrigger(RobotView):
    """An automatic transition and the records that stand in its stage already."""

    @extend_schema(
        operation_id="triggers_start",
        summary="Start an automatic transition for present records",
        request=None,
        responses={200: StartedOut},
    )
    def post(self, request: Request, key: str, trigger_id: int) -> Response:
        """Do for the records that stand in the stage now what would have been done had it been on."""
        trigger = trigger_for(self.access(key), trigger_id).trigger
        return Response({"runs": start_for_present(trigger, actor=self.actor)})


class RenewSecret(RobotView):
    """Another signing secret for a trigger that is called."""

    secret_keys = ("secret",)

    @extend_schema(
        operation_id="triggers_renew_secret",
        summary="Renew the secret of a trigger",
        request=None,
        responses={200: TriggerOut},
    )
    def post(self, request: Request, key: str, trigger_id: int) -> Response:
        """Make another secret and show it this once; calls signed by the old one are refused from now on."""
        access = self.access(key)
        return Response(_saved(access, renew_secret(trigger_for(access, trigger_id).trigger, actor=self.actor)))


class TriggerOrderOfStage(RobotView):
    """The order of the triggers of a stage."""

    @extend_schema(
        operation_id="triggers_reorder", summary="Reorder triggers", request=TriggerOrder, responses={204: None}
    )
    def put(self, request: Request, key: str) -> Response:
        """Put all triggers that lead to a stage in this order: of those that match one event the first one acts."""
        access, body = self.access(key), self.body(TriggerOrder)
        reorder_triggers(self.stage(access, body["stage"]), body["triggers"], actor=self.actor)
        return Response(status=204)


def _stage(access: Access, key: str | None, field: str) -> int | None:
    return None if key is None else stage_named(access, key, field).id


def _tile(tile: TriggerTile, place: Mapping[str, Any]) -> dict[str, Any]:
    columns = {str(name): getattr(tile, str(name), None) for name in TriggerTileOut().fields}
    source = tile.source.key if tile.source else None
    return dict(TriggerTileOut({**columns, "stage": place["stage"], "from_stage": source}).data)


def _without_secrets(form: TriggerForm) -> dict[str, Any]:
    """Settings to keep as they are: a secret that is left out stays."""
    return {name: value for name, value in form.settings.items() if form.trigger.settings.get(name) == value}


def _saved(access: Access, saved: SavedTrigger) -> dict[str, Any]:
    shown = _shown(access, trigger_for(access, saved.trigger.pk))
    return {**shown, "secret": saved.secret} if saved.secret else shown


def _shown(access: Access, form: TriggerForm) -> dict[str, Any]:
    trigger = form.trigger
    source = access.definition.stage_by_id.get(trigger.source_id or 0)
    return {
        "id": trigger.pk,
        **told_place(access, trigger.stage_id),
        "from_stage": source.key if source else None,
        "settings": dict(form.settings),
        **{name: getattr(trigger, name) for name in DRAFT},
        "version": trigger.version,
        "url": hook_url(trigger) or None,
        "findings": FindingOut(form.findings, many=True).data,
    }
