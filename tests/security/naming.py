"""Where a request names a field: a row for each place of each address. tests/security/test_every_field.py sends them.

`@` stands for the field's key, in the address, in the query and in the body.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.security.routes import FILE


@dataclass(frozen=True, slots=True)
class Naming:
    """One request that names a field."""

    route: str
    method: str
    body: Any = None
    query: str = ""
    writes: bool = False
    """Whether it would change the field's value, or say that something shall."""
    key: str = "wombat"
    """The field: one of `world.LIMITED`."""
    is_mute: bool = False
    """Whoever sees the field is answered like whoever does not: the difference is no matter of the answer."""

    @property
    def name(self) -> str:
        """What a test calls it."""
        return f"{self.route} {self.method} {self.query or self.body or ''}"[:90]

    def of(self, key: str) -> tuple[Any, str, dict[str, str]]:
        """Body, query and parts of the address that name a field of this key."""
        return _named(self.body, key), self.query.replace("@", key), {"field_key": key}


def _named(body: Any, key: str) -> Any:
    if isinstance(body, dict):
        return {_named(name, key): _named(value, key) for name, value in body.items()}
    if isinstance(body, list):
        return [_named(value, key) for value in body]
    if isinstance(body, bytes):
        return body.replace(b"@", key.encode())
    return body.replace("@", key) if isinstance(body, str) else body


FILTERS = ("?filter[@]=x", "?filter[@][contains]=x", "?filter[@][is_empty]=1")
TREE = {"field": "@", "op": "contains", "value": "x"}
LISTS = ("process-board", "process-list", "board-column", "board-totals", "record-tile", "record-row", "export-new")
SHOWING = (
    *(("api-records", "get", None), ("api-record", "get", None), ("api-records", "post", {"title": "x"})),
    *(
        ("api-record", "patch", {"title": "x"}),
        ("api-record-move", "post", {"stage": "in_work", "passing": {"comment": "c"}}),
    ),
    ("api-record-restore", "post", None),
)
CHANGED_VIEWS = (("view-keep", "post"), ("api-view", "patch"))
"""A shared view: nobody here may change it, whatever they see."""
BULK: Mapping[str, dict[str, Any]] = {
    "create": {"op": "create", "record": {"fields": {"@": "x"}}},
    "update": {"op": "update", "id": "{record_id}", "record": {"fields": {"@": "x"}}},
    "move": {"op": "move", "id": "{record_id}", "stage": "in_work", "passing": {"fields": {"@": "x"}}},
}

NAMINGS: tuple[Naming, ...] = (
    # Narrowing, sorting, choosing what is shown
    *(Naming(route, "get", query=query) for route in LISTS for query in FILTERS),
    *(Naming(route, "get", query="?sort=@") for route in ("process-list", "export-new")),
    *(Naming(route, "get", query="?sort=-@") for route in ("process-list", "export-new")),
    Naming("process-exports", "post", {"format": "csv", "columns": "listed"}, "?sort=@"),
    *(
        Naming("process-exports", "post", {"format": "csv", "columns": "listed"}, query, is_mute=True)
        for query in FILTERS
    ),
    *(Naming(route, "get", query=query) for route in ("api-records", "api-board") for query in FILTERS),
    *(
        Naming(route, "get", query='?filter={"field":"@","op":"contains","value":"x"}')
        for route in ("api-records", "api-board")
    ),
    *(Naming("api-records", "get", query=query) for query in ("?sort=@", "?sort=-@")),
    *(Naming(*sent, query="?fields=title,@") for sent in SHOWING),
    *(
        Naming("api-exports", "post", {"format": "csv", **asked})
        for asked in ({"columns": ["title", "@"]}, {"sort": "@"}, {"filter": TREE})
    ),
    Naming("process-filter-control", "get", query="?field=@"),
    *(Naming("view-new", "post", {"name": "V", "query": query}) for query in ("filter[@]=x", "sort=@")),
    *(
        Naming("api-views", "post", {"name": "V", "page": "list", "query": query})
        for query in ("filter[@]=x", "filter[@][is_empty]=1", "sort=-@")
    ),
    *(Naming(route, method, {"query": "filter[@]=x"}, is_mute=True) for route, method in CHANGED_VIEWS),
    Naming("field-choices", "get", key="company"),
    Naming("field-choices", "post", {"title": "C"}, key="company"),
    # Writing
    Naming("record-field", "get"),
    Naming("record-field", "post", {"value": "x", "was": "null"}, writes=True),
    Naming("record-field", "post", b'{"value": "x"}', writes=True),
    Naming("record-new", "get", query="?@={linked_id}", key="company"),
    Naming("record-new", "post", {"title": "x", "@": "x"}, writes=True),
    Naming("record-asked", "post", {"title": "x", "@": "x"}, is_mute=True),
    Naming("record-gate", "post", {"@": "x"}, query="?stage={stage_id}", is_mute=True),
    Naming("bulk-edit", "get", {"id": "{record_id}", "field": "@"}),
    Naming("bulk-edit", "post", {"id": "{record_id}", "field": "@", "value": "x"}, writes=True),
    *(Naming("bulk-move", "get", {"all": "1"}, query) for query in FILTERS),
    *(Naming("bulk-delete", "post", {"all": "1"}, query) for query in FILTERS),
    Naming("bulk-edit", "post", {"all": "1", "field": "@", "value": "x"}, writes=True),
    Naming("files-upload", "post", {"@": FILE}, writes=True, key="scans"),
    Naming("api-files", "post", {"@": FILE}, writes=True, key="scans"),
    Naming("api-records", "post", {"title": "x", "fields": {"@": "x"}}, writes=True),
    Naming("api-record", "patch", {"fields": {"@": "x"}}, writes=True),
    Naming("api-record", "patch", {"title": "y", "fields": {"@": None}}, writes=True),
    Naming("api-record-move", "post", {"stage": "in_work", "passing": {"fields": {"@": "x"}}}, writes=True),
    *(Naming("api-records-bulk", "post", {"operations": [change]}, writes=True) for change in BULK.values()),
    *(
        Naming("api-bulk-jobs", "post", {"op": "delete", **asked}, query)
        for asked, query in (({"filter": TREE}, ""), *(({}, query) for query in FILTERS))
    ),
    Naming("api-bulk-jobs", "post", {"op": "update", "all": True, "record": {"fields": {"@": "x"}}}, writes=True),
    # Columns of a file
    Naming("import", "post", {"target-0": "title", "target-1": "@"}, writes=True),
    Naming("import", "post", {"target-0": "title", "target-1": "comment", "key": "@"}),
    Naming("api-import", "patch", {"targets": ["title", "@"]}, writes=True),
    Naming("api-import", "patch", {"targets": ["title", "comment"], "key": "@"}),
)
