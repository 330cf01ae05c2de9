"""The pages about a field of another type: the dialog with its preview, what did not convert, the way back."""

import pytest
from django.test import Client
from django.urls import reverse

from core.actor import SYSTEM
from processes.drafts import FieldDraft
from processes.models import FieldJob, Operation, Process, Scope
from processes.operations import set_grants
from processes.queries import field_of
from records.jobs.worker import work_through
from records.operations import create_record
from tests.factories import actor_of, make_admin, make_process, make_role, make_user, signed_in

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def process(committed: None) -> Process:
    return make_process(
        fields=(
            FieldDraft("Sum", "text", key="sum"),
            FieldDraft("Up", "formula", key="up", settings={"formula": "upper(sum)"}),
        )
    )


@pytest.fixture
def admin(committed: None) -> Client:
    return signed_in(make_admin())


@pytest.fixture
def made(process: Process) -> list[int]:
    texts = ("1", "2,5", "<b>many</b>", "")
    return [create_record(process, values={"title": f"T{n}", "sum": t}, actor=SYSTEM).pk for n, t in enumerate(texts)]


def url(name: str, process: Process, key: str = "sum") -> str:
    return reverse(name, args=[process.key, key])


def begin(admin: Client, process: Process, **more: str) -> int:
    sent = {"type": "number", "settings-decimals": "2", **more}
    return admin.post(url("field-convert", process), sent).status_code


def test_dialog_offers_what_the_field_can_become_and_asks_what_that_needs(process: Process, admin: Client) -> None:
    page = admin.get(url("field-convert", process))
    kinds = {key for key, _label in page.context["form"].fields["type"].choices}
    assert {"number", "date", "choice"} <= kinds
    assert not kinds & {"text", "formula", "file"}
    assert "settings-decimals" not in page.text
    part = admin.get(url("field-convert", process), {"type": "number"})
    assert "<form" not in part.text
    assert 'name="settings-decimals"' in part.text
    assert url("field-convert-preview", process) in part.text


def test_options_of_a_choice_begin_with_the_values_there_are(process: Process, admin: Client, made: list[int]) -> None:
    part = admin.get(url("field-convert", process), {"type": "choice"})
    options = part.context["settings"].initial["options"]
    assert sorted(option["label"] for option in options) == ["1", "2,5", "<b>many</b>"]
    assert "<b>many" not in part.text


def test_preview_shows_what_converts_what_does_not_and_what_breaks(
    process: Process, admin: Client, made: list[int]
) -> None:
    sent = {"type": "number", "settings-decimals": "2"}
    part = admin.post(url("field-convert-preview", process), sent)
    found = part.context["preview"]
    assert (found.converts, found.fails, part.context["empty"]) == (2, 1, 1)
    assert "&lt;b&gt;many&lt;/b&gt;" in part.text
    assert "A number is expected." in part.text
    assert reverse("record-card", args=[process.key, made[2]]) in part.text
    assert [use.name for use in found.breaks] == ["Up"]
    assert "disabled" not in part.text
    assert field_of(process, "sum").type == "text"


def test_preview_of_wrong_settings_says_why_and_lets_nobody_go_on(process: Process, admin: Client) -> None:
    part = admin.post(url("field-convert-preview", process), {"type": "number", "settings-decimals": "99"})
    assert part.status_code == 200
    assert part.context["wrong"]
    assert "disabled" in part.text
    nothing = admin.post(url("field-convert-preview", process), {"type": ""})
    assert "disabled" in nothing.text


def test_type_changes_and_changes_back_on_the_page(process: Process, admin: Client, made: list[int]) -> None:
    assert begin(admin, process) == 302
    page = admin.get(reverse("process-fields", args=[process.key]))
    ((one, before, after),) = page.context["changed"]
    assert (one.state, before.key, after.key) == ("converting", "text", "number")
    (job,) = FieldJob.objects.filter(kind=FieldJob.Kind.CONVERT)
    assert reverse("field-job-cancel", args=[process.key, job.pk]) in page.text
    poll = reverse("field-jobs", args=[process.key]) + f"?shown={job.pk}"
    assert poll in page.text
    assert "HX-Trigger" not in admin.get(poll)
    work_through()
    assert "fields-changed" in admin.get(poll)["HX-Trigger"]
    page = admin.get(reverse("process-fields", args=[process.key]))
    assert [(one.state, one.unconverted) for one, _before, _after in page.context["changed"]] == [("converted", 1)]
    left = admin.get(url("field-unconverted", process))
    assert reverse("record-card", args=[process.key, made[2]]) in left.text
    assert admin.post(url("field-revert", process)).status_code == 302
    assert field_of(process, "sum").type == "text"


