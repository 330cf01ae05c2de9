"""A new process from the designer, and the settings of a living one."""

import json
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from core.actor import SYSTEM
from processes.definition import definition_of
from processes.models import Field, Pipeline, Process, Scope, Stage
from processes.operations import create_process
from processes.ready import gallery
from records.models import Record
from records.operations import create_record
from tests.factories import make_role

pytestmark = pytest.mark.django_db

JSON = {"Accept": "application/json"}


def described(**changes: Any) -> dict[str, Any]:
    """What the designer sends."""
    stages = [
        {"name": "Получено", "kind": "open", "color": "blue", "key": ""},
        {"name": "Готово", "kind": "won", "color": "green", "key": ""},
    ]
    fields = [
        {"label": "Сумма", "type": "number", "key": "amount", "on_card": True, "settings": {"decimals": "0"}},
        {"label": "Откуда", "type": "choice", "settings": {"options": [{"label": "Сайт", "color": "blue"}]}},
    ]
    whole = {
        "name": "Заявки",
        "noun": "заявка",
        "noun_plural": "заявки",
        "noun_many": "заявок",
        "icon": "inbox",
        "color": "blue",
        "stages": stages,
        "fields": fields,
        "moves": [[0, 1]],
        "grants": {},
    }
    return {**whole, **changes}


def send(client: Client, data: Any) -> Any:
    return client.post(reverse("process-new"), json.dumps(data), content_type="application/json", headers=JSON)


def test_designer_makes_the_process_it_describes(admin: Client) -> None:
    role = make_role("Clerk")
    answer = send(admin, described(grants={str(role.pk): {"view": Scope.ALL, "create": Scope.ALL}}))
    assert answer.status_code == 201
    definition = definition_of("zayavki")
    assert answer.json()["url"] == "/p/zayavki/"
    assert [stage.key for stage in definition.default_pipeline.stages] == ["polucheno", "gotovo"]
    assert [(field.key, field.on_card) for field in definition.fields] == [("amount", True), ("otkuda", False)]
    first, last = definition.default_pipeline.stages
    assert definition.default_pipeline.targets == {first.id: {last.id}, last.id: frozenset()}
    assert definition.grants[role.pk] == {"view": Scope.ALL, "create": Scope.ALL}


def test_designer_hears_of_all_wrong_places_at_once_and_makes_nothing(admin: Client) -> None:
    data = described()
    data["fields"][0]["key"] = "Bad Key"
    data["fields"][1]["settings"] = {"options": []}
    data["stages"][1]["name"] = " "
    answer = send(admin, data)
    assert answer.status_code == 422
    assert answer.json()["details"]["fields"].keys() == {"fields.0.key", "fields.1.options", "stages.1.name"}
    assert not Process.objects.exists()


def test_designer_hears_of_missing_words(admin: Client) -> None:
    answer = send(admin, described(name="", noun=""))
    assert answer.json()["details"]["fields"].keys() == {"name", "noun"}


def test_rights_of_robots_may_be_taken_in_the_designer(admin: Client) -> None:
    robots = Role.objects.get(key="robots")
    send(admin, described(grants={str(robots.pk): {"view": 0}}))
    assert robots.pk not in definition_of("zayavki").grants


@pytest.mark.parametrize(
    "data",
    [
        *("[]", "{", '{"stages": 5}', '{"fields": [1]}', '{"moves": [[0, 9]]}'),
        *('{"grants": {"x": {}}}', '{"grants": []}'),
        json.dumps(described(description=["words"])),
        json.dumps(described(fields=[{"label": "Size", "type": "number", "settings": [2]}])),
    ],
)
def test_malformed_requests_are_refused_not_crashed(data: str, admin: Client) -> None:
    answer = admin.post(reverse("process-new"), data, content_type="application/json", headers=JSON)
    assert answer.status_code == 422
    assert not Process.objects.exists()


@pytest.mark.parametrize("key", [ready.key for ready in gallery])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_ready_process_can_be_made_from_the_designer(key: str, language: str, admin: Client, boss: Any) -> None:
    boss.language = language
    boss.save()
    context = admin.get(reverse("process-new"), {"from": key}).context
    draft = context["draft"]
    data = described(
        name=str(draft.name),
        noun=draft.noun,
        noun_plural=draft.noun_plural,
        key=draft.key,
        icon=draft.icon,
        color=draft.color,
        moves=context["moves"],
        stages=[
            {"name": str(s.name), "kind": str(s.kind), "color": s.color, "key": s.key, "hint": s.hint}
            for s in draft.stages
        ],
        fields=[
            {
                "label": f.label,
                "type": f.type,
                "key": f.key,
                "required": f.required == "always",
                "settings": dict(f.settings),
            }
            for f in draft.fields
        ],
        reasons="\n".join(draft.reasons),
    )
    assert send(admin, data).status_code == 201
    definition = definition_of(draft.key)
    assert len(definition.fields) == len(draft.fields)
    assert [reason.name for reason in definition.default_pipeline.reasons] == list(draft.reasons)


