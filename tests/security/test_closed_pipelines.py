"""A pipeline that is closed to somebody answers like one that does not exist, wherever an address names a stage."""

import re
from typing import Any

import pytest

from core.actor import SYSTEM
from processes.definition import definition_of
from processes.drafts import ReasonDraft
from processes.models import Operation, Scope, Stage
from processes.operations import add_pipeline, set_grants, set_lost_reasons
from records.gates import Passing
from records.operations import create_record, move_record
from tests.api.conftest import client_of
from tests.factories import EMPLOYEE, make_admin, make_process, make_role, make_user, signed_in

pytestmark = pytest.mark.django_db

ABSENT = 10**9


def test_stage_of_a_closed_pipeline_is_answered_like_an_absent_one() -> None:
    process, person = make_process(), make_user("Anna")
    set_grants(process, {make_role(people=(person,)).pk: {**EMPLOYEE, Operation.MOVE: Scope.ALL}}, actor=SYSTEM)
    # Closed to every role that there is.
    legal = add_pipeline(process, name="Legal", key="legal", actor=SYSTEM)
    inside = legal.stages.first()
    assert inside is not None
    record = create_record(process, values={"title": "Open"}, actor=SYSTEM)
    browser, program = signed_in(person), client_of(person)
    browser.defaults["HTTP_ACCEPT"] = "application/json"

    def pages(stage: int) -> list[Any]:
        base, asked = f"/p/{process.key}/", {"stage": stage, "title": "x"}
        json = {"content_type": "application/json"}
        return [
            browser.get(f"{base}columns/{stage}/"),
            browser.get(f"{base}new/?stage={stage}"),
            browser.post(f"{base}new/", asked),
            browser.post(f"{base}new/asked/", asked),
            browser.post(f"{base}quick-add/", asked, **json),
            browser.get(f"{base}records/{record.pk}/gate/?stage={stage}"),
            browser.post(f"{base}records/{record.pk}/move/", {"stage": stage, "version": 1}, **json),
        ]

    def rest(pipeline: str, stage: str) -> list[Any]:
        base, named = f"/processes/{process.key}/", f"{pipeline}.{stage}"
        bulk = [
            {"op": "create", "record": {"stage": named}},
            {"op": "move", "id": record.pk, "stage": named},
            {"op": "move", "id": record.pk, "stages": {"received": named}},
            {"op": "move", "id": record.pk, "stages": {named: "received"}},
        ]
        return [
            program.call("post", f"{base}records/", {"title": "x", "pipeline": pipeline}),
            program.call("post", f"{base}records/", {"title": "x", "stage": named}),
            program.call("post", f"{base}records/", {"title": "x", "pipeline": pipeline, "stage": stage}),
            program.call("post", f"{base}records/{record.pk}/move/", {"stage": named}),
            program.call("post", f"{base}records/bulk/", {"operations": bulk}),
            program.call("get", f"{base}board/?pipeline={pipeline}"),
            program.call("get", f"{base}pipelines/{pipeline}/lost-reasons/"),
        ]

    for there, absent in zip(pages(inside.pk), pages(ABSENT), strict=True):
        assert (there.status_code, _plain(there, str(inside.pk))) == (absent.status_code, _plain(absent, str(ABSENT)))
        assert there.status_code >= 400
    for there, absent in zip(rest("legal", inside.key), rest("nothing", "never"), strict=True):
        assert there.status_code == absent.status_code
        said = there.content.decode().replace(f"legal.{inside.key}", "@").replace("legal", "@")
        assert said == absent.content.decode().replace("nothing.never", "@").replace("nothing", "@")


def test_history_of_a_record_does_not_name_the_closed_pipeline_that_it_came_from() -> None:
    process, person = make_process(), make_user("Anna")
    set_grants(process, {make_role(people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    legal = add_pipeline(process, name="Secret affairs", key="legal", actor=SYSTEM)
    first = legal.stages.order_by("position").first()
    assert first is not None
    first.name = "Secret stage"
    first.save()
    record = create_record(process, values={"title": "Open"}, actor=SYSTEM)
    for stage in (first.pk, definition_of(process).stage("main.in_work").id):
        move_record(process, record.pk, to=stage, actor=SYSTEM)
    for reader, is_told in ((person, False), (make_admin(), True)):
        browser = signed_in(reader)
        page = browser.get(f"/p/{process.key}/records/{record.pk}/").content.decode()
        rest = browser.get(f"/api/v1/processes/{process.key}/records/{record.pk}/timeline/").content.decode()
        assert ("Secret" in page, "Secret" in rest) == (is_told, is_told)
        assert ("a pipeline that is closed to you" in page) is not is_told


def test_history_does_not_say_what_was_asked_in_a_closed_pipeline() -> None:
    process, person = make_process(), make_user("Anna")
    set_grants(process, {make_role(people=(person,)).pk: EMPLOYEE}, actor=SYSTEM)
    legal = add_pipeline(process, name="Legal", key="legal", actor=SYSTEM)
    lost = legal.stages.filter(kind=Stage.Kind.LOST).first()
    assert lost is not None
    (reason,) = set_lost_reasons(legal, [ReasonDraft("Secret reason")], is_required=True, actor=SYSTEM)
    because = Passing(reason=reason.pk)
    begun = create_record(process, values={"title": "Inside"}, stage=lost.pk, passing=because, actor=SYSTEM)
    moved = create_record(process, values={"title": "Open"}, actor=SYSTEM)
    move_record(process, moved.pk, to=lost.pk, passing=because, actor=SYSTEM)
    for record in (begun, moved):
        move_record(process, record.pk, to=definition_of(process).stage("main.in_work").id, actor=SYSTEM)
        for reader, is_told in ((person, False), (make_admin(), True)):
            there = f"/api/v1/processes/{process.key}/records/{record.pk}/timeline/"
            assert ("Secret reason" in signed_in(reader).get(there).content.decode()) is is_told


def _plain(answer: Any, stage: str) -> str:
    return re.sub(rf"(?<!\w){stage}(?!\w)", "@", answer.content.decode())
