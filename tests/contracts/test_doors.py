"""Every field type through every door: what is written comes back, what is refused is refused with words."""

import html
import json
from typing import Any

import jsonschema
import pytest
from django.db import connection
from django.urls import reverse
from django.utils import translation

from accounts.queries import actor_for
from core.actor import SYSTEM
from expressions.conditions import evaluate, parse_condition
from processes.fieldtype import DisplayContext, TextContext
from processes.permissions import access_for
from processes.schema import schema_of
from records.asking import scope_of
from records.operations import delete_record, restore_record, update_record
from records.operations.writing import snapshot
from records.queries.filters import condition_from
from records.queries.names import names_for, wanted_by
from records.queries.narrowing import Narrowing
from records.queries.table import table_for
from records.typed import model_for
from tests.contracts.conftest import House

pytestmark = pytest.mark.django_db
JSON = {"accept": "application/json"}


def first_values(house: House) -> dict[str, Any]:
    return {key: house.samples[key].values[0] for key in house.writable}


def test_rest_gives_back_what_it_took(house: House) -> None:
    api, path, wrong = house.api(), f"/processes/{house.process.key}/records/", {}
    for key in house.writable:
        for value in house.samples[key].values:
            made = api.call("post", path, {"title": "A", "fields": {key: value}})
            got = made.json().get("fields", made.json())
            if made.status_code != 201 or got[key] != value:
                wrong[key] = (value, got)
            emptied = api.call("patch", f"{path}{made.json()['id']}/", {"fields": {key: None}})
            if emptied.json()["fields"][key] is not None:
                wrong[key] = (value, emptied.json())
    assert not wrong


def test_rest_refuses_wrong_values_with_a_message_at_the_field(house: House) -> None:
    api, path, wrong = house.api(), f"/processes/{house.process.key}/records/", {}
    hostile = ["a\x00b", "\ud800", {"deep": [[[[{}]]]]}, [[[]]], 10**400, -(10**30)]
    for key in house.samples:
        for value in [*house.samples[key].wrong, *hostile]:
            answer = api.call("post", path, json.dumps({"title": "A", "fields": {key: value}}))
            if answer.status_code == 201 and value in (-(10**30),):
                continue
            said = answer.json()
            is_said = said["code"] == "malformed" or key in str(said["details"])
            if answer.status_code != 400 or not is_said:
                wrong[key, str(value)[:30]] = (answer.status_code, answer.content[:200])
    assert not wrong


def test_ten_megabytes_are_refused(house: House) -> None:
    api, path = house.api(), f"/processes/{house.process.key}/records/"
    for key in house.writable:
        answer = api.call("post", path, {"title": "A", "fields": {key: "x" * 10_000_000}})
        assert answer.status_code in (400, 413), key


def test_schema_describes_what_is_read(house: House) -> None:
    api, path = house.api(), f"/processes/{house.process.key}"
    schema = api.call("get", f"{path}/schema/").json()
    record = api.call("post", f"{path}/records/", {"title": "A", "fields": first_values(house)}).json()
    jsonschema.validate(record, schema, format_checker=jsonschema.FormatChecker())
    empty = api.call("post", f"{path}/records/", {"title": "B"}).json()
    jsonschema.validate(empty, schema)


def test_filter_finds_what_the_condition_holds_for(house: House) -> None:
    """Every operator of every field over every sample: SQL and Python agree on each record."""
    rows = [house.make({})]
    for key in house.writable:
        rows += [house.make({key: value}) for value in house.samples[key].values]
    access, wrong = access_for(actor_for(house.person), house.process), []
    schema = schema_of(house.definition)
    rows = list(model_for(house.definition).objects.order_by("pk"))
    for key in house.samples:
        for condition in conditions_over(house, key):
            parsed = condition_from(access, condition)
            found = {row.pk for row in table_for(access, Narrowing(condition=parsed), limit=200).rows}
            expected = {
                row.pk
                for row in rows
                if evaluate(parse_condition(condition, schema), scope_of(house.definition, row, me=house.person.pk))
            }
            if found != expected:
                wrong.append((condition, found ^ expected))
    assert not wrong


def conditions_over(house: House, key: str) -> list[dict[str, Any]]:
    kind = schema_of(house.definition)[key].kind
    found: list[dict[str, Any]] = [{"field": key, "op": "is_empty"}, {"field": key, "op": "is_filled"}]
    for sample in house.samples[key].values:
        plain = sample["amount"] if isinstance(sample, dict) and "amount" in sample else sample
        if isinstance(plain, dict):
            plain = plain["line"]
        for item in plain if isinstance(plain, list) else [plain]:
            for op in set(kind.operators) & {"is", "is_not", "lt", "ge", "contains", "starts_with"}:
                found.append({"field": key, "op": op, "value": item})
            for op in set(kind.operators) & {"in", "has_any", "has_none", "has_all"}:
                found.append({"field": key, "op": op, "value": [item]})
    return found


def test_sorted_pages_hold_every_record_once(house: House) -> None:
    made = {house.make({}).pk, house.make({}).pk}
    for key in house.writable:
        made |= {house.make({key: value}).pk for value in house.samples[key].values}
    access = access_for(actor_for(house.person), house.process)
    for field in house.definition.fields:
        if field.type.sorting(field) is None:
            continue
        for sort in (field.key, f"-{field.key}"):
            seen, cursor = [], None
            while True:
                table = table_for(access, sort=sort, limit=7, cursor=cursor)
                seen += [row.pk for row in table.rows]
                cursor = table.next
                if cursor is None:
                    break
            assert sorted(seen) == sorted(made), sort
            values = [row.value(field) for row in table_for(access, sort=sort, limit=200).rows]
            filled = [value for value in values if value is not None]
            assert values[: len(filled)] == filled, sort