def test_wrong_input_comes_back_with_its_errors(process: Process, admin: Client) -> None:
    assert begin(admin, process, **{"settings-decimals": "99"}) == 422
    nothing = admin.post(url("field-convert", process), {"type": ""})
    assert (nothing.status_code, nothing.context["form"].errors.keys()) == (422, {"type"})
    other = admin.post(url("field-convert", process), {"type": "file"})
    assert (other.status_code, other.context["form"].errors.keys()) == (422, {"type"})
    assert not FieldJob.objects.filter(kind=FieldJob.Kind.CONVERT).exists()


def test_former_values_go_only_knowingly(process: Process, admin: Client, made: list[int]) -> None:
    begin(admin, process)
    work_through()
    page = admin.get(url("field-convert", process))
    assert page.context["former"].key == "text"
    assert begin(admin, process, type="integer") == 422
    assert begin(admin, process, type="integer", confirm="on") == 302
    work_through()
    assert admin.post(url("field-forget", process)).status_code == 302
    page = admin.get(reverse("process-fields", args=[process.key]))
    assert [one.state for one, _before, _after in page.context["changed"]] == ["forgetting"]
    work_through()
    page = admin.get(reverse("process-fields", args=[process.key]))
    assert page.context["changed"] == []
    assert admin.post(url("field-revert", process)).status_code == 409
    assert admin.get(url("field-unconverted", process)).status_code == 404


def test_what_did_not_convert_comes_in_parts(
    process: Process, admin: Client, made: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    create_record(process, values={"title": "T9", "sum": "more"}, actor=SYSTEM)
    begin(admin, process)
    work_through()
    monkeypatch.setattr("records.queries.conversion.PAGE", 1)
    first = admin.get(url("field-unconverted", process))
    assert [one.record_id for one in first.context["page"].items] == [made[2]]
    more = admin.get(url("field-unconverted", process), {"after": first.context["page"].next})
    assert [one.title for one in more.context["page"].items] == ["T9"]
    assert "<h2" not in more.text


def test_a_field_that_becomes_nothing_offers_no_change(process: Process, admin: Client) -> None:
    page = admin.get(reverse("process-fields", args=[process.key])).text
    assert url("field-convert", process) in page
    assert url("field-convert", process, "up") not in page
    assert url("field-convert", process) in admin.get(url("field-edit", process)).text
    assert url("field-convert", process, "up") not in admin.get(url("field-edit", process, "up")).text


def test_only_designers_come_here_and_see_values_of_their_own_records(process: Process, made: list[int]) -> None:
    employee, designer = make_user("Employee"), make_user("Designer")
    design = {Operation.VIEW: Scope.OWN, Operation.CREATE: Scope.ALL, Operation.DESIGN: Scope.ALL}
    grants = {
        make_role(people=(employee,)).pk: {Operation.VIEW: Scope.ALL},
        make_role(people=(designer,)).pk: design,
    }
    set_grants(process, grants, actor=SYSTEM)
    create_record(process, values={"title": "Mine", "sum": "own words"}, actor=actor_of(designer))
    client = signed_in(designer)
    part = client.post(url("field-convert-preview", process), {"type": "number", "settings-decimals": "2"}).text
    assert "own words" in part
    assert "many" not in part
    begin(client, process)
    work_through()
    left = client.get(url("field-unconverted", process)).text
    assert "own words" in left
    assert "many" not in left
    for person, status in ((employee, 403), (make_user("Stranger"), 404)):
        client = signed_in(person)
        assert client.get(url("field-convert", process)).status_code == status
        assert client.get(url("field-unconverted", process)).status_code == status
        for name in ("field-convert", "field-convert-preview", "field-revert", "field-forget"):
            assert client.post(url(name, process), {"type": "number"}).status_code == status
    assert field_of(process, "sum").type == "number"
