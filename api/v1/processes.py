"""Processes: list, create whole, read, change, archive, publish, the schema and the rights of one."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Token, User
from accounts.queries import roles, service_tokens
from api.listing import number_from
from api.schema import parameter, record_schema
from api.v1.access_shapes import AccessBody, AccessOut, FieldAccessBody, FieldAccessOut, WarningOut, WhyOut
from api.v1.field_shapes import FieldOut
from api.v1.pipelines import pipelines_told
from api.v1.serializers import ProcessBody, ProcessOut, ProcessPatch
from api.v1.strict import items_of
from api.views import ApiView, with_version
from core.errors import Invalid
from core.text import id_from
from processes.access_warnings import Rights, field_warnings, warnings_about
from processes.dead_ends import dead_ends
from processes.definition import definition_of
from processes.definition_types import Definition
from processes.drafts import FieldDraft, ProcessDraft, StageDraft
from processes.models import FieldLevel, Operation
from processes.operations import (
    archive_process,
    create_process,
    publish_process,
    set_field_grants,
    set_grants,
    update_process,
)
from processes.permissions import Access, accesses_for
from processes.queries import process_for
from records.queries.why import why_for

WORDS = ("name", "noun", "noun_plural", "noun_many", "description", "icon", "color")


class Processes(ApiView):
    """Processes that one may see."""

    @extend_schema(operation_id="processes_list", summary="List processes", responses={200: items_of(ProcessOut)})
    def get(self, request: Request) -> Response:
        """All in use and in draft, with fields, pipelines and stages."""
        return Response({"items": [_process(access) for access in accesses_for(self.actor)]})

    @extend_schema(
        operation_id="processes_create",
        summary="Create a process",
        request=ProcessBody,
        responses={201: ProcessOut},
    )
    def post(self, request: Request) -> Response:
        """Create a process with its stages, moves, fields and rights; it can be used at once."""
        process = create_process(draft_from(self.body(ProcessBody)), actor=self.actor)
        return Response(ProcessOut(definition_of(process)).data, status=201)


class OneProcess(ApiView):
    """One process."""

    @extend_schema(operation_id="processes_read", summary="Read a process", responses={200: ProcessOut})
    def get(self, request: Request, key: str) -> Response:
        """The process with fields, pipelines and stages."""
        return Response(_process(self.access(key)))

    @extend_schema(
        operation_id="processes_update",
        summary="Change a process",
        request=ProcessPatch,
        responses={200: ProcessOut},
    )
    def patch(self, request: Request, key: str) -> Response:
        """Change how it is called and looks; what the body does not name stays."""
        body = self.body(ProcessPatch)
        process = update_process(process_for(self.actor, key), **body, actor=self.actor)
        return Response(ProcessOut(definition_of(process)).data)


class ArchiveProcess(ApiView):
    """A process put away."""

    @extend_schema(
        operation_id="processes_archive", summary="Archive a process", request=None, responses={200: ProcessOut}
    )
    def post(self, request: Request, key: str) -> Response:
        """It leaves menus; its records stay and can be read."""
        process = archive_process(process_for(self.actor, key), actor=self.actor)
        return Response(ProcessOut(definition_of(process)).data)


class PublishProcess(ApiView):
    """A process switched on."""

    @extend_schema(
        operation_id="processes_publish", summary="Publish a process", request=None, responses={200: ProcessOut}
    )
    def post(self, request: Request, key: str) -> Response:
        """Switch a draft or archived process on."""
        process = publish_process(process_for(self.actor, key), actor=self.actor)
        return Response(ProcessOut(definition_of(process)).data)


class ProcessSchema(ApiView):
    """The shape of a process's records."""

    @extend_schema(
        operation_id="processes_schema", summary="JSON Schema of a record", responses={200: {"type": "object"}}
    )
    def get(self, request: Request, key: str) -> Response:
        """JSON Schema of a record as it is read; only fields that one may read."""
        schema = record_schema(self.access(key))
        return Response({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


class ProcessAccess(ApiView):
    """Who may do what in a process."""

    @extend_schema(operation_id="access_read", summary="Read rights", responses={200: AccessOut})
    def get(self, request: Request, key: str) -> Response:
        """Operations and scopes of every role that has any."""
        definition = definition_of(process_for(self.actor, key, operation=Operation.MANAGE_ACCESS))
        return with_version(_grants(definition), definition.version)

    @extend_schema(
        operation_id="access_replace", summary="Replace rights", request=AccessBody, responses={200: AccessOut}
    )
    def put(self, request: Request, key: str) -> Response:
        """Replace the rights of the roles that the body names; others keep theirs. Works from the next request on. With
        `If-Match`, only while nobody has changed the process."""
        body = self.body(AccessBody)
        pipelines, stages = body["pipelines"], body["stages"]
        process = process_for(self.actor, key, operation=Operation.MANAGE_ACCESS)
        set_grants(
            process,
            grants_from(body["grants"]),
            differing=None if stages is None else differing_from(stages, "stages"),
            pipelines=None if pipelines is None else differing_from(pipelines, "pipelines"),
            version=self.version(),
            actor=self.actor,
        )
        definition = definition_of(process)
        return with_version(_grants(definition), definition.version)


class ProcessFieldAccess(ApiView):
    """Which fields of a process roles may read and edit."""

    @extend_schema(operation_id="field_access_read", summary="Read rights to fields", responses={200: FieldAccessOut})
    def get(self, request: Request, key: str) -> Response:
        """Where a role has less than its rights to the record; whatever is not named goes with them."""
        definition = definition_of(process_for(self.actor, key, operation=Operation.MANAGE_ACCESS))
        return with_version(_levels(definition), definition.version)

    @extend_schema(
        operation_id="field_access_replace",
        summary="Replace rights to fields",
        request=FieldAccessBody,
        responses={200: FieldAccessOut},
    )
    def put(self, request: Request, key: str) -> Response:
        """Replace what is said of the fields for the roles in `roles`; others keep theirs. Works from the next request
        on. With `If-Match`, only while nobody has changed the process."""
        body = self.body(FieldAccessBody)
        process = process_for(self.actor, key, operation=Operation.MANAGE_ACCESS)
        levels = _levels_from(body, definition_of(process))
        set_field_grants(process, levels, version=self.version(), actor=self.actor)
        definition = definition_of(process)
        return with_version(_levels(definition), definition.version)


class ProcessWarnings(ApiView):
    """What looks like an oversight in the rights and moves of a process."""

    @extend_schema(operation_id="access_warnings", summary="List oversights", responses={200: items_of(WarningOut)})
    def get(self, request: Request, key: str) -> Response:
        """What the pages of rights and of moves warn of, in words."""
        definition = definition_of(process_for(self.actor, key, operation=Operation.MANAGE_ACCESS))
        held = list(roles())
        found = {
            "rights": warnings_about(Rights.of(definition), definition, held),
            "fields": field_warnings(definition, held),
            "moves": [text for pipeline in definition.pipelines for text in dead_ends(definition, pipeline)],
        }
        items = [{"about": about, "text": text} for about, texts in found.items() for text in texts]
        return Response({"items": WarningOut(items, many=True).data})


class ProcessWhy(ApiView):
    """Why somebody may do something, or why not."""

    @extend_schema(
        operation_id="access_why",
        summary="Explain a right",
        parameters=[
            parameter("person", "Id of the person.", int),
            parameter("token", "Instead of a person, the id of a service token.", int),
            parameter("operation", "What they want to do; `view` unless given.", enum=Operation.values),
            parameter("record", "Id of a record; without one it is asked whether they may do it at all.", int),
            parameter("field", "Key of a field, for `view` and `update`."),
        ],
        responses={200: WhyOut},
    )
    def get(self, request: Request, key: str) -> Response:
        """Whether it is allowed, what each of their roles says, and what would have to change."""
        query = self.query("person", "token", "operation", "record", "field")
        access = self.access(key)
        access.require(Operation.MANAGE_ACCESS)
        why = why_for(
            access,
            _asked_about(query),
            query.get("operation") or Operation.VIEW,
            record_id=number_from(query, "record"),
            field_key=query.get("field", ""),
        )
        return Response(WhyOut(why).data)


def _asked_about(query: Mapping[str, str]) -> User | Token:
    """The person or the service token. Raises Invalid."""
    if "token" in query and "person" in query:
        message = _("Ask about a person or about a token.")
        raise Invalid(message, {"token": [message]})
    if "token" in query:
        token = service_tokens().filter(pk=number_from(query, "token") or 0).first()
        if token is None:
            message = _("There is no such service token.")
            raise Invalid(message, {"token": [message]})
        return token
    person: User | None = User.objects.filter(pk=number_from(query, "person") or 0).first()
    if person is None:
        message = _("There is no such person.")
        raise Invalid(message, {"person": [message]})
    return person


def _process(access: Access) -> dict[str, Any]:
    """A process without the fields that one may not know of and the pipelines that are closed to one."""
    fields = FieldOut(access.known_fields, many=True).data
    told = ProcessOut(access.definition).data
    return {**told, "fields": fields, "pipelines": pipelines_told(access)}


def draft_from(body: Mapping[str, Any]) -> ProcessDraft:
    """The draft that a body describes."""
    return ProcessDraft(
        **{word: body[word] for word in (*WORDS, "key", "has_stages")},
        stages=tuple(StageDraft(**stage) for stage in body["stages"]),
        fields=tuple(FieldDraft(**field) for field in body["fields"]),
        moves=None if body["moves"] is None else tuple((source, target) for source, target in body["moves"]),
        reasons=body["reasons"],
        grants=grants_from(body["grants"]),
    )


def grants_from(raw: Mapping[str, Mapping[str, int]]) -> dict[int, Mapping[str, int]]:
    """Grants by role id; JSON has texts for keys. Raises Invalid."""
    if not all(map(_is_id, raw)):
        message = _("Ids of roles are expected.")
        raise Invalid(message, {"grants": [message]})
    return {int(key): scopes for key, scopes in raw.items()}


def differing_from(
    raw: Mapping[str, Mapping[str, Mapping[str, int]]], place: str
) -> dict[int, dict[str, dict[int, int]]]:
    """Where stages or pipelines (`place` of the body) differ, by role id; JSON has texts for keys. Raises Invalid."""
    ids = [key for operations in raw.values() for places in operations.values() for key in places]
    if not all(map(_is_id, (*raw, *ids))):
        message = _("Ids of roles and of places are expected.")
        raise Invalid(message, {place: [message]})
    return {
        int(role): {
            operation: {int(pk): scope for pk, scope in places.items()} for operation, places in operations.items()
        }
        for role, operations in raw.items()
    }


def _is_id(text: str) -> bool:
    """Whether it is an id as it is written, so that no two texts mean the same row."""
    return str(id_from(text)) == text


def _grants(definition: Definition) -> dict[str, Any]:
    return {
        "grants": {str(role): dict(scopes) for role, scopes in sorted(definition.grants.items())},
        "pipelines": _told(definition.said_of_pipelines),
        "stages": _told(definition.said_of_stages),
    }


def _told(differing: Mapping[int, Mapping[str, Mapping[int, int]]]) -> dict[str, Any]:
    return {
        str(role): {
            operation: {str(pk): scope for pk, scope in places.items()} for operation, places in operations.items()
        }
        for role, operations in differing.items()
    }


LEVELS = {"hidden": FieldLevel.HIDDEN, "read": FieldLevel.READ, "edit": FieldLevel.EDIT}


def _levels(definition: Definition) -> dict[str, Any]:
    words = {level: word for word, level in LEVELS.items()}
    fields = {field.id: field.key for field in definition.fields}
    return {
        "items": [
            {"role": role, "field": fields[field_id], "stage": stage, "level": words[FieldLevel(level)]}
            for role, said in sorted(definition.field_grants.items())
            for field_id, places in sorted(said.items())
            for stage, level in sorted(places.items(), key=str)
            if field_id in fields
        ]
    }


def _levels_from(body: Mapping[str, Any], definition: Definition) -> dict[int, dict[int, dict[int | None, int]]]:
    """Levels by role, field and stage. Raises Invalid for fields that do not exist and roles that are not named."""
    found: dict[int, dict[int, dict[int | None, int]]] = {role: {} for role in body["roles"]}
    for item in body["items"]:
        field = definition.field_by_key.get(item["field"])
        if field is None:
            message = _("There is no such field.")
            raise Invalid(message, {"items": [message]})
        if item["role"] not in found:
            message = _("Name every role of the items in “roles”.")
            raise Invalid(message, {"roles": [message]})
        places = found[item["role"]].setdefault(field.id, {})
        if item["stage"] in places:
            message = _("Name a field once for each role and stage.")
            raise Invalid(message, {"items": [message]})
        places[item["stage"]] = LEVELS[item["level"]]
    return found