def test_deals_are_lost_for_a_reason_of_the_list_and_no_field_asks_again(admin: Client) -> None:
    page = admin.get(reverse("process-new"), {"from": "sales"})
    draft = page.context["draft"]
    assert "lost_reason" not in {field.key for field in draft.fields}
    assert "Too expensive\nChose a competitor" in page.text
    process = create_process(draft, actor=SYSTEM)
    pipeline = definition_of(process).default_pipeline
    assert (len(pipeline.reasons), pipeline.is_reason_required) == (4, True)


@pytest.mark.parametrize("region", ["RU", "DE"])
def test_new_phone_has_the_country_of_the_installation(admin: Client, settings: LazySettings, region: str) -> None:
    settings.PHONE_REGION = region
    rows = admin.get(reverse("process-new"), {"from": "sales"}).context["rows"]
    (phone,) = (row for row in rows if row.type.key == "phone")
    assert phone.settings["region"].value() == region
    assert f'<option value="{region}" selected>' in str(phone.settings["region"])


def test_designer_takes_reasons_one_a_line_and_asks_for_one_only_then(admin: Client) -> None:
    send(admin, described(reasons=" Слишком дорого \n\nПередумали\n"))
    pipeline = definition_of("zayavki").default_pipeline
    assert [reason.name for reason in pipeline.reasons] == ["Слишком дорого", "Передумали"]
    assert pipeline.is_reason_required
    send(admin, described(key="other", reasons="\n"))
    assert not definition_of("other").default_pipeline.is_reason_required


def test_reasons_that_are_twice_the_same_are_refused_beside_their_place(admin: Client) -> None:
    answer = send(admin, described(reasons="Дорого\nДорого"))
    assert (answer.status_code, [*answer.json()["details"]["fields"]]) == (422, ["reasons"])
    assert not Process.objects.exists()


def test_empty_designer_begins_with_the_usual_stages(admin: Client) -> None:
    page = admin.get(reverse("process-new"), {"from": "empty"})
    assert page.text.count('data-row="stages"') == len(page.context["draft"].stages) + 1  # and the template


def test_general_settings_are_saved(admin: Client, process: Process) -> None:
    data = {"name": "Orders", "noun": "order", "noun_plural": "orders", "icon": "truck", "color": "teal"}
    assert admin.post(reverse("process-settings", args=[process.key]), data).status_code == 302
    saved = Process.objects.get(pk=process.pk)
    assert (saved.name, saved.icon, saved.color) == ("Orders", "truck", "teal")


def test_general_settings_keep_what_was_typed_when_refused(admin: Client, process: Process) -> None:
    data = {"name": "Orders", "noun": "order", "noun_plural": "orders", "icon": "truck", "color": "mauve"}
    answer = admin.post(reverse("process-settings", args=[process.key]), data)
    assert answer.status_code == 422
    assert 'value="Orders"' in answer.text
    saved = Process.objects.get(pk=process.pk)
    assert saved.name == "Requests"


def test_archived_process_leaves_the_cards_and_comes_back(admin: Client, process: Process) -> None:
    admin.post(reverse("process-archive", args=[process.key]))
    page = admin.get(reverse("processes"))
    assert (page.context["cards"], page.context["archived"]) == ([], [process])
    admin.post(reverse("process-publish", args=[process.key]))
    assert [card.definition.id for card in admin.get(reverse("processes")).context["cards"]] == [process.pk]


def test_cards_count_open_and_all_records(admin: Client, process: Process) -> None:
    create_record(process, values={"title": "a"}, actor=SYSTEM)
    create_record(process, values={"title": "b"}, actor=SYSTEM, stage="completed")
    (card,) = admin.get(reverse("processes")).context["cards"]
    assert (card.count.open, card.count.total) == (1, 2)


def test_field_is_added_changed_and_removed(admin: Client, process: Process) -> None:
    options = json.dumps([{"label": "Да", "color": "green"}, {"label": "Нет", "color": "red"}])
    added = admin.post(
        reverse("field-new", args=[process.key]),
        {"label": "Согласие", "type": "choice", "required": "never", "settings-options": options, "in_list": "on"},
    )
    assert added.status_code == 302
    field = Field.objects.get(process=process, label="Согласие")
    assert [option["key"] for option in field.settings["options"]] == ["da", "net"]
    renamed = {"label": "Consent", "required": "always", "settings-options": json.dumps(field.settings["options"])}
    admin.post(reverse("field-edit", args=[process.key, field.key]), renamed)
    field.refresh_from_db()
    assert (field.label, field.in_list, len(field.settings["options"])) == ("Consent", False, 2)
    admin.post(reverse("field-remove", args=[process.key, field.key]))
    assert field.key not in definition_of(process).field_by_key


