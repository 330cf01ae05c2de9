"""The OpenAPI document: the views as they are, and the records of the processes that the caller may see."""

import copy
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any

from django.utils import translation
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema as SpectacularAutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from api.renderers import to_bytes
from processes.definition_types import FieldDef
from processes.permissions import Access
from processes.queries import visible_pipelines

MOST_DOCUMENTS = 32

ERRORS = {
    "400": "Wrong input; `details.fields` says which.",
    "401": "No token, or one that is unknown, expired or revoked.",
    "403": "The right is missing, or the map has no such move.",
    "404": "Absent, or not for you: the two answer alike.",
    "405": "This address knows no such method.",
    "409": "The world is not as the request supposes.",
    "412": "The version in `If-Match` is not the present one.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "The idempotency key was used for another request.",
    "429": "Too often; see `Retry-After`.",
    "503": "The database is busy; see `Retry-After`.",
}
_WRITING = frozenset({"409", "412", "413", "415", "422"})
_METHODS = frozenset({"get", "post", "put", "patch", "delete"})


def component(name: str) -> dict[str, Any]:
    """A reference to one of the schemas made below; serves as response and, by media type, as request."""
    return {"$ref": f"#/components/schemas/{name}"}


def body_of(name: str) -> dict[str, Any]:
    """The same for a request."""
    return {"application/json": component(name)}


def parameter(name: str, description: str, kind: type = str, **options: Any) -> OpenApiParameter:
    """One parameter of an address."""
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=description, **options)


def next_number() -> serializers.IntegerField:
    """Where the next page of a list by number begins; null at the end."""
    return serializers.IntegerField(allow_null=True)


def next_cursor() -> serializers.CharField:
    """Where the next page of a list begins; null at the end."""
    return serializers.CharField(allow_null=True)


SHAPE_PARAMETERS = [
    parameter("fields", "Keys to show, separated by commas; `id` and `version` always are."),
    parameter("expand", "`people` adds the names of everybody in the answer.", enum=["people"]),
]
_LIMIT = parameter("limit", "Rows of a page, 1 to 200; 50 unless given.", int)
PAGE_PARAMETERS = [parameter("cursor", "`next` of the page before."), _LIMIT]
LIST_PARAMETERS = [
    *SHAPE_PARAMETERS,
    parameter("filter", "A condition as JSON. Simple ones go as `filter[amount][ge]=100`."),
    parameter("search", "Words that the title contains."),
    parameter("sort", "A key, with a minus for descending; `-id` unless given."),
    parameter("cursor", "`next` or `previous` of another page."),
    _LIMIT,
    parameter("total", "`false` leaves the count out.", bool),
    parameter("deleted", "`true` lists the bin.", bool),
]


class AutoSchema(SpectacularAutoSchema):
    """Tags operations by their resource."""

    def get_tags(self) -> list[str]:
        """The word in the address that names the resource."""
        words = [word for word in self.path.split("/") if word and "{" not in word][2:]
        return [next((word for word in reversed(words) if word in _TAGS), words[0] if words else "about")]


_TAGS = frozenset(
    (
        *("me", "people", "roles", "tokens", "processes", "fields", "pipelines", "access"),
        *(
            "board",
            "records",
            "tasks",
            "comments",
            "timeline",
            "robots",
            "runs",
            "imports",
            "notifications",
            "files",
            "conversions",
        ),
    )
)


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """`Authorization: Bearer`."""

    target_class = "api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """How a token is sent."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "scrm_…"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The browser's session."""

    target_class = "api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """How the browser says who it is."""
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


class _Documents:
    """Rendered documents by what they depend on: language, and versions and rights of the visible processes."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[Any, ...], bytes] = OrderedDict()
        self._lock = Lock()

    def of(self, accesses: Sequence[Access]) -> bytes:
        """The document for somebody with these accesses."""
        visible = tuple(
            (access.definition.id, access.definition.version, _field_keys(access), _pipeline_ids(access))
            for access in accesses
        )
        slot = (translation.get_language(), visible)
        with self._lock:
            if slot in self._found:
                self._found.move_to_end(slot)
                return self._found[slot]
        made = to_bytes(_document(accesses))
        with self._lock:
            self._found[slot] = made
            while len(self._found) > MOST_DOCUMENTS:
                self._found.popitem(last=False)
        return made


documents = _Documents()


def record_schema(access: Access) -> dict[str, Any]:
    """JSON Schema of a record of the process, as it is read."""
    definition = access.definition
    seen = visible_pipelines(access)
    stages = [stage.key for pipeline in seen for stage in pipeline.stages]
    person = {"type": ["integer", "null"], "description": "id of a person"}
    moment = {"type": "string", "format": "date-time"}
    pipelines = [pipeline.key for pipeline in seen]
    nothing = {"type": "null", "readOnly": True, "description": "This process has no stages."}
    return {
        "title": definition.noun,
        "type": "object",
        "required": ["id", "title", "stage", "pipeline", "version", "fields"],
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "title": {"type": "string", "maxLength": 300},
            "stage": {"type": "string", "enum": list(dict.fromkeys(stages))} if definition.has_stages else nothing,
            "pipeline": {"type": "string", "enum": pipelines} if definition.has_stages else nothing,
            "assignee": person,
            "author": {**person, "readOnly": True},
            "observers": {"type": "array", "items": {"type": "integer", "description": "id of a person"}},
            "version": {"type": "integer", "readOnly": True},
            "created_at": {**moment, "readOnly": True},
            "updated_at": {**moment, "readOnly": True},
            "stage_changed_at": {**moment, "readOnly": True},
            "closed_at": {"type": ["string", "null"], "format": "date-time", "readOnly": True},
            "fields": fields_schema(access),
        },
    }