def test_pages_show_values_and_nothing_unescaped(house: House) -> None:
    browser, wrong = house.browser(), {}
    for key in house.writable:
        for value in house.samples[key].values:
            row = house.make({key: value})
            field = house.definition.field_by_key[key]
            names = names_for(actor_for(house.person), wanted_by([row], [field]))
            with translation.override("en"):
                text = field.type.display(row.value(field), field, DisplayContext(names))
            for name, args in (("record-card", [row.pk]), ("process-list", []), ("process-board", [])):
                page = browser.get(reverse(name, args=[house.process.key, *args])).text
                word = text.split("\n")[0].strip("*").split("*")[0][:40]
                if name == "record-card" and html.escape(word.split(" <")[0]) not in page and word.isprintable():
                    wrong[key, name] = word
                if "<script>alert" in page or "<b>&amp;" in page:
                    wrong[key, name] = "unescaped"
            delete_record(house.process.pk, row.pk, actor=SYSTEM)
    assert not wrong


def test_new_form_and_inline_edit_take_what_they_show(house: House) -> None:
    """The form filled with a value's own input gives the same value, on the new form and in place."""
    browser, wrong = house.browser(), {}
    for key in house.writable:
        field = house.definition.field_by_key[key]
        for value in house.samples[key].values:
            row = house.make({key: value})
            address = reverse("record-field", args=[house.process.key, row.pk, key])
            page = browser.get(address)
            if page.status_code != 200:
                wrong[key, "editor"] = page.status_code
                continue
            widget = page.context["form"]["value"]
            data = posted(widget.field.widget, "value", field.type.form_value(row.value(field)))
            other = house.make({})
            saved = browser.post(
                reverse("record-field", args=[house.process.key, other.pk, key]), {**data, "was": "null"}, headers=JSON
            )
            if saved.status_code != 200 or json.loads(saved.content)["json"] != value:
                wrong[key, "inline"] = saved.content[:200]
            made = browser.post(
                reverse("record-new", args=[house.process.key]),
                {"title": f"New {key}", **posted(widget.field.widget, key, field.type.form_value(row.value(field)))},
            )
            new = model_for(house.definition).objects.order_by("-pk").first()
            if made.status_code != 302 or field.type.to_json(new.value(field)) != value:
                wrong[key, "new"] = (made.status_code, value, made.context and made.context["form"].errors)
    assert not wrong


def posted(widget: Any, name: str, value: Any) -> dict[str, Any]:
    """What a browser sends for an input that shows the value."""
    if hasattr(widget, "widgets"):
        parts = zip(widget.widgets_names, widget.widgets, widget.decompress(value), strict=True)
        return {f"{name}{part}": sub.format_value(item) or "" for part, sub, item in parts if sub.format_value(item)}
    shown = widget.format_value(value)
    return {name: shown if shown is not None else ""}


def test_history_tells_of_every_change(house: House) -> None:
    browser, wrong = house.browser(), {}
    for key in house.writable:
        first, second = house.samples[key].values[:2]
        row = house.make({key: first})
        update_record(house.process.pk, row.pk, values={key: second}, actor=SYSTEM)
        page = browser.get(reverse("record-activity", args=[house.process.key, row.pk]))
        if page.status_code != 200 or f"Field {key.removeprefix('q_')}" not in page.text:
            wrong[key] = page.status_code
    assert not wrong


def test_snapshot_gives_conditions_the_same_values(house: House) -> None:
    for key in house.writable:
        field = house.definition.field_by_key[key]
        for value in house.samples[key].values:
            row = house.make({key: value})
            told = json.loads(json.dumps(snapshot(row)))[key]
            assert field.type.from_json(told) == row.value(field), (key, value)


def test_text_of_files_reads_back_in_both_languages(house: House) -> None:

    names = names_for(actor_for(house.person), {})
    for language in ("en", "ru"):
        for key in house.writable:
            field = house.definition.field_by_key[key]
            for value in house.samples[key].values:
                row = house.make({key: value})
                names = names_for(actor_for(house.person), wanted_by([row], [field]))
                back = {name: pk for found in names.values() for pk, name in found.items()}
                back |= {f"#{pk}": pk for pk in back.values()}

                def find(*asked: Any, known: dict[str, int] = back) -> list[int]:
                    return [known[asked[-1]]] if asked[-1] in known else []

                context = TextContext(find, find, find)
                with translation.override(language):
                    text = field.type.to_text(row.value(field), field, DisplayContext(names))
                    read = field.type.parse(field.type.from_text(text, field, context), field)
                assert read == row.value(field), (language, key, text)


def test_reporting_view_shows_every_value(house: House) -> None:
    row = house.make(first_values(house))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM reporting.{house.process.key} WHERE id = %s", [row.pk])
        names = [column.name for column in cursor.description or ()]
        shown = dict(zip(names, cursor.fetchone(), strict=True))
    empty = [key for key in house.writable if shown[key] is None]
    assert not empty
    assert shown["q_money_currency"] == "RUB"


def test_binned_record_comes_back_with_every_value(house: House) -> None:
    row = house.make(first_values(house))
    delete_record(house.process.pk, row.pk, actor=SYSTEM)
    assert restore_record(house.process.pk, row.pk, actor=SYSTEM).values() == row.values()


def test_numbers_are_given_in_order_of_creation(house: House) -> None:
    key = "q_auto_number"
    numbers = [house.make({}).values()[key] for _ in range(3)]
    assert [int(number.rpartition("-")[2]) for number in numbers] == [1, 2, 3]