def test_wrong_setting_of_a_field_is_said_beside_it(admin: Client, process: Process) -> None:
    answer = admin.post(
        reverse("field-new", args=[process.key]),
        {"label": "Weight", "type": "number", "required": "never", "settings-decimals": "99"},
    )
    assert answer.status_code == 422
    assert answer.context["settings"].errors.keys() == {"decimals"}
    assert "Weight" in answer.text


def test_fields_are_put_in_order(admin: Client, process: Process) -> None:
    keys = [field.key for field in definition_of(process).fields]
    order = {"order": keys[::-1]}
    url = reverse("field-order", args=[process.key])
    assert admin.post(url, order, content_type="application/json").status_code == 204
    assert [field.key for field in definition_of(process).fields] == keys[::-1]
    refused = admin.post(url, {"order": keys[1:]}, content_type="application/json", headers=JSON)
    assert refused.status_code == 422


def test_stage_is_added_changed_ordered_and_removed(admin: Client, process: Process) -> None:
    data = {"name": "На паузе", "kind": "open", "color": "pink"}
    assert admin.post(reverse("stage-new", args=[process.key]), data).status_code == 302
    stage = Stage.objects.get(pipeline__process=process, name="На паузе")
    admin.post(reverse("stage-edit", args=[process.key, stage.pk]), {**data, "name": "Paused", "hint": "Why?"})
    stage.refresh_from_db()
    assert (stage.name, stage.hint) == ("Paused", "Why?")
    keys = [one.key for one in definition_of(process).default_pipeline.stages]
    order = [keys[0], stage.key, *keys[1:-1]]
    admin.post(reverse("stage-order", args=[process.key]), {"order": order}, content_type="application/json")
    assert [one.key for one in definition_of(process).default_pipeline.stages] == order
    admin.post(reverse("stage-remove", args=[process.key, stage.pk]))
    assert not Stage.objects.filter(pk=stage.pk).exists()


def test_stage_with_records_goes_with_a_target_for_them(admin: Client, process: Process) -> None:
    row = create_record(process, values={"title": "a"}, actor=SYSTEM, stage="in_work")
    url = reverse("stage-remove", args=[process.key, row.stage_id])
    assert "1 record stands in it" in admin.get(url).text
    refused = admin.post(url, {"to": ""}, headers={"HX-Request": "true"})
    assert refused.status_code == 422
    assert "say where they go" in refused.text
    assert Stage.objects.filter(pk=row.stage_id).exists()
    target = Stage.objects.get(pipeline__process=process, key="received")
    assert admin.post(url, {"to": target.pk}).status_code == 302
    assert not Stage.objects.filter(pk=row.stage_id).exists()
    assert Record.objects.get(pk=row.pk).stage_id == target.pk


def test_moves_are_ticked_and_freed(admin: Client, process: Process) -> None:
    url = reverse("process-moves", args=[process.key])
    admin.post(url, {"moves": "listed", "pair": ["received>in_work", "in_work>completed"]})
    pipeline = definition_of(process).default_pipeline
    by_key = {stage.key: stage.id for stage in pipeline.stages}
    assert pipeline.targets[by_key["received"]] == {by_key["in_work"]}
    assert pipeline.targets[by_key["completed"]] == frozenset()
    admin.post(url, {"moves": "any"})
    assert Pipeline.objects.get(process=process).moves == Pipeline.Moves.ANY


def test_matrix_saves_scopes_and_warns_of_rights_without_effect(admin: Client, process: Process) -> None:
    role = make_role("Clerk")
    blind = {f"grant-{role.pk}-move": "5"}
    warned = admin.post(reverse("access-check", args=[process.key]), blind)
    assert any("Clerk" in warning for warning in warned.context["warnings"])
    assert role.pk not in definition_of(process).grants
    seeing = {"version": process.version, **blind, f"grant-{role.pk}-view": "1"}
    admin.post(reverse("process-access", args=[process.key]), seeing)
    assert definition_of(process).grants[role.pk] == {"view": Scope.OWN, "move": Scope.ALL}


def test_matrix_refuses_a_scope_where_there_is_none(admin: Client, process: Process) -> None:
    role = make_role("Clerk")
    wrong = {"version": process.version, f"grant-{role.pk}-create": "1"}
    answer = admin.post(reverse("process-access", args=[process.key]), wrong)
    assert answer.status_code == 422
    assert role.pk not in definition_of(process).grants
