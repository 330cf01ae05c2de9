"""What the API says of the settings of every type is what these settings are: those given, and those kept."""

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator

from processes.fieldtype import field_types
from processes.ready import gallery
from tests.api.conftest import client_of
from tests.contracts.conftest import House
from tests.factories import make_admin


def schemas_of(house: House) -> Mapping[str, Any]:
    """Type → JSON Schema of its settings, as the API tells it."""
    items = house.api().call("get", "/field-types/").json()["items"]
    return {item["key"]: item["settings_schema"] for item in items}


def problems(schema: Any, settings: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema).iter_errors(settings)]


def test_schema_of_every_type_is_one(house: House) -> None:
    schemas = schemas_of(house)
    assert schemas.keys() == set(field_types.keys())
    for kind, schema in schemas.items():
        Draft202012Validator.check_schema(schema)
        declared = field_types[kind].Settings.base_fields
        assert set(declared) <= schema["properties"].keys()
        assert schema["required"] == [key for key, field in declared.items() if field.required]
        assert all(schema["properties"][key]["title"] for key in declared)


def test_settings_that_a_field_takes_and_keeps_are_as_the_schema_says(house: House) -> None:
    schemas = schemas_of(house)
    fields = house.api().call("get", f"/processes/{house.process.key}/fields/").json()["items"]
    kept = {field["type"]: field["settings"] for field in fields}
    assert kept.keys() == schemas.keys()
    assert {kind: problems(schemas[kind], settings) for kind, settings in kept.items()} == {kind: [] for kind in kept}
    for key, sample in house.samples.items():
        kind = key.removeprefix("q_")
        if not field_types[kind].is_of_process:  # these name other fields by ids, which the samples have no idea of
            assert (kind, problems(schemas[kind], sample.settings)) == (kind, [])


def test_settings_of_ready_processes_are_as_the_schemas_say(house: House) -> None:
    schemas = schemas_of(house)
    drafts = [field for ready in gallery for field in ready.draft().fields]
    plain = [field for field in drafts if not field_types[field.type].is_of_process and "process" not in field.settings]
    assert len(plain) > 30
    assert [(field.key, found) for field in plain if (found := problems(schemas[field.type], field.settings))] == []


WRONG: tuple[tuple[str, Any], ...] = (
    ("text", {"length": 5}),
    ("number", {"decimals": 7}),
    ("number", {"decimals": "two"}),
    ("rating", {"stars": 2}),
    ("choice", {}),
    ("choice", {"options": []}),
    ("choices", {"options": [{"key": "a"}]}),
    ("choice", {"options": [{"label": "A", "color": "beige"}]}),
    ("choice", {"options": [{"label": "A", "key": "1a"}]}),
    ("file", {"most_files": 101}),
    ("phone", {"region": "XX"}),
    ("link", {}),
    ("auto_number", {"start": -1}),
    ("rollup", {"relation": "to:1", "function": "median"}),
    ("money", {"currency": "ROUBLE"}),
)


def test_wrong_settings_are_wrong_for_the_schema_and_for_the_door(house: House) -> None:
    schemas, client = schemas_of(house), client_of(make_admin(), "read", "write", "admin")
    for kind, settings in WRONG:
        assert (kind, bool(problems(schemas[kind], settings))) == (kind, True)
        body = {"label": "Wrong", "type": kind, "settings": settings}
        answer = client.call("post", f"/processes/{house.process.key}/fields/", body)
        assert (kind, settings, answer.status_code) == (kind, settings, 400)