def fields_schema(access: Access, fields: Iterable[FieldDef] | None = None) -> dict[str, Any]:
    """JSON Schema of values of a record of the process, by field key; of all that the access reads unless given."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            field.key: {**_nullable(field.type.json_schema(field)), "title": field.label}
            for field in (access.readable_fields if fields is None else fields)
        },
    }


def write_schema(access: Access, *keys: str) -> dict[str, Any]:
    """JSON Schema of a body that creates or changes a record of the process."""
    written = [field for field in access.writable_fields if not field.type.is_computed]
    properties = record_schema(access)["properties"] | {"fields": fields_schema(access, written)}
    return {
        "title": access.definition.noun,
        "type": "object",
        "additionalProperties": False,
        "properties": {key: properties[key] for key in keys},
    }


def _creating(access: Access) -> dict[str, Any]:
    """A record to be, and what comes along for the gates into its stage."""
    schema = write_schema(access, "title", "stage", "pipeline", "assignee", "observers", "fields")
    passing = {
        "type": "object",
        "additionalProperties": False,
        "description": "What comes along for the gates from anywhere into the stage.",
        "properties": {
            "comment": {"type": "string"},
            "checked": {"type": "array", "items": {"type": "string"}},
            "reason": {"type": ["integer", "null"]},
            "override": {"type": "string"},
        },
    }
    return {**schema, "properties": {**schema["properties"], "passing": passing}}


def _nullable(schema: Mapping[str, Any]) -> dict[str, Any]:
    if "enum" in schema:
        return {**schema, "type": [schema["type"], "null"], "enum": [*schema["enum"], None]}
    kind = schema.get("type")
    return {**schema, "type": [kind, "null"]} if isinstance(kind, str) else {"anyOf": [schema, {"type": "null"}]}


def _field_keys(access: Access) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(f.key for f in fields) for fields in (access.readable_fields, access.writable_fields))


def _pipeline_ids(access: Access) -> tuple[int, ...]:
    return tuple(pipeline.id for pipeline in visible_pipelines(access))


def _document(accesses: Sequence[Access]) -> dict[str, Any]:
    document = copy.deepcopy(_of_the_views(translation.get_language() or ""))
    schemas: dict[str, Any] = document["components"]["schemas"]
    kinds: dict[str, Callable[[Access], dict[str, Any]]] = {
        "Record": record_schema,
        "RecordCreate": lambda access: _creating(access),
        "RecordUpdate": lambda access: write_schema(access, "title", "assignee", "observers", "fields"),
    }
    for name, make in kinds.items():
        own = {f"{name}_{access.definition.key}": make(access) for access in accesses}
        schemas |= own
        schemas[name] = {"anyOf": [component(key) for key in own]} if own else {"type": "object"}
    schemas["RecordPage"] = _page_schema()
    return document


def _page_schema() -> dict[str, Any]:
    cursor = {"type": ["string", "null"]}
    return {
        "type": "object",
        "required": ["items", "next", "previous", "total", "total_is_capped"],
        "properties": {
            "items": {"type": "array", "items": component("Record")},
            "next": cursor,
            "previous": cursor,
            "total": {"type": ["integer", "null"]},
            "total_is_capped": {"type": "boolean"},
            "people": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    }


@lru_cache(maxsize=8)
def _of_the_views(language: str) -> dict[str, Any]:
    """What the views say, in a language; the same for everybody."""
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    document["components"].setdefault("schemas", {})["Error"] = _error_schema()
    for operations in document["paths"].values():
        for method, operation in operations.items():
            if method in _METHODS:
                _say_errors(method, operation)
    return document


def _error_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["code", "message", "details"],
        "properties": {
            "code": {"type": "string"},
            "message": {"type": "string"},
            "details": {
                "type": "object",
                "properties": {
                    "fields": {
                        "type": "object",
                        "additionalProperties": {"type": "array", "items": {"type": "string"}},
                    }
                },
            },
        },
    }


def _say_errors(method: str, operation: dict[str, Any]) -> None:
    for status, meaning in ERRORS.items():
        if status not in _WRITING or method != "get":
            answer = {"description": meaning, "content": {"application/json": {"schema": component("Error")}}}
            operation["responses"].setdefault(status, answer)
    if method in ("post", "put", "patch", "delete"):
        operation.setdefault("parameters", []).append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "schema": {"type": "string", "maxLength": 255},
                "description": "A text of your own; the same request with the same key is done once.",
            }
        )
